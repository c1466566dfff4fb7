//! Whether the calls of each target succeed, and whether most of those that fail have no answer in time.

use rampmeter_engine::OUTCOMES;
use rampmeter_time::{UnixMillis, span};
use serde_json::{Value, json};

use super::tally::Tally;
use crate::health::history::History;
use crate::health::sample::{Sample, TargetSample};

/// A target with too few good answers.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct FailingTarget {
    pub(crate) target: String,
    /// The results of its calls in the time covered.
    pub(crate) answers: Tally,
    /// How many had no answer in time.
    unanswered: u64,
    /// The last error, and how long ago it was, in milliseconds.
    last: Option<(String, u64)>,
}

/// The answers of all targets in the time covered.
pub(crate) fn all(sample: &Sample, history: History<'_>) -> Tally {
    let targets = sample.targets.iter();
    targets.fold(Tally::default(), |sum, target| {
        let answers = since(target, history.oldest());
        Tally {
            good: sum.good + answers.good,
            bad: sum.bad + answers.bad,
        }
    })
}

/// The targets with too few good answers.
pub(crate) fn failing(sample: &Sample, history: History<'_>) -> Vec<FailingTarget> {
    let targets = sample.targets.iter();
    targets
        .filter_map(|target| failing_target(sample, target, history))
        .collect()
}

fn failing_target(
    sample: &Sample,
    target: &TargetSample,
    history: History<'_>,
) -> Option<FailingTarget> {
    let name = &target.state.name;
    let answered = |sample: &Sample| sample.target(name).map_or(0, TargetSample::answered);
    let minute = history.last_busy_minute(sample, answered);
    let answers = since(target, history.oldest());
    let last = minute.map(|minute| since(target, Some(minute)));
    answers.fails(last).then(|| FailingTarget {
        target: name.clone(),
        answers,
        unanswered: outcomes_since(target, history.oldest())
            .filter_map(|(outcome, count)| (outcome == "unknown").then_some(count))
            .sum(),
        last: target.state.errors.as_ref().map(|errors| {
            let ago = UnixMillis::from(target.state.at).saturating_since(errors.at.into());
            let ago = u64::try_from(ago.as_millis()).unwrap_or(u64::MAX);
            (errors.last.clone(), ago)
        }),
    })
}

/// The answers since an older sample, or since the process began. Throttles are left out: they say something about the
/// limits, and nothing about the calls.
fn since(target: &TargetSample, older: Option<&Sample>) -> Tally {
    let mut answers = Tally::default();
    for (outcome, count) in outcomes_since(target, older) {
        match outcome {
            "ok" => answers.good += count,
            "throttled" => {}
            _ => answers.bad += count,
        }
    }
    answers
}

fn outcomes_since(
    target: &TargetSample,
    older: Option<&Sample>,
) -> impl Iterator<Item = (&'static str, u64)> {
    let first = older.and_then(|older| older.target(&target.state.name));
    let before = first.map_or([0; OUTCOMES.len()], |first| first.answers);
    let counts = target.answers.into_iter().zip(before);
    let counts = counts.map(|(now, before)| now.saturating_sub(before));
    OUTCOMES.into_iter().zip(counts)
}

impl FailingTarget {
    /// Whether the vendor is slower than our timeout.
    fn is_slow(&self) -> bool {
        self.unanswered * 2 > self.answers.bad
    }

    pub(crate) fn to_json(&self) -> Value {
        let name = &self.target;
        let Tally { good, bad } = self.answers;
        let mut text = format!("{name}: {bad} of {} calls went wrong", good + bad);
        if self.is_slow() {
            text.push_str(&format!(", {} without an answer in time", self.unanswered));
        }
        if let Some((last, ago)) = &self.last {
            let ago = span(i64::try_from(*ago).unwrap_or(i64::MAX));
            text.push_str(&format!("; the last error, {ago} ago: {last}"));
        }
        let hint = if self.is_slow() {
            format!(
                "the vendor is slower than `timeout` of [targets.{name}]: raise it and restart, or ask less of the vendor at once \
                 with rampmeter limit set {name}/LIMIT MAX"
            )
        } else {
            format!("rampmeter dlq list --target {name} has those that failed for good")
        };
        json!({
            "target": name,
            "good": good,
            "bad": bad,
            "unanswered": self.unanswered,
            "last_error": self.last.as_ref().map(|(last, _)| last),
            "text": text,
            "next": format!("rampmeter target show {name}"),
            "hint": hint,
        })
    }
}
