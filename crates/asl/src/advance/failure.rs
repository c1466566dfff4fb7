//! What goes wrong in a state, and which names in `ErrorEquals` match it. What then happens is in `settlement`.

use serde_json::{Value, json};

use crate::execution::stimulus::TimerKind;

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
    /// Set while an expression that failed is not yet recorded in the history.
    pub(super) evaluation: Option<EvaluationFault>,
}

/// A field whose expression failed, as its event describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct EvaluationFault {
    /// The field, such as `Output/total`; none when the input of the state is at fault.
    pub(super) location: Option<String>,
    /// Whether the state counts as not entered, unless something has happened in it before.
    pub(super) kept_from_entering: bool,
}

/// Which names in `ErrorEquals` match an error.
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
    /// By AWS's table of errors: `States.ALL` and `States.TaskFailed` match neither of these two.
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
            evaluation: None,
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

    /// A timeout of a task. A missing heartbeat is reported in the same way, but can be caught by
    /// its own name too.
    pub(super) fn timeout(kind: TimerKind) -> Self {
        let alias = (kind == TimerKind::Heartbeat).then_some("States.HeartbeatTimeout");
        Self {
            error: Some(TIMEOUT.to_owned()),
            cause: None,
            alias,
            reach: Reach::Reported,
            is_below: false,
            evaluation: None,
        }
    }

    /// A state that cannot be executed as it is written, with AWS's cause.
    pub(super) fn runtime(
        reason: &str,
        at: Option<&StateEntry<'_>>,
        alias: Option<&'static str>,
    ) -> Self {
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
            evaluation: None,
        }
    }

    /// `States.QueryEvaluationError`: an expression in JSONata failed, or its value cannot be what the field needs.
    pub(super) fn of_evaluation(
        reason: &str,
        at: Option<&StateEntry<'_>>,
        evaluation: EvaluationFault,
    ) -> Self {
        Self {
            error: Some("States.QueryEvaluationError".to_owned()),
            reach: Reach::Reported,
            evaluation: Some(evaluation),
            ..Self::runtime(reason, at, None)
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
            evaluation: None,
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
            evaluation: None,
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
            evaluation: None,
        }
    }

    /// Whether a name in `ErrorEquals` matches this error.
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

    /// Whether a Parallel or Map state that fails for good with it says so in an event of its own. AWS was observed to
    /// leave that event out when the state itself, or one in a branch of it, cannot be executed as written: the
    /// execution fails at once. What is caught in spite of that came out of the state.
    pub(super) fn marks_its_state(&self, is_caught: bool) -> bool {
        self.reach == Reach::Reported || (self.is_below && is_caught)
    }

    pub(super) fn matches_any(&self, names: &[String]) -> bool {
        names.iter().any(|name| self.matches(name))
    }

    /// What a catcher is given.
    pub(super) fn output(&self) -> Value {
        let name = match self.reach {
            Reach::Terminal => self.alias.or(self.error.as_deref()),
            Reach::Reported | Reach::Fatal => self.error.as_deref(),
        };
        // A timeout has no cause, and AWS shows that as an empty one.
        let is_timeout = self.cause.is_none() && name == Some(TIMEOUT);
        let cause = if is_timeout {
            Some("")
        } else {
            self.cause.as_deref()
        };
        json!({ "Error": name, "Cause": cause })
    }
}

/// The beginning of a cause, as much of it as AWS accepts: a cause may quote the whole input.
fn cut(mut cause: String) -> String {
    if let Some((end, _)) = cause.char_indices().nth(CAUSE_LIMIT) {
        cause.truncate(end);
    }
    cause
}

/// The state that an error message names.
pub(super) struct StateEntry<'a> {
    pub(super) state: &'a str,
    pub(super) entered: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

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
