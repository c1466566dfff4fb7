//! The deploy report: how each limit is held on AWS and how exactly, what a target can start there, what a month costs,
//! and which secrets are expected. Figures of AWS are list prices with their date; nothing is asked of AWS.

mod exactness;
mod markdown;
mod next;
mod text;

use std::time::Duration;

use crate::bill::{Bill, Month, Prices, Usage};
use rampmeter_config::{Limiter, Target};
use rampmeter_dispatch::LimitKind;

use serde_json::{Value, json};

use super::deployment::Deployment;
use super::resource::function::DEFAULT_MEMORY;
use super::worker;

pub(crate) use exactness::Exactness;
pub use markdown::markdown;
pub use next::{endpoint_warning, steps};
pub use text::text;

/// What one item of the table takes: two conditional writes a call, each of at most 4 units, of the 1,000 units a second
/// that DynamoDB gives to one item, with room for those that lose.
pub(crate) const STARTS_PER_SECOND: f64 = 250.0;

/// The assumptions about the month that is paid for.
#[derive(Debug, Clone)]
pub struct Assumed {
    /// Calls in a month, one in each execution.
    pub calls: u64,
    /// How long a call takes; where not given, what is assumed for each target's preset.
    pub latency: Option<Duration>,
    /// The prices of AWS.
    pub prices: Prices,
}

/// The report.
#[derive(Debug, Clone)]
pub struct Report {
    pub(crate) stack: String,
    pub(crate) limiter: Limiter,
    /// Resources of the template.
    pub(crate) resources: usize,
    pub(crate) targets: Vec<OfTarget>,
    pub(crate) assumed: Assumed,
    /// How long a call takes, over all targets alike.
    pub latency: Duration,
    pub(crate) bill: Bill,
    /// Secrets that must be there, by name.
    pub(crate) secrets: Vec<String>,
}

/// What is to be expected of one target.
#[derive(Debug, Clone)]
pub(crate) struct OfTarget {
    pub(crate) name: String,
    pub(crate) limits: Vec<OfLimit>,
    /// How long a call takes, as given or assumed.
    pub latency: Duration,
    /// The most calls in flight, whatever the limits say; `None` where the limits decide.
    pub(crate) in_flight: Option<u32>,
    /// Calls a second that can be started in the long run.
    pub(crate) starts_per_second: f64,
    /// What bounds that: a limit's name, or the table.
    pub(crate) bounded_by: String,
}

/// How one limit is held.
#[derive(Debug, Clone)]
pub(crate) struct OfLimit {
    pub(crate) name: String,
    /// What it says, in words.
    pub(crate) says: String,
    pub(crate) exactness: Exactness,
    /// Calls a second that it admits in the long run at the latency assumed.
    pub(crate) starts_per_second: f64,
}

impl Report {
    /// The report on a deployment whose template has so many resources.
    pub fn of(deployment: &Deployment<'_>, resources: usize, assumed: Assumed) -> Report {
        let limiter = deployment.config().aws.limiter;
        let targets = deployment.workers();
        let secrets = deployment.plan.secrets.values().flatten();
        let mut secrets: Vec<String> = secrets.cloned().collect();
        secrets.sort();
        secrets.dedup();
        let targets: Vec<OfTarget> = targets
            .map(|target| {
                let told = assumed.latency;
                let latency = told.unwrap_or_else(|| target.profile.preset.vendor().assumed_call);
                of_target(target, limiter, latency)
            })
            .collect();
        let latency = mean(&targets).or(assumed.latency).unwrap_or_default();
        Report {
            stack: deployment.stack(),
            limiter,
            resources,
            targets,
            bill: bill(limiter, &assumed, latency),
            latency,
            assumed,
            secrets,
        }
    }

    /// For programs.
    pub fn json(&self) -> Value {
        let targets: Vec<Value> = self.targets.iter().map(OfTarget::json).collect();
        let items = self.bill.items.iter().map(
            |item| json!({ "service": item.service, "usd": cents(item.usd), "what": item.what }),
        );
        json!({
            "schema": "rampmeter.aws-report/1",
            "stack": self.stack,
            "limiter": limiter_word(self.limiter),
            "resources": self.resources,
            "targets": targets,
            "cost": {
                "calls_per_month": self.assumed.calls,
                "latency_ms": milliseconds(self.latency),
                "prices_as_of": self.bill.as_of,
                "region": self.bill.region,
                "usd_per_month": cents(self.bill.total()),
                "items": items.collect::<Vec<_>>(),
            },
            "secrets": self.secrets,
        })
    }
}

impl OfTarget {
    fn json(&self) -> Value {
        let limits = self.limits.iter().map(|limit| {
            json!({
                "name": limit.name,
                "says": limit.says,
                "held": limit.exactness.word(),
                "how": limit.exactness.to_string(),
                "late_ms": limit.exactness.late().map(milliseconds),
                "starts_per_second": hundredths(limit.starts_per_second),
            })
        });
        json!({
            "name": self.name,
            "latency_ms": milliseconds(self.latency),
            "limits": limits.collect::<Vec<_>>(),
            "in_flight": self.in_flight,
            "starts_per_second": hundredths(self.starts_per_second),
            "bounded_by": self.bounded_by,
        })
    }
}

fn of_target(target: &Target, limiter: Limiter, latency: Duration) -> OfTarget {
    let limits: Vec<OfLimit> = target
        .rules
        .limits
        .iter()
        .map(|limit| {
            let exactness = Exactness::of(limit, limiter);
            OfLimit {
                name: limit.name.clone(),
                says: exactness::in_words(limit),
                starts_per_second: exactness.reachable_rate(limit, latency),
                exactness,
            }
        })
        .collect();
    let in_flight = match limiter {
        Limiter::Lease => {
            let ceiling = target.rules.clone().shared().shared_ceiling();
            ceiling.ok().map(|ceiling| ceiling.in_flight)
        }
        Limiter::Reserved => worker::slots(target),
    };
    let mut bounds: Vec<(String, f64)> = Vec::new();
    if limiter == Limiter::Lease {
        bounds.push(("the table".to_owned(), STARTS_PER_SECOND));
        if let Some(in_flight) = in_flight {
            let rate = f64::from(in_flight) / latency.as_secs_f64();
            bounds.push(("the room in the table's item".to_owned(), rate));
        }
    }
    let of_limits = limits
        .iter()
        .map(|limit| (limit.name.clone(), limit.starts_per_second));
    bounds.extend(of_limits);
    bounds.sort_by(|one, other| one.1.total_cmp(&other.1));
    let (bounded_by, starts_per_second) = bounds
        .into_iter()
        .next()
        .unwrap_or(("nothing".to_owned(), f64::INFINITY));
    let smallest = target
        .rules
        .limits
        .iter()
        .filter_map(|limit| match limit.kind {
            LimitKind::Concurrency { max } => Some(max),
            LimitKind::Window { .. } | LimitKind::Calendar { .. } => None,
        });
    let smallest = smallest.min();
    OfTarget {
        name: target.name.clone(),
        latency,
        limits,
        in_flight: in_flight.filter(|room| smallest.is_none_or(|limit| limit > *room)),
        starts_per_second,
        bounded_by,
    }
}

/// An upper bound where a drainer makes many calls at once: its time is paid for once, not for each of them.
fn bill(limiter: Limiter, assumed: &Assumed, latency: Duration) -> Bill {
    let calls = assumed.calls as f64;
    let mut usage = Usage {
        lambda_memory_mb: f64::from(DEFAULT_MEMORY),
        ..Usage::default()
    };
    if limiter == Limiter::Reserved {
        (usage.write_units, usage.read_units) = (0.0, 0.0);
    }
    let month = Month {
        executions: calls,
        starts: calls,
        busy_seconds: calls * latency.as_secs_f64(),
    };
    Bill::of_month(month, &usage, &assumed.prices)
}

/// The mean over the targets, as if each were called as often.
fn mean(targets: &[OfTarget]) -> Option<Duration> {
    let count = u32::try_from(targets.len())
        .ok()
        .filter(|count| *count > 0)?;
    let sum: Duration = targets.iter().map(|target| target.latency).sum();
    Some(sum / count)
}

fn limiter_word(limiter: Limiter) -> &'static str {
    match limiter {
        Limiter::Lease => "lease",
        Limiter::Reserved => "reserved",
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn cents(usd: f64) -> f64 {
    (usd * 100.0).round() / 100.0
}

/// JSON has no infinity: no bound is null.
fn hundredths(rate: f64) -> Option<f64> {
    rate.is_finite().then(|| (rate * 100.0).round() / 100.0)
}
