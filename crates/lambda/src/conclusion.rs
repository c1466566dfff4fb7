//! What a task is told of an ended call, and how its permit ends. Pure. What follows from an outcome is decided for all
//! hosts by `call`.

use std::time::{Duration, SystemTime};

use rampmeter_call::{
    Answer, Failed, Outcome, PermitEnd,
    cause::{Failure, cause},
};
use rampmeter_caller::rate_headers::Unit;
use rampmeter_caller::{rate_headers, stated_limits};
use rampmeter_dispatch::CallId;
use serde::{Deserialize, Serialize};

use crate::ending::{Ending, WentWrong};

/// AWS's own error, for an output that is too large.
const DATA_LIMIT: &str = "States.DataLimitExceeded";
/// The longest output of a task, in bytes.
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskSuccess.html>
const MAX_OUTPUT_BYTES: usize = 262_144;

/// The longest time for which a header alone closes a target: a vendor that means longer will say so again.
const MAX_PAUSE_BY_HEADER: Duration = Duration::from_secs(60 * 60);

/// What a task is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum TaskResult {
    Success {
        /// JSON.
        output: String,
    },
    Failure {
        error: String,
        cause: String,
    },
}

impl TaskResult {
    /// What a task is told of a call that succeeded.
    pub(crate) fn success(answer: &Answer) -> TaskResult {
        let output = answer.to_task_output().to_string();
        if output.len() <= MAX_OUTPUT_BYTES {
            return TaskResult::Success { output };
        }
        TaskResult::Failure {
            error: DATA_LIMIT.to_owned(),
            cause: format!(
                "The output of the call has {} bytes; a state may have {MAX_OUTPUT_BYTES}.",
                output.len()
            ),
        }
    }

    /// A failure without an answer.
    pub(crate) fn failure(error: &str, reason: &str, attempts: u32) -> TaskResult {
        TaskResult::of(&Failed {
            error: error.to_owned(),
            answer: None,
            vendor_code: None,
            reason: Some(reason.to_owned()),
            attempts,
        })
    }

    /// What a task is told of a call that failed.
    pub(crate) fn of(failed: &Failed) -> TaskResult {
        let failure = Failure {
            answer: failed.answer.as_ref(),
            vendor_code: failed.vendor_code.as_deref(),
            reason: failed.reason.as_deref(),
            attempts: failed.attempts,
        };
        TaskResult::Failure {
            error: failed.error.clone(),
            cause: cause(&failure),
        }
    }
}

/// How the permit of a request with this outcome ends. `refusals`: how often the vendor refused its call before.
pub(crate) fn ending_of(outcome: &Outcome, call: CallId, refusals: u32) -> Ending {
    match PermitEnd::of(outcome) {
        PermitEnd::Held => Ending::Lost,
        PermitEnd::Free => used_up_for(outcome).map_or(Ending::Answered, Ending::UsedUp),
        end => Ending::Wrong(WentWrong {
            end,
            call,
            refusals,
        }),
    }
}

/// For how long the vendor has no calls left, if an answer that is not a throttle says so.
fn used_up_for(outcome: &Outcome) -> Option<Duration> {
    // Some vendors name a reset by the wall clock.
    let mut stated_limits = stated_limits(outcome, SystemTime::now());
    stated_limits.retain(|stated| stated.unit == Unit::Calls);
    rate_headers::pause(&stated_limits).map(|pause| pause.min(MAX_PAUSE_BY_HEADER))
}

#[cfg(test)]
mod tests;
