//! What goes wrong in a state, who may catch it, and what then happens: a retry, a catcher, or the
//! end of the execution.

use serde_json::{Value, json};

use super::{Continuation, Run};
use crate::execution::event::{Detail, Phase};
use crate::execution::frame::Rest;
use crate::execution::stimulus::{End, Timer, TimerKind};
use crate::model::machine::{Catcher, Retrier, State};
use rampmeter_expression::ExpressionError;
use rampmeter_expression::Payload;

/// An error of a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) error: Option<String>,
    pub(super) cause: Option<String>,
    /// A further name under which retriers and catchers know it, and under which a catcher reports it:
    /// the specification gives names to errors that AWS reports as `States.Runtime`.
    alias: Option<&'static str>,
    reach: Reach,
    /// Whether it comes from a branch or an iteration of the state.
    is_below: bool,
}

/// Which names of `ErrorEquals` match an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    /// Its own name, its alias, `States.ALL`, and `States.TaskFailed` if it is the error of a task.
    Reported,
    /// Its own name and its alias only, and never `States.Runtime`.
    Terminal,
    /// None: the execution ends.
    Fatal,
}

impl Reach {
    /// By AWS's table of errors: `States.ALL` and `States.TaskFailed` stand for neither of these two.
    /// <https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html>
    fn of(error: Option<&str>) -> Self {
        match error {
            Some(RUNTIME | DATA_LIMIT) => Self::Terminal,
            _ => Self::Reported,
        }
    }
}

/// AWS's limit on the cause of an error, in characters.
const CAUSE_LIMIT: usize = 32_768;

const TIMEOUT: &str = "States.Timeout";
const RUNTIME: &str = "States.Runtime";
const DATA_LIMIT: &str = "States.DataLimitExceeded";

impl Failure {
    /// The error that a task reported, or a Fail state. One that the service names, such as data over its limit, is
    /// not the task's: only its own name catches it.
    pub(super) fn of_task(error: Option<String>, cause: Option<String>) -> Self {
        let reach = Reach::of(error.as_deref());
        Self {
            error,
            cause: cause.map(cut),
            alias: None,
            reach,
            is_below: false,
        }
    }

    /// What failed a branch or an iteration, as it fails the state around it. A state that cannot be
    /// executed as it is written cannot be caught from outside either.
    pub(super) fn below(error: Option<String>, cause: Option<String>) -> Self {
        Self {
            is_below: true,
            ..Self::of_task(error, cause)
        }
    }

    /// A time-out of a task. A heartbeat that stayed away is reported in the same way, but can be
    /// caught by its own name too.
    pub(super) fn timeout(kind: TimerKind) -> Self {
        let alias = (kind == TimerKind::Heartbeat).then_some("States.HeartbeatTimeout");
        Self {
            error: Some(TIMEOUT.to_owned()),
            cause: None,
            alias,
            reach: Reach::Reported,
            is_below: false,
        }
    }

    /// A state that cannot be executed as it is written, with AWS's cause.
    fn runtime(reason: &str, at: Option<&StateEntry<'_>>, alias: Option<&'static str>) -> Self {
        let cause = at.map_or_else(
            || reason.to_owned(),
            |StateEntry { state, entered }| {
                format!(
                    "An error occurred while executing the state '{state}' (entered at the event id \
                     #{entered}). {reason}"
                )
            },
        );
        Self {
            error: Some(RUNTIME.to_owned()),
            cause: Some(cut(cause)),
            alias,
            reach: Reach::Terminal,
            is_below: false,
        }
    }

    /// Data over AWS's limit of 256 KiB.
    pub(super) fn too_much_data(state: &str) -> Self {
        let cause = format!(
            "The state/task '{state}' returned a result with a size exceeding the maximum number \
             of bytes service limit."
        );
        Self {
            error: Some(DATA_LIMIT.to_owned()),
            cause: Some(cause),
            alias: None,
            reach: Reach::Terminal,
            is_below: false,
        }
    }

    /// A history of 25,000 events.
    pub(super) fn history_full() -> Self {
        let cause = "The execution reached the maximum number of history events (25000).";
        Self {
            error: Some(RUNTIME.to_owned()),
            cause: Some(cause.to_owned()),
            alias: None,
            reach: Reach::Fatal,
            is_below: false,
        }
    }

    /// A child whose ancestors the host does not have: it cannot know what to work on.
    pub(super) fn without_parent() -> Self {
        let cause = "The state that this branch or iteration belongs to cannot be read.";
        Self {
            error: Some(RUNTIME.to_owned()),
            cause: Some(cause.to_owned()),
            alias: None,
            reach: Reach::Fatal,
            is_below: false,
        }
    }

    /// Whether a name of `ErrorEquals` stands for this error.
    fn matches(&self, name: &str) -> bool {
        let is_own = self.error.as_deref() == Some(name) || self.alias == Some(name);
        match self.reach {
            Reach::Reported => {
                let is_timeout = self.error.as_deref() == Some(TIMEOUT);
                is_own || name == "States.ALL" || (name == "States.TaskFailed" && !is_timeout)
            }
            Reach::Terminal => is_own && name != RUNTIME,
            Reach::Fatal => false,
        }
    }

    /// What a catcher is given.
    fn output(&self) -> Value {
        let name = match self.reach {
            Reach::Terminal => self.alias.or(self.error.as_deref()),
            Reach::Reported | Reach::Fatal => self.error.as_deref(),
        };
        // A time-out has no cause, and AWS shows that as an empty one.
        let is_timeout = self.cause.is_none() && name == Some(TIMEOUT);
        let cause = if is_timeout {
            Some("")
        } else {
            self.cause.as_deref()
        };
        json!({ "Error": name, "Cause": cause })
    }
}

/// The beginning of a cause, as much of it as AWS takes: a cause may quote the whole input.
fn cut(mut cause: String) -> String {
    if let Some((end, _)) = cause.char_indices().nth(CAUSE_LIMIT) {
        cause.truncate(end);
    }
    cause
}

/// The state that an error message names.
struct StateEntry<'a> {
    state: &'a str,
    entered: u64,
}

impl Run<'_, '_> {
    /// `States.Runtime` in the current state.
    pub(super) fn runtime(&self, reason: &str) -> Failure {
        Failure::runtime(reason, self.state_entry().as_ref(), None)
    }

    /// `States.Runtime`, known to retriers and catchers by the name that the specification gives it.
    pub(super) fn runtime_known_as(&self, reason: &str, alias: &'static str) -> Failure {
        Failure::runtime(reason, self.state_entry().as_ref(), Some(alias))
    }

    /// `States.QueryEvaluationError` in the current state: an expression in JSONata failed.
    pub(super) fn query_evaluation_error(&self, reason: &str) -> Failure {
        Failure {
            error: Some("States.QueryEvaluationError".to_owned()),
            reach: Reach::Reported,
            ..self.runtime(reason)
        }
    }

    /// The failure of an expression.
    pub(super) fn expression_failure(&self, error: &ExpressionError) -> Failure {
        match error {
            ExpressionError::NotFound { .. } => {
                self.runtime_known_as(&error.to_string(), "States.ParameterPathFailure")
            }
            ExpressionError::Call { .. } => {
                self.runtime_known_as(&error.to_string(), "States.IntrinsicFailure")
            }
            ExpressionError::TooMuchData => Failure::too_much_data(&self.frame.state),
        }
    }

    /// A test has no history, and AWS names no place in it.
    fn state_entry(&self) -> Option<StateEntry<'_>> {
        self.probe.is_none().then_some(StateEntry {
            state: &self.frame.state,
            entered: self.frame.entered,
        })
    }

    /// What a failure leads to: the first retrier that matches and is not used up, else the first
    /// catcher that matches, else the end.
    pub(super) fn settle(&mut self, state: &State, failure: Failure) -> Continuation {
        self.clear_timers();
        if let Some(probe) = &mut self.probe {
            probe.failure = Some((failure.error.clone(), failure.cause.clone()));
        }
        let retrier = state
            .retry
            .iter()
            .position(|retrier| failure.matches_any(&retrier.errors));
        if let Some(index) = retrier
            && let Some(next) = self.retry(&state.retry, index)
        {
            return next;
        }
        let catcher = state
            .catch
            .iter()
            .position(|catcher| failure.matches_any(&catcher.errors));
        if let Some(probe) = &mut self.probe {
            probe.catcher = catcher;
        }
        if failure.marks_its_state() && self.note_state_failed(state).is_err() {
            return self.fail(Failure::history_full());
        }
        let Some(catcher) = catcher.map(|index| &state.catch[index]) else {
            return self.fail(failure);
        };
        match self.catch(state, catcher, &failure) {
            Ok(next) => next,
            // What fails while an error is caught cannot be caught again.
            Err(failure) => self.fail(failure),
        }
    }

    /// Waits for the next attempt, unless the retrier is used up.
    fn retry(&mut self, retriers: &[Retrier], index: usize) -> Option<Continuation> {
        self.frame.retries.resize(retriers.len(), 0);
        let used = self.frame.retries[index];
        let retrier = &retriers[index];
        if let Some(probe) = &mut self.probe {
            probe.retrier = Some((index, None));
        }
        if used >= retrier.max_attempts {
            return None;
        }
        self.frame.retries[index] = used + 1;
        let delay = delay_milliseconds(retrier, used, self.context.random);
        if let Some(probe) = &mut self.probe {
            probe.retrier = Some((index, Some(delay)));
        }
        let timer = Timer {
            at: self.context.now.saturating_add(delay),
            event: self.frame.last,
            kind: TimerKind::Retry,
        };
        self.frame.rest = Rest::Retry {
            event: timer.event,
            at: timer.at,
        };
        self.set(timer);
        Some(Continuation::Rest)
    }

    fn catch(
        &mut self,
        state: &State,
        catcher: &Catcher,
        failure: &Failure,
    ) -> Result<Continuation, Failure> {
        let result = Payload::from_value(failure.output());
        self.leave_by(state, catcher, &result)
    }

    /// Ends the execution, the branch or the iteration with an error.
    pub(super) fn fail(&mut self, failure: Failure) -> Continuation {
        let Failure { error, cause, .. } = failure;
        if self.frame.parent.is_some() {
            // A full history ends the execution, whatever becomes of this event.
            let _ = self.close_iteration(Phase::Failed);
            return Continuation::End(End::Failed { error, cause });
        }
        let detail = Detail::ExecutionFailed {
            error: error.clone(),
            cause: cause.clone(),
        };
        self.emit_last(self.frame.last, detail);
        Continuation::End(End::Failed { error, cause })
    }
}

impl Failure {
    /// Whether a Parallel or Map state that ends with it says so in an event of its own. AWS was
    /// recorded to leave that event out when the state itself cannot be executed as it is written.
    fn marks_its_state(&self) -> bool {
        self.is_below || self.reach == Reach::Reported
    }

    fn matches_any(&self, names: &[String]) -> bool {
        names.iter().any(|name| self.matches(name))
    }
}

/// The pause before the next attempt: `IntervalSeconds` times `BackoffRate` to the power of the
/// attempts before, at most `MaxDelaySeconds`, and with full jitter any time up to that.
fn delay_milliseconds(retrier: &Retrier, used: u32, random: &mut dyn FnMut() -> u64) -> i64 {
    // Longer than the longest execution; keeps every later sum within range.
    const MAX_DELAY_MS: f64 = 100_000_000_000.0;
    #[expect(clippy::cast_precision_loss, reason = "at most 99,999,999")]
    let interval = retrier.interval_seconds as f64;
    let grown = interval * retrier.backoff_rate.powf(f64::from(used)) * 1000.0;
    #[expect(clippy::cast_precision_loss, reason = "at most 31,622,400")]
    let cap = retrier
        .max_delay_seconds
        .map_or(MAX_DELAY_MS, |seconds| seconds as f64 * 1000.0);
    #[expect(
        clippy::cast_possible_truncation,
        reason = "between 0 and MAX_DELAY_MS"
    )]
    let delay = grown.min(cap).min(MAX_DELAY_MS).round() as i64;
    if !retrier.full_jitter {
        return delay;
    }
    let span = i128::from(delay) + 1;
    i64::try_from((i128::from(random()) * span) >> 64).unwrap_or(delay)
}

#[cfg(test)]
mod tests {
    use super::super::after;
    use super::*;

    fn retrier(full_jitter: bool) -> Retrier {
        Retrier {
            errors: vec!["States.ALL".to_owned()],
            interval_seconds: 3,
            max_attempts: 10,
            backoff_rate: 2.0,
            max_delay_seconds: Some(20),
            full_jitter,
        }
    }

    #[test]
    fn the_pause_doubles_until_it_meets_the_longest_delay() {
        let delays: Vec<_> = (0..5)
            .map(|used| delay_milliseconds(&retrier(false), used, &mut || 0))
            .collect();
        assert_eq!(delays, [3_000, 6_000, 12_000, 20_000, 20_000]);
    }

    #[test]
    fn full_jitter_spans_the_whole_pause() {
        assert_eq!(delay_milliseconds(&retrier(true), 0, &mut || 0), 0);
        assert_eq!(
            delay_milliseconds(&retrier(true), 0, &mut || u64::MAX),
            3_000
        );
        assert_eq!(
            delay_milliseconds(&retrier(true), 0, &mut || u64::MAX / 2),
            1_500
        );
    }

    #[test]
    fn a_pause_that_grows_beyond_all_bounds_stays_a_number() {
        let retrier = Retrier {
            max_delay_seconds: None,
            backoff_rate: 1e300,
            ..retrier(false)
        };
        assert_eq!(
            delay_milliseconds(&retrier, 1_000, &mut || 0),
            100_000_000_000
        );
        assert_eq!(after(i64::MAX - 1, 5), i64::MAX);
    }

    #[test]
    fn names_of_errors_match_as_the_language_says() {
        let task = Failure::of_task(Some("Http.StatusCode.400".to_owned()), None);
        for (name, matches) in [
            ("Http.StatusCode.400", true),
            ("States.ALL", true),
            ("States.TaskFailed", true),
            ("States.Timeout", false),
            ("Http.StatusCode.500", false),
        ] {
            assert_eq!(task.matches(name), matches, "{name}");
        }
        let timeout = Failure::timeout(TimerKind::TaskTimeout);
        let heartbeat = Failure::timeout(TimerKind::Heartbeat);
        for (name, of_timeout, of_heartbeat) in [
            ("States.Timeout", true, true),
            ("States.HeartbeatTimeout", false, true),
            ("States.TaskFailed", false, false),
            ("States.ALL", true, true),
        ] {
            assert_eq!(timeout.matches(name), of_timeout, "{name}");
            assert_eq!(heartbeat.matches(name), of_heartbeat, "{name}");
        }
        let limit = Failure::too_much_data("A");
        assert!(limit.matches("States.DataLimitExceeded") && !limit.matches("States.ALL"));
        assert!(!Failure::history_full().matches("States.Runtime"));
        assert!(Failure::of_task(None, None).matches("States.ALL"));
    }
}
