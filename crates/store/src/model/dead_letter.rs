//! Dead letters, as people list, redrive or discard them.

use rampmeter_dispatch::Priority;
use rampmeter_time::UnixMillis;

/// A call that failed for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetterState {
    /// The number of the call.
    pub id: i64,
    /// Name of its target.
    pub target: String,
    /// The lane that it was in; none if it never was in one, or if an older version of the store recorded it.
    pub priority: Option<Priority>,
    /// Its business key.
    pub key: Option<String>,
    /// The execution whose task failed with it.
    pub execution_arn: Option<String>,
    /// The failure did not end the execution: a Retry or a Catch handled it, or the execution was stopped.
    pub handled: bool,
    /// When its message was committed.
    pub sent_at: UnixMillis,
    /// When it failed.
    pub failed_at: UnixMillis,
    /// The error name.
    pub error: String,
    /// What happened, in words or as JSON.
    pub cause: String,
    /// Calls started for it.
    pub receive_count: u32,
    /// Attempts used up.
    pub attempts: u32,
}

/// Which dead letters to list.
#[derive(Debug, Clone, Default)]
pub struct ListDeadLetters {
    /// Only those of this target.
    pub target: Option<String>,
    /// Only those with this error name.
    pub error: Option<String>,
    /// 1 to 1,000; 100 when absent.
    pub max_results: Option<u32>,
    /// Token from the previous page.
    pub next_token: Option<String>,
}

/// The newest dead letters of one target with one error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetterGroup {
    /// Name of the target.
    pub target: String,
    /// The error name.
    pub error: String,
    /// How many there are among the newest ones that were examined.
    pub count: u64,
    /// When the oldest of them failed.
    pub first_at: UnixMillis,
    /// When the newest of them failed.
    pub last_at: UnixMillis,
    /// The number of the newest.
    pub sample: i64,
    /// The business key of the newest.
    pub sample_key: Option<String>,
}

/// A person redrives a dead letter.
#[derive(Debug, Clone)]
pub struct RedriveDeadLetter {
    /// The number of the call.
    pub id: i64,
    /// The lane for a call without a task; absent for the one that it was in.
    pub priority: Option<Priority>,
    /// A person looked at the vendor: the call was not done. Needed where nobody knows that and the target does not ask the
    /// vendor itself.
    pub checked: bool,
    /// Why, for the audit trail.
    pub reason: String,
    /// The entry of the audit trail shared by all that are redriven together; absent if this one has its own.
    pub bulk: Option<i64>,
}

/// A person discards a dead letter.
#[derive(Debug, Clone)]
pub struct DiscardDeadLetter {
    /// The number of the call.
    pub id: i64,
    /// Why, for the audit trail.
    pub reason: String,
    /// The entry of the audit trail shared by all that are discarded together; absent if this one has its own.
    pub bulk: Option<i64>,
}

/// What became of a dead letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Redriven {
    /// The execution with this ARN continues where it failed.
    Execution(String),
    /// The call waits in this lane.
    Call(Priority),
}
