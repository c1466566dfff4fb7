//! Calls as people see them: those that have not ended, those that have, and where an execution waits for one.

use rampmeter_asl::EventId;
use rampmeter_dispatch::{Explanation, Priority, Time};
use rampmeter_time::UnixMillis;

/// A call of an execution that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecutionCall {
    /// The first event of the history that its end caused: that its task succeeded or failed.
    pub event: EventId,
    /// Its number.
    pub id: i64,
    /// Name of its target.
    pub target: String,
    /// Its lane.
    pub priority: Priority,
    /// When its message was committed.
    pub sent_at: UnixMillis,
    /// When its first request was given a permit; absent when none was.
    pub first_started_at: Option<UnixMillis>,
    /// When the request that was answered was given its permit.
    pub started_at: Option<UnixMillis>,
    /// When its last outcome was applied.
    pub ended_at: UnixMillis,
    /// Requests started for it.
    pub receive_count: u32,
    /// Attempts used up.
    pub attempts: u32,
    /// HTTP status of the last answer.
    pub status: Option<u16>,
}

/// Where one running execution waits, and why: for `exec show`, `/v1/executions` and the dashboard.
#[derive(Debug, Clone)]
pub struct WaitingAt {
    /// Name of the state it is in.
    pub state: String,
    /// What it waits for, in one word: `task`, `timer`, `retry`, `children` or `continue`.
    pub waits_for: &'static str,
    /// When the waiting began.
    pub since: UnixMillis,
    /// The call that will resume it, if it waits for one of ours.
    pub call: Option<CallState>,
    /// If it waits for branches or iterations: how many of them run, nested ones included.
    pub running: u64,
    /// The first of those that wait for something other than branches or iterations of their own.
    pub children: Vec<WaitingAt>,
}

/// One call that has not ended.
#[derive(Debug, Clone)]
pub struct CallState {
    /// Number of the call; `c-NUMBER` for people.
    pub id: i64,
    /// Name of the target.
    pub target: String,
    /// Its lane.
    pub priority: Priority,
    /// Business key, if the message gave one.
    pub key: Option<String>,
    /// The endpoint of the target that it was sent to; none for the target's own base URL, and before it has started.
    pub endpoint: Option<String>,
    /// ARN of the execution that waits for it, if any.
    pub execution_arn: Option<String>,
    /// `waiting`, `in flight`, `delayed` (it was sent with a delay, or its next attempt waits for a backoff), or `job` (the
    /// vendor has accepted it and works on it).
    pub status: &'static str,
    /// The job, if the vendor works on it.
    pub job: Option<JobState>,
    /// When the message was committed.
    pub sent_at: UnixMillis,
    /// Calls started so far for this message.
    pub receive_count: u32,
    /// Why it has not ended, and how many are ahead of it.
    pub why: Explanation,
    /// The number of calls ahead of it, as `why` gives it, was estimated from positions in the fair order, not counted.
    pub ahead_is_estimate: bool,
    /// The moment that the explanation applies to.
    pub at: Time,
}

/// The job at a vendor that a call has become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobState {
    /// Its path below the base URL.
    pub path: String,
    /// When the vendor accepted it.
    pub since: UnixMillis,
    /// How often it was polled.
    pub polls: u32,
    /// It keeps a slot in the limits that count jobs.
    pub counted: bool,
}

/// How a call ended that no workflow waits for, or that is in the dead-letter queue.
#[derive(Debug, Clone, PartialEq)]
pub struct CallOutcome {
    /// Number of the call; `c-NUMBER` for people.
    pub id: i64,
    /// Name of the target.
    pub target: String,
    /// Its lane, where that is still known.
    pub priority: Option<Priority>,
    /// Business key, if the message gave one.
    pub key: Option<String>,
    /// When the message was committed.
    pub sent_at: UnixMillis,
    /// When it was first started; absent when it never was.
    pub first_started_at: Option<UnixMillis>,
    /// When it ended.
    pub ended_at: UnixMillis,
    /// Calls started for the message.
    pub receive_count: u32,
    /// Answers that used up an attempt.
    pub attempts: u32,
    /// The error's name; absent on success.
    pub error: Option<String>,
    /// The output of the call, or the cause of its failure.
    pub told: serde_json::Value,
}

/// The body of an answer that is kept in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAnswerBody {
    /// The file.
    pub path: std::path::PathBuf,
    /// Its length in bytes.
    pub size: u64,
    /// Its SHA-256, in lower-case hexadecimal.
    pub sha256: String,
    /// The media type that the vendor gave it.
    pub content_type: Option<String>,
}
