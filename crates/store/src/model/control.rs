//! What people change while the server runs: limits, pauses, the priority of a call. The types of the requests and of
//! the audit trail.

use std::time::Duration;

use rampmeter_dispatch::Priority;
use rampmeter_time::UnixMillis;
use serde::Serialize;

/// Stops or resumes a target, or one of its priorities.
#[derive(Debug, Clone)]
pub struct Pause {
    /// Name of the target.
    pub target: String,
    /// One priority; none means the whole target. Each is paused apart.
    pub priority: Option<Priority>,
    /// Whether it is to be paused or to go on.
    pub paused: bool,
    /// Where it goes on: forget what the vendor's throttles taught. The ceiling is the configured one, the target open.
    pub forget_throttles: bool,
    /// Why, for the audit trail.
    pub reason: String,
}

/// Gives a limit another maximum, or the one of the configuration back.
#[derive(Debug, Clone)]
pub struct ChangeLimit {
    /// Name of the target.
    pub target: String,
    /// Name of the limit.
    pub limit: String,
    /// The most calls in flight or in a window; none goes back to the configuration.
    pub max: Option<u64>,
    /// After this long it goes back by itself.
    pub lasting: Option<Duration>,
    /// Why, for the audit trail.
    pub reason: String,
    /// Say what would happen and change nothing.
    pub dry_run: bool,
}

/// What a change of a limit does.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LimitChanged {
    /// Name of the target.
    pub target: String,
    /// Name of the limit.
    pub limit: String,
    /// The maximum before.
    pub from: u64,
    /// The maximum from now on.
    pub to: u64,
    /// The maximum of the configuration.
    pub configured: u64,
    /// Places taken now. Where it is more than `to`, nothing starts until enough of them are free.
    pub used: u64,
    /// When it goes back by itself.
    pub expires_at: Option<UnixMillis>,
    /// Whether it was done.
    pub applied: bool,
}

/// A person is about to do the same to many: one entry of the audit trail for all of them.
#[derive(Debug, Clone)]
pub struct BulkChange {
    /// What is done.
    pub kind: BulkKind,
    /// Which are meant: the target or workflow, empty for all.
    pub target: String,
    /// How many are meant, in words: `12 dead letters`.
    pub subject: String,
    /// By what they were chosen, in words.
    pub chosen_by: String,
    /// Why, for the audit trail.
    pub reason: String,
}

/// What is done to many at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BulkKind {
    /// They are taken up again.
    Redrive,
    /// They are deleted.
    Discard,
}

impl BulkKind {
    /// The word for it in the audit trail.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            BulkKind::Redrive => "bulk_redrive",
            BulkKind::Discard => "bulk_discard",
        }
    }
}

/// One entry of the audit trail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ControlRecord {
    /// When it was done.
    pub at: UnixMillis,
    /// Name of the target.
    pub target: String,
    /// `limit`, `pause`, `resume`, `move`, `redrive`, `discard`, or one of the latter for many at once.
    pub kind: String,
    /// The limit, the priority or the call; empty for the whole target.
    pub subject: String,
    /// What it was, and what it became, in words.
    pub change: String,
    /// Why, as the person said.
    pub reason: String,
}

/// What became of a call that a person cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cancelled {
    /// Its request was out: nobody knows whether the vendor has done it.
    pub was_in_flight: bool,
}
