//! What a deployment costs on AWS in a month, with the callback pattern: an execution for each call, SQS, and a Lambda
//! worker that waits for the answer. A drainer that makes several calls at once uses less Lambda time than this, so for
//! it the bill is an upper bound.

mod prices;

use serde::Deserialize;

pub use prices::Prices;

/// A bill for a month, in US dollars.
#[derive(Debug, Clone, PartialEq)]
pub struct Bill {
    /// Executions, and calls made for them, in a month.
    pub executions: f64,
    /// Date of the prices.
    pub as_of: String,
    /// AWS region.
    pub region: String,
    /// The services, the most expensive first.
    pub items: Vec<Item>,
}

/// What one service costs.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// The service.
    pub service: &'static str,
    /// US dollars a month.
    pub usd: f64,
    /// What it is paid for, in words.
    pub what: String,
}

/// The usage of a month that has to be paid for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Month {
    /// Executions.
    pub executions: f64,
    /// Calls started, including repeats.
    pub starts: f64,
    /// Seconds in which a call ran, added up over all calls.
    pub busy_seconds: f64,
}

/// What one call uses on AWS, for the bill.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Usage {
    /// State transitions of the execution that makes the call.
    pub transitions: f64,
    /// SQS requests: send, receive, delete.
    pub sqs_requests: f64,
    /// Memory of the worker.
    pub lambda_memory_mb: f64,
    /// DynamoDB write units: the permit taken and given back, at most 4 KiB each.
    pub write_units: f64,
    /// DynamoDB read units.
    pub read_units: f64,
}

impl Default for Usage {
    fn default() -> Usage {
        Usage {
            transitions: 5.0,
            sqs_requests: 3.0,
            lambda_memory_mb: 128.0,
            write_units: 8.0,
            read_units: 1.0,
        }
    }
}

impl Usage {
    /// Whether every number is within its range.
    #[must_use]
    pub fn is_possible(&self) -> bool {
        let numbers = [
            self.transitions,
            self.sqs_requests,
            self.lambda_memory_mb,
            self.write_units,
            self.read_units,
        ];
        numbers.iter().all(|number| (0.0..=1e6).contains(number))
    }
}

impl Bill {
    /// The bill for a month.
    pub fn of_month(month: Month, usage: &Usage, prices: &Prices) -> Bill {
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
    pub fn total(&self) -> f64 {
        self.items.iter().map(|item| item.usd).sum()
    }
}
