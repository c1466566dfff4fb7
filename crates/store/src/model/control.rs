//! What people change while the server runs: limits, pauses, the priority of a call. The types of these requests and of the
//! audit trail.

use std::fmt;
use std::time::Duration;

use rampmeter_dispatch::Priority;
use rampmeter_time::UnixMillis;
use rusqlite::ToSql;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef};
use serde::{Deserialize, Serialize};

/// Stops or resumes a target, or one of its priorities.
#[derive(Debug, Clone)]
pub struct Pause {
    /// Name of the target.
    pub target: String,
    /// One priority; none means the whole target. The target and each priority are paused independently.
    pub priority: Option<Priority>,
    /// Whether to pause it or to resume it.
    pub paused: bool,
    /// On resuming, forget what the vendor's throttles taught: the ceiling is the configured one again, and the target is
    /// open.
    pub forget_throttles: bool,
    /// Why, for the audit trail.
    pub reason: String,
}

/// Sets another maximum for a limit, or restores the configured one.
#[derive(Debug, Clone)]
pub struct ChangeLimit {
    /// Name of the target.
    pub target: String,
    /// Name of the limit.
    pub limit: String,
    /// The maximum of calls in flight or in a window; none restores the configured one.
    pub max: Option<u64>,
    /// After this time it is restored by itself.
    pub lasting: Option<Duration>,
    /// Why, for the audit trail.
    pub reason: String,
    /// Only say what would happen, and change nothing.
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
    /// Slots taken now. If it is more than `to`, nothing starts until enough of them are free.
    pub used: u64,
    /// When the configured maximum is restored by itself.
    pub expires_at: Option<UnixMillis>,
    /// Whether it was done.
    pub applied: bool,
}

/// Who asks for a change, as far as it is known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The name of a user of the admin port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The id of the access token that they showed, or of the one behind their session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_id: Option<String>,
    /// The access key id of a client of the AWS port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_key_id: Option<String>,
    /// The address that the request came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
}

impl Actor {
    /// Whether anything but the address of a request is known.
    #[must_use]
    pub fn has_name(&self) -> bool {
        self.user.is_some() || self.access_key_id.is_some()
    }
}

/// For people: `anna (token 3f2a9c01) from 10.0.0.7`.
impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.user, &self.access_key_id) {
            (Some(user), _) => f.write_str(user)?,
            (None, Some(key)) => f.write_str(key)?,
            (None, None) => f.write_str("somebody")?,
        }
        if let Some(token) = &self.token_id {
            write!(f, " (token {token})")?;
        }
        match &self.peer {
            Some(peer) => write!(f, " from {peer}"),
            None => Ok(()),
        }
    }
}

impl ToSql for Actor {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let text = serde_json::to_string(self)
            .map_err(|why| rusqlite::Error::ToSqlConversionFailure(why.into()))?;
        Ok(text.into())
    }
}

impl FromSql for Actor {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Actor> {
        serde_json::from_str(value.as_str()?).map_err(|why| FromSqlError::Other(why.into()))
    }
}

/// What a client did to an execution or a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Started an execution.
    Start,
    /// Sent a call to a target's queue.
    Submit,
    /// Stopped an execution.
    Stop,
    /// Redrove a failed execution.
    RedriveExecution,
}

impl Action {
    /// Its name in an entry of the audit trail.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Action::Start => "start",
            Action::Submit => "submit",
            Action::Stop => "stop",
            Action::RedriveExecution => "redrive",
        }
    }

    /// Whether it is recorded in the audit trail. Starts and submissions by nobody known are not: programs make them by the
    /// thousand, and there would be nothing to tell.
    #[must_use]
    pub fn is_told_of(self, actor: &Actor) -> bool {
        actor.has_name() || !matches!(self, Action::Start | Action::Submit)
    }
}

/// A person is about to apply one change to many items: one entry of the audit trail for all of them.
#[derive(Debug, Clone)]
pub struct BulkChange {
    /// What is done.
    pub kind: BulkKind,
    /// The target or workflow concerned; empty for all.
    pub target: String,
    /// How many are affected, in words: `12 dead letters`.
    pub subject: String,
    /// How they were chosen, in words.
    pub chosen_by: String,
    /// Why, for the audit trail.
    pub reason: String,
}

/// What is done to many items at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BulkKind {
    /// They are redriven.
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
    /// Name of the target; empty where it has none.
    pub target: String,
    /// What was done, in one word: `limit`, `pause`, `resume`, `move`, `cancel`, `redrive`, `discard`, `start`, `stop`,
    /// `submit`, or `bulk_redrive` and `bulk_discard` for many at once.
    pub kind: String,
    /// The limit, the priority, the call or the ARN; empty for the whole target.
    pub subject: String,
    /// What it was before and what it became, in words.
    pub change: String,
    /// Why, in the person's words.
    pub reason: String,
    /// Who did it; absent if unknown, or if the server did it by itself.
    pub by: Option<Actor>,
}

/// What became of a call that a person cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cancelled {
    /// Its request was in flight: nobody knows whether the vendor has carried it out.
    pub was_in_flight: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_actor_is_told_by_the_best_name_that_is_known() {
        let peer = Some("10.0.0.7".to_owned());
        let mut actor = Actor {
            peer,
            ..Actor::default()
        };
        assert_eq!(actor.to_string(), "somebody from 10.0.0.7");
        actor.access_key_id = Some("orders".to_owned());
        assert_eq!(actor.to_string(), "orders from 10.0.0.7");
        actor.user = Some("anna".to_owned());
        actor.token_id = Some("3f2a9c01".to_owned());
        assert_eq!(actor.to_string(), "anna (token 3f2a9c01) from 10.0.0.7");
    }
}
