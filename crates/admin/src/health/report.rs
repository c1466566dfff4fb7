//! The verdict on a sample: is work flowing, does it succeed, is what is shown the truth of now; and what else a person
//! should know. It decides from two samples and the objectives, and asks nobody.

use std::collections::BTreeMap;

use rampmeter_config::{Config, Slo};
use rampmeter_dispatch::{Holder, Priority, Time};
use rampmeter_engine::{OUTCOMES, TargetErrors, TargetState};
use rampmeter_time::UnixMillis;
use rampmeter_time::{rfc3339, span};
use serde_json::{Value, json};

use super::sample::{Sample, TargetSample};
use crate::explanation::moment_json;

/// Without an objective, a lane whose first call has waited so long while nothing of its target was answered in the last
/// minute does not flow.
const STUCK_MS: u64 = 60_000;
/// Share of the answers that must be good.
const SUCCEEDING: f64 = 0.95;
/// A sample older than this is not the truth of now.
const FRESH_MS: u64 = 10_000;

/// What waiting is acceptable.
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

/// What is said of the server.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct HealthReport {
    /// Targets that are closed for the account's trouble.
    pub(crate) closed: Vec<ClosedTarget>,
    /// Lanes that do not flow.
    pub(crate) stuck: Vec<Stuck>,
    /// Good answers of all that counted, in the time that is known; none when nothing was answered.
    pub(crate) succeeding: Option<f64>,
    /// That is too few.
    pub(crate) fails: bool,
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
    /// The moment that it is told of.
    pub(crate) at: Time,
    pub(crate) since: Option<Time>,
    pub(crate) next_probe: Option<Time>,
    pub(crate) errors: Option<TargetErrors>,
}

/// A lane that does not flow, and why.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Stuck {
    pub(crate) target: String,
    pub(crate) priority: Priority,
    /// How long its first call has waited, in milliseconds.
    pub(crate) oldest_ms: u64,
    /// The objective it misses, in milliseconds.
    pub(crate) objective_ms: Option<u64>,
    /// What holds its first call, in the words of its explanation; absent where that has just gone.
    pub(crate) held_by: Option<String>,
    /// The name of that holder.
    pub(crate) holder: Option<&'static str>,
    /// The command that shows more.
    pub(crate) next: String,
}

/// Judges `sample`. `before`: a sample that is a minute older; `oldest`: the oldest that is known.
pub(crate) fn judge(
    objectives: &Objectives,
    sample: &Sample,
    before: Option<&Sample>,
    oldest: Option<&Sample>,
    now: UnixMillis,
) -> HealthReport {
    let mut verdict = HealthReport {
        succeeding: Answers::since(sample, oldest).share(),
        fails: fails(sample, before, oldest),
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

/// What could not be read, with its first names.
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
    // What a person has paused is a notice, and what the calendar pauses is as it should be.
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

/// The command that helps on, by what holds a call.
fn next_step(target: &str, held_by: Option<&Holder>) -> String {
    match held_by {
        Some(Holder::Trouble { .. }) => format!("rampmeter target ping {target}"),
        _ => format!("rampmeter target show {target}"),
    }
}

/// Answers that say something about the calls; a throttle says something about the limits.
struct Answers {
    good: u64,
    bad: u64,
}

impl Answers {
    /// Those that came since an older sample, or since the process began.
    fn since(sample: &Sample, older: Option<&Sample>) -> Answers {
        let mut answers = Answers { good: 0, bad: 0 };
        for target in &sample.targets {
            let first = older.and_then(|older| older.target(&target.state.name));
            for (index, outcome) in OUTCOMES.iter().enumerate() {
                let before = first.map_or(0, |first| first.answers[index]);
                let count = target.answers[index].saturating_sub(before);
                match *outcome {
                    "ok" => answers.good += count,
                    "throttled" => {}
                    _ => answers.bad += count,
                }
            }
        }
        answers
    }

    /// The good ones of all; none if there were none.
    fn share(&self) -> Option<f64> {
        let all = self.good + self.bad;
        #[expect(clippy::cast_precision_loss, reason = "a share for people")]
        let share = self.good as f64 / all as f64;
        (all > 0).then_some(share)
    }

    fn are_good(&self) -> bool {
        self.share().is_some_and(|share| share >= SUCCEEDING)
    }
}

/// Whether too few answers are good: in the time that is known, unless the last minute shows that it is over. One bad answer alone
/// says nothing.
fn fails(sample: &Sample, before: Option<&Sample>, oldest: Option<&Sample>) -> bool {
    let all = Answers::since(sample, oldest);
    let has_recovered =
        before.is_some_and(|before| Answers::since(sample, Some(before)).are_good());
    all.bad > 1 && !all.are_good() && !has_recovered
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
            "{name} throttled {foreign} of our calls under our own limit: someone else uses the account, or the limit is wrong"
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
    if target.dead_letters > 0 {
        let letters = if target.dead_letters == 1 {
            "dead letter"
        } else {
            "dead letters"
        };
        notices.push(format!("{name} has {} {letters}", target.dead_letters));
    }
}

impl ClosedTarget {
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
        })
    }
}

impl HealthReport {
    /// Whether all is well: it flows, succeeds, and is of now.
    fn well(&self) -> bool {
        self.stuck.is_empty() && self.closed.is_empty() && !self.fails && self.fresh()
    }

    fn fresh(&self) -> bool {
        self.age_ms <= FRESH_MS
    }

    /// As the admin port shows it.
    pub(crate) fn to_json(&self) -> Value {
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
        json!({
            "well": self.well(),
            "flowing": self.stuck.is_empty() && self.closed.is_empty(),
            "closed": closed,
            "stuck": stuck,
            "succeeding": !self.fails,
            "success_share": self.succeeding,
            "fresh": self.fresh(),
            "age_ms": self.age_ms,
            "notices": self.notices,
        })
    }
}

#[cfg(test)]
mod tests;
