//! What the workload would cost on AWS in a month of 30 days, if its stretch came again and again. The deployment is
//! the one with a callback: an execution for each call, SQS, and a Lambda worker that waits for the answer. A drainer
//! that runs several calls at once pays for less Lambda time than this: the bill is an upper bound there.

use std::time::Duration;

use super::prices::Prices;
use super::result::Run;
use super::scenario::Scenario;
use super::workload::Usage;

/// A month, for the extrapolation.
pub(crate) const MONTH: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// A bill for a month, in US dollars.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Bill {
    /// Executions, and calls made for them, in a month.
    pub(crate) executions: f64,
    /// Date of the prices.
    pub(crate) as_of: String,
    /// AWS region.
    pub(crate) region: String,
    /// The services, the dearest first.
    pub(crate) items: Vec<Item>,
}

/// What one service costs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Item {
    /// The service.
    pub(crate) service: &'static str,
    /// US dollars a month.
    pub(crate) usd: f64,
    /// What it is paid for, in words.
    pub(crate) what: String,
}

/// What a month has to be paid for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Month {
    /// Executions.
    pub(crate) executions: f64,
    /// Calls started, repeats among them.
    pub(crate) starts: f64,
    /// Seconds in which a call ran, added up over all calls.
    pub(crate) busy_seconds: f64,
}

impl Bill {
    /// The bill for a run.
    pub(crate) fn of(scenario: &Scenario, run: &Run, prices: &Prices) -> Bill {
        let months = MONTH.as_secs_f64() / scenario.workload.stretch.as_secs_f64();
        let busy_seconds = run.mean(|step| step.at_vendor) * run.end.as_micros() as f64 / 1e6;
        let month = Month {
            executions: run.records.len() as f64 * months,
            starts: run.starts() as f64 * months,
            busy_seconds: busy_seconds * months,
        };
        Bill::of_month(month, &scenario.workload.usage, prices)
    }

    /// The bill for a month.
    pub(crate) fn of_month(month: Month, usage: &Usage, prices: &Prices) -> Bill {
        let Month {
            executions,
            starts,
            busy_seconds,
        } = month;
        let gb_seconds = busy_seconds * usage.lambda_memory_mb / 1024.0;
        let millions = |number: f64| number / 1e6;
        // Each repeat is one more request: the message goes back to its queue.
        let sqs_requests = executions * usage.sqs_requests + (starts - executions).max(0.0);
        let mut items = vec![
            Item {
                service: "Step Functions",
                usd: millions(executions * usage.transitions) * prices.transitions,
                what: format!(
                    "{} transitions x {:.2} M executions",
                    usage.transitions,
                    millions(executions)
                ),
            },
            Item {
                service: "Lambda",
                usd: millions(starts) * prices.lambda_requests
                    + gb_seconds * prices.lambda_gb_second,
                what: format!(
                    "{} MB arm64, {gb_seconds:.0} GB-seconds",
                    usage.lambda_memory_mb
                ),
            },
            Item {
                service: "DynamoDB",
                usd: millions(starts * usage.write_units) * prices.write_units
                    + millions(starts * usage.read_units) * prices.read_units,
                what: format!(
                    "{} write and {} read units a call",
                    usage.write_units, usage.read_units
                ),
            },
            Item {
                service: "SQS",
                usd: millions(sqs_requests) * prices.sqs_requests,
                what: format!("{:.2} M requests", millions(sqs_requests)),
            },
        ];
        items.sort_by(|one, other| other.usd.total_cmp(&one.usd));
        Bill {
            executions,
            as_of: prices.as_of.clone(),
            region: prices.region.clone(),
            items,
        }
    }

    /// The sum.
    pub(crate) fn total(&self) -> f64 {
        self.items.iter().map(|item| item.usd).sum()
    }
}
