//! What to know before relying on the figures.

use std::time::Duration;

use rampmeter_dispatch::Priority;

use crate::quantity::{grouped, words};
use crate::workload::arrivals::Source;
use crate::workload::latency::Latency;
use crate::world::result::{End, Run};
use crate::world::scenario::Scenario;

/// Above this share of the slots, waits grow steeply with the smallest change.
const BUSY: f64 = 0.85;
/// Fewer calls than this have no meaningful 99th percentile.
const FEW: u64 = 100;
/// Fewer durations than this say little about their tail.
const FEW_DURATIONS: usize = 200;
/// A stretch shorter than this says little about a month.
const SHORT: Duration = Duration::from_secs(60 * 60);

/// The warnings for a run, the gravest first.
pub(crate) fn of(scenario: &Scenario, run: &Run) -> Vec<String> {
    let warnings = [
        unfinished(run),
        overload(scenario, run),
        busy(scenario, run),
        failed(run),
        throttled(run),
        repeats_not_replayed(scenario),
        few_calls(run),
        few_durations(scenario),
        short(scenario),
    ];
    let notes = scenario.workload.notes.iter().cloned();
    warnings.into_iter().flatten().chain(notes).collect()
}

fn unfinished(run: &Run) -> Option<String> {
    let count = run.unfinished();
    (count > 0).then(|| {
        format!(
            "{} calls had not ended a year after the last arrival, or were refused again and again",
            grouped(count)
        )
    })
}

fn overload(scenario: &Scenario, run: &Run) -> Option<String> {
    let arriving = run.records.len() as f64 / scenario.workload.stretch.as_secs_f64();
    let mean = scenario.workload.latency.mean();
    let limits = &scenario.handling.rules.limits;
    let tight = limits
        .iter()
        .map(|limit| (limit.reachable_rate(mean), limit))
        .min_by(|(one, _), (other, _)| one.total_cmp(other));
    let (rate, limit) = tight.filter(|(rate, _)| arriving > *rate)?;
    Some(format!(
        "{arriving:.2} calls a second arrive and limit {} reaches {rate:.2}: waits grow for as long as it lasts",
        limit.name
    ))
}

fn busy(scenario: &Scenario, run: &Run) -> Option<String> {
    let slots = f64::from(scenario.handling.slots()?);
    let used = run.mean(|step| step.in_flight) / slots;
    (used > BUSY).then(|| {
        format!(
            "{:.0} % of the slots are in use on average; above {:.0} % waits grow steeply",
            used * 100.0,
            BUSY * 100.0
        )
    })
}

fn failed(run: &Run) -> Option<String> {
    let ended = |how| -> u64 {
        let counts = Priority::ALL.map(|priority| run.ended(priority, Some(how)));
        counts.iter().sum()
    };
    let (refused, unavailable, throttled, unknown) = (
        ended(End::Refused),
        ended(End::Unavailable),
        ended(End::Throttled),
        ended(End::Unknown),
    );
    let all = refused + unavailable + throttled + unknown;
    (all > 0).then(|| {
        let throttled = match throttled {
            0 => String::new(),
            throttled => format!("{throttled} after too many throttles, "),
        };
        format!(
            "{} calls fail: {refused} with a final error, {unavailable} after all attempts, {throttled}{unknown} of unknown outcome",
            grouped(all)
        )
    })
}

fn throttled(run: &Run) -> Option<String> {
    let throttles = run.throttles;
    (throttles.all > 0).then(|| {
        format!(
            "the vendor throttles {} times, {} of them while we are under our own limit",
            grouped(throttles.all),
            grouped(throttles.under_our_limit)
        )
    })
}

fn repeats_not_replayed(scenario: &Scenario) -> Option<String> {
    let unknown: usize = scenario
        .workload
        .sources
        .iter()
        .map(|source| match source {
            Source::Recorded(calls) => calls.iter().filter(|call| call.duration.is_none()).count(),
            Source::Rate { .. } | Source::Burst { .. } => 0,
        })
        .sum();
    let replays_history = matches!(scenario.workload.latency, Latency::Measured(_));
    (replays_history && unknown > 0).then(|| {
        format!("{unknown} calls of the history were started more than once; here they run once")
    })
}

fn few_calls(run: &Run) -> Option<String> {
    let few: Vec<&str> = Priority::ALL
        .into_iter()
        .filter(|priority| (1..FEW).contains(&run.count(*priority)))
        .map(Priority::as_str)
        .collect();
    (!few.is_empty()).then(|| {
        format!(
            "fewer than {FEW} calls of {}: their p99 is that of the slowest call",
            few.join(" and ")
        )
    })
}

fn few_durations(scenario: &Scenario) -> Option<String> {
    let Latency::Measured(durations) = &scenario.workload.latency else {
        return None;
    };
    (durations.len() < FEW_DURATIONS).then(|| {
        format!(
            "only {} measured durations: slower calls than these are not simulated",
            durations.len()
        )
    })
}

fn short(scenario: &Scenario) -> Option<String> {
    let stretch = scenario.workload.stretch;
    (stretch < SHORT).then(|| {
        format!(
            "the cost of a month is extrapolated from {}",
            words(stretch)
        )
    })
}
