//! A call that failed for good: the name of its error, as a workflow's `Catch` sees it, and what is reported
//! about it.

use crate::answer::Answer;

/// The message is not a call.
pub const INVALID_MESSAGE: &str = "Rampmeter.InvalidMessage";
/// Attempts are used up.
pub const UNAVAILABLE: &str = "Rampmeter.Unavailable";
/// The vendor refused it again and again because too much was asked, while it answered other calls.
pub const THROTTLED: &str = "Rampmeter.Throttled";
/// It had waited for as long as its target allows, and was not sent any more.
pub const WAITED_TOO_LONG: &str = "Rampmeter.WaitedTooLong";
/// A person cancelled it before it left.
pub const CANCELLED: &str = "Rampmeter.Cancelled";
/// Nobody knows whether the vendor did it: the answer was lost and the target says not to retry, or the vendor does not
/// say what became of a job.
pub const OUTCOME_UNKNOWN: &str = "Rampmeter.OutcomeUnknown";
/// A job failed, and the vendor gives no HTTP status for it.
pub const JOB_FAILED: &str = "Rampmeter.JobFailed";
/// It could not be delivered: it came back again and again, or the host crashed with it again and
/// again.
pub const UNDELIVERABLE: &str = "Rampmeter.Undeliverable";

/// A call that failed.
#[derive(Clone, Debug, PartialEq)]
pub struct Failed {
    /// The name of the error, for the workflow.
    pub error: String,
    /// The vendor's answer, where there is one.
    pub answer: Option<Answer>,
    /// The vendor's own error code, where there is one.
    pub vendor_code: Option<String>,
    /// Why, in words, where the answer does not say it.
    pub reason: Option<String>,
    /// Attempts that are used up.
    pub attempts: u32,
}

/// The error name for a vendor's final failure.
pub(crate) fn status_error(status: u16) -> String {
    format!("Http.StatusCode.{status}")
}
