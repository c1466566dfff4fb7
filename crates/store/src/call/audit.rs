//! The audit of one call, kept with the step that it caused: when its message was sent, when it started, when it was
//! answered, how often it was attempted. Its times are microseconds in JSON.

use rampmeter_dispatch::{Priority, Time};
use serde::{Deserialize, Serialize};

use crate::queue::message::MessageRow;

/// What `step.call` holds, as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallAudit {
    /// The number of the call.
    pub id: i64,
    /// Name of its target.
    pub target: String,
    /// Its lane.
    pub priority: Priority,
    /// When its message was committed.
    pub sent_at: Time,
    /// The first start; absent when the call never started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_started_at: Option<Time>,
    /// The start of the attempt that was answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Time>,
    /// When its last outcome was applied.
    pub ended_at: Time,
    /// Requests started for it.
    pub receive_count: u32,
    /// Answers that used up an attempt.
    pub attempts: u32,
    /// Requests that were in flight when the process died.
    pub crashes: u32,
    /// HTTP status of the last answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
}

impl CallAudit {
    /// The audit of a call that ends now.
    pub fn new(
        target: &str,
        priority: Priority,
        message: &MessageRow,
        started_at: Option<Time>,
        ended_at: Time,
        status: Option<u16>,
    ) -> CallAudit {
        CallAudit {
            id: message.id.0,
            target: target.to_owned(),
            priority,
            sent_at: message.sent_at,
            first_started_at: message.first_started_at.or(started_at),
            started_at,
            ended_at,
            receive_count: message.receive_count,
            attempts: message.attempts,
            crashes: message.crashes,
            status,
        }
    }

    /// The text of the column.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("an audit has only text keys and whole numbers")
    }
}
