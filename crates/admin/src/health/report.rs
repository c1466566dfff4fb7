//! The health report on a sample: whether work flows, whether it succeeds, how fresh that is, and what else a person
//! should know. Pure: it decides from the samples and the objectives.

use std::collections::BTreeMap;
use std::path::Path;

use rampmeter_config::{Config, Slo};
use rampmeter_dispatch::{Holder, Priority, Time};
use rampmeter_engine::{TargetErrors, TargetState};
use rampmeter_time::UnixMillis;
use rampmeter_time::{rfc3339, span};
use serde_json::{Value, json};

use super::disk::Disk;
use super::history::History;
use super::sample::{Sample, TargetSample};
use crate::explanation::moment_json;
use answers::FailingTarget;
use executions::FailedExecutions;

mod answers;
mod executions;
mod tally;

/// Without an objective, a lane whose first call has waited so long while nothing of its target was answered in the last
/// minute does not flow.
const STUCK_MS: u64 = 60_000;
/// A sample older than this is not fresh.
const FRESH_MS: u64 = 10_000;

/// How long calls may acceptably wait.
#[derive(Debug, Default)]
pub(crate) struct Objectives(BTreeMap<Priority, Slo>);

impl Objectives {
    /// The `[slo]` of a configuration.
    pub(crate) fn of(config: &Config) -> Objectives {
        Objectives(config.slo.clone())
    }

    /// The longest that a call of this priority may wait, in milliseconds.
    fn oldest_ms(&self, priority: Priority) -> Option<u64> {
        let oldest = self.0.get(&priority)?.oldest?;
        Some(u64::try_from(oldest.as_millis()).unwrap_or(u64::MAX))
    }
}

/// The health report.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct HealthReport {
    /// Targets that are closed for the account's trouble.
    pub(crate) closed: Vec<ClosedTarget>,
    /// Lanes that do not flow.
    pub(crate) stuck: Vec<Stuck>,
    /// The share of good answers among all that count, in the time covered; `None` when nothing was answered.
    pub(crate) succeeding: Option<f64>,
    /// Targets for which that share is too low.
    pub(crate) failing: Vec<FailingTarget>,
    /// The executions that failed in that time.
    pub(crate) executions: Vec<FailedExecutions>,
    /// The volume of the data directory.
    pub(crate) disk: Option<Disk>,
    /// The age of the sample, in milliseconds.
    pub(crate) age_ms: u64,
    /// What else a person should know.
    pub(crate) notices: Vec<String>,
}

/// A target that is closed for the account's trouble.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ClosedTarget {
    pub(crate) target: String,
    /// The name of the trouble.
    pub(crate) holder: &'static str,
    /// What is the matter, since when, and when the next probe leaves, in words.
    pub(crate) words: String,
    /// The moment to which this refers.
    pub(crate) at: Time,
    pub(crate) since: Option<Time>,
    pub(crate) next_probe: Option<Time>,
    pub(crate) errors: Option<TargetErrors>,
}

/// A lane that does not flow, with the reason.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Stuck {
    pub(crate) target: String,
    pub(crate) priority: Priority,
    /// How long its first call has waited, in milliseconds.
    pub(crate) oldest_ms: u64,
    /// The objective it misses, in milliseconds.
    pub(crate) objective_ms: Option<u64>,
    /// What holds its first call, in the words of its explanation; absent where that call has just left.
    pub(crate) held_by: Option<String>,
    /// The name of that holder.
    pub(crate) holder: Option<&'static str>,
    /// The command that shows more.
    pub(crate) next: String,
}

/// Judges `sample` against the samples before it.
pub(crate) fn judge(
    objectives: &Objectives,
    sample: &Sample,
    history: History<'_>,
    now: UnixMillis,
) -> HealthReport {
    let (before, oldest) = (history.minute_before(sample.at), history.oldest());
    let mut verdict = HealthReport {
        succeeding: answers::all(sample, history).share(),
        failing: answers::failing(sample, history),
        executions: executions::failed(sample, history),
        disk: sample.disk,
        age_ms: u64::try_from(now.saturating_since(sample.at).as_millis()).unwrap_or(u64::MAX),
        ..HealthReport::default()
    };
    for target in &sample.targets {
        verdict.closed.extend(closed(&target.state));
        let earlier = before.and_then(|before| before.target(&target.state.name));
        for priority in Priority::ALL {
            verdict
                .stuck
                .extend(stuck(objectives, target, earlier, priority));
        }
        let first = oldest.and_then(|oldest| oldest.target(&target.state.name));
        notices(target, first, &mut verdict.notices);
    }
    verdict.notices.extend(damaged(sample));
    verdict
}

/// How much could not be read, with the first names.
fn damaged(sample: &Sample) -> Option<String> {
    const NAMED: usize = 3;
    let names = sample.damaged.get(..NAMED).unwrap_or(&sample.damaged);
    let more = match sample.damaged.len() - names.len() {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    (!names.is_empty()).then(|| {
        format!(
            "what cannot be read is set aside: {}{more}",
            names.join(", ")
        )
    })
}

fn stuck(
    objectives: &Objectives,
    target: &TargetSample,
    earlier: Option<&TargetSample>,
    priority: Priority,
) -> Option<Stuck> {
    let oldest_ms = target.oldest_ms[priority.index()].filter(|_| target.waiting(priority) > 0)?;
    let objective_ms = objectives.oldest_ms(priority);
    let misses = match objective_ms {
        Some(objective) => oldest_ms > objective,
        None => {
            let idle = earlier.is_some_and(|earlier| earlier.answered() == target.answered());
            oldest_ms > STUCK_MS && idle
        }
    };
    let state = &target.state;
    let name = &state.name;
    let why = state.first[priority.index()].as_ref();
    // A pause by a person is a notice, and a planned pause is as it should be.
    let is_paused = why.is_some_and(|why| {
        matches!(
            why.held_by,
            Holder::Pause { .. } | Holder::PlannedPause { .. }
        )
    });
    (misses && !is_paused).then(|| Stuck {
        target: name.clone(),
        priority,
        oldest_ms,
        objective_ms,
        held_by: why.map(|why| why.words(state.at)),
        holder: why.map(|why| why.held_by.name()),
        next: next_step(name, why.map(|why| &why.held_by)),
    })
}

/// A target that is closed because the vendor cannot be reached, or does not sign us in.
fn closed(state: &TargetState) -> Option<ClosedTarget> {
    let vendor = state.vendor.as_ref()?;
    matches!(vendor.held_by, Holder::Trouble { .. }).then(|| ClosedTarget {
        target: state.name.clone(),
        holder: vendor.held_by.name(),
        words: vendor.words(state.at),
        at: state.at,
        since: vendor.since,
        next_probe: vendor.until,
        errors: state.errors.clone(),
    })
}

/// The command to run next, by what holds a call.
fn next_step(target: &str, held_by: Option<&Holder>) -> String {
    match held_by {
        Some(Holder::Trouble { .. }) => format!("rampmeter target ping {target}"),
        _ => format!("rampmeter target show {target}"),
    }
}

fn notices(target: &TargetSample, first: Option<&TargetSample>, notices: &mut Vec<String>) {
    let state = &target.state;
    let name = &state.name;
    for scope in &state.paused {
        notices.push(match *scope {
            "target" => format!("{name} is paused"),
            lane => format!("{name} {lane} is paused"),
        });
    }
    if let Some(vendor) = &state.vendor
        && closed(state).is_none()
    {
        notices.push(format!("{name} is held by {}", vendor.words(state.at)));
    }
    for limit in &state.limits {
        if let Some(configured) = limit.configured {
            let until = limit.expires_at.map_or_else(
                || "until it is reset".to_owned(),
                |at| format!("until {}", rfc3339(at)),
            );
            notices.push(format!(
                "limit {name}/{} is {} by hand instead of {configured}, {until}",
                limit.name, limit.max
            ));
        }
    }
    let foreign = state
        .throttles_under_our_limit
        .saturating_sub(first.map_or(0, |first| first.state.throttles_under_our_limit));
    if foreign > 0 {
        notices.push(format!(
            "{name} throttled {foreign} of our calls under our own limit: someone else uses the account, or the limit is wrong; \
             leave room for the other with rampmeter limit set {name}/LIMIT MAX, or compare with what the vendor allows: \
             rampmeter limit probe {name}"
        ));
    }
    let reused = state
        .reused_keys
        .saturating_sub(first.map_or(0, |first| first.state.reused_keys));
    if reused > 0 {
        notices.push(format!(
            "{name}: {reused} of our calls carried the IdempotencyKey of another one, and the vendor may not have done them; rampmeter check names the state"
        ));
    }
    let handled = target.counts.handled_dead_letters.min(target.dead_letters);
    for (count, whose) in [
        (target.dead_letters - handled, ""),
        (handled, " whose failure a Retry or a Catch took up"),
    ] {
        if count > 0 {
            let letters = if count == 1 {
                "dead letter"
            } else {
                "dead letters"
            };
            notices.push(format!("{name} has {count} {letters}{whose}"));
        }
    }
    let delayed: u64 = target.counts.delayed.iter().sum();
    if delayed > 0 {
        let calls = if delayed == 1 { "call" } else { "calls" };
        notices.push(format!(
            "{name} has {delayed} {calls} in back-off or delayed"
        ));
    }
}

impl ClosedTarget {
    /// What a person can do, and what they need not do.
    fn hint(&self) -> String {
        match self.holder {
            "sign_in_refused" => format!(
                "put the new credential where `auth` of [targets.{}] reads it and restart the server: what waits goes on",
                self.target
            ),
            _ => "calls wait in their order and use up no attempt; work goes on by itself when the vendor answers".to_owned(),
        }
    }

    fn to_json(&self) -> Value {
        let mut text = format!("{}: held by {}", self.target, self.words);
        if let Some(errors) = &self.errors {
            let ago = self.at.saturating_since(errors.at).as_millis();
            text.push_str(&format!(
                "; the last error, {} ago: {}; errors in the last minute: {}",
                span(i64::try_from(ago).unwrap_or(i64::MAX)),
                errors.last,
                errors.in_last_minute
            ));
        }
        json!({
            "target": self.target,
            "holder": self.holder,
            "text": text,
            "since": moment_json(self.since),
            "next_probe": moment_json(self.next_probe),
            "last_error": self.errors.as_ref().map(|errors| &errors.last),
            "last_error_at": moment_json(self.errors.as_ref().map(|errors| errors.at)),
            "errors_in_last_minute": self.errors.as_ref().map(|errors| errors.in_last_minute),
            "next": format!("rampmeter target ping {}", self.target),
            "hint": self.hint(),
        })
    }
}

impl HealthReport {
    /// Whether all is well: work flows and succeeds, and the report is fresh.
    fn well(&self) -> bool {
        let has_room = !self.disk.is_some_and(Disk::is_nearly_full);
        self.flows() && self.succeeds() && self.fresh() && has_room
    }

    fn flows(&self) -> bool {
        self.stuck.is_empty() && self.closed.is_empty()
    }

    fn succeeds(&self) -> bool {
        self.failing.is_empty() && !self.executions.iter().any(|failed| failed.fails)
    }

    fn fresh(&self) -> bool {
        self.age_ms <= FRESH_MS
    }

    /// The report as the admin port shows it. `data_dir` is the directory on the volume.
    pub(crate) fn to_json(&self, data_dir: &Path) -> Value {
        let stuck: Vec<_> = self
            .stuck
            .iter()
            .map(|stuck| {
                json!({
                    "target": stuck.target,
                    "priority": stuck.priority.as_str(),
                    "oldest_ms": stuck.oldest_ms,
                    "objective_ms": stuck.objective_ms,
                    "why": stuck.held_by,
                    "holder": stuck.holder,
                    "next": stuck.next,
                    "text": format!(
                        "{} {}: the first call has waited {}{}{}",
                        stuck.target,
                        stuck.priority,
                        span(i64::try_from(stuck.oldest_ms).unwrap_or(i64::MAX)),
                        stuck.objective_ms.map_or_else(String::new, |objective| format!(
                            " (objective {})",
                            span(i64::try_from(objective).unwrap_or(i64::MAX))
                        )),
                        stuck
                            .held_by
                            .as_ref()
                            .map_or_else(String::new, |held_by| format!("; held by {held_by}")),
                    ),
                })
            })
            .collect();
        let closed: Vec<_> = self.closed.iter().map(ClosedTarget::to_json).collect();
        let failing: Vec<_> = self.failing.iter().map(FailingTarget::to_json).collect();
        let executions = self.executions.iter();
        let executions: Vec<_> = executions.map(FailedExecutions::to_json).collect();
        json!({
            "well": self.well(),
            "flowing": self.flows(),
            "closed": closed,
            "stuck": stuck,
            "succeeding": self.succeeds(),
            "success_share": self.succeeding,
            "failing": failing,
            "executions": executions,
            "disk": self.disk.map(|disk| disk.to_json(data_dir)),
            "fresh": self.fresh(),
            "age_ms": self.age_ms,
            "notices": self.notices,
        })
    }
}

#[cfg(test)]
mod tests;
