//! Pauses, limits and priorities on the engine's handle, and the audit trail of their changes.

use rampmeter_dispatch::Priority;
use rampmeter_store::model::control::{
    BulkChange, Cancelled, ChangeLimit, ControlRecord, LimitChanged, Pause,
};
use rampmeter_store::model::rejected::Rejected;

use crate::api::Engine;
use crate::command::Command;
use crate::command::control::ControlCommand;

/// What people change while the server runs, and the audit trail of it.
#[derive(Debug, Clone, Copy)]
pub struct Controls<'e> {
    engine: &'e Engine,
}

impl Engine {
    /// What people change while the server runs, and the audit trail of it.
    #[must_use]
    pub fn controls(&self) -> Controls<'_> {
        Controls { engine: self }
    }
}

impl Controls<'_> {
    /// Pauses or resumes a target or one of its priorities. Calls in flight go on. It survives a restart.
    ///
    /// # Errors
    /// `Unknown`, `Stopped`.
    pub async fn pause(self, pause: Pause) -> Result<(), Rejected> {
        self.engine
            .ask(|reply| Command::Control(ControlCommand::Pause(pause, reply)))
            .await
    }

    /// Gives a limit another maximum, effective at once. It survives a restart.
    ///
    /// # Errors
    /// `Unknown`, `Impossible` where the rules would make no sense, `Stopped`.
    pub async fn change_limit(self, change: ChangeLimit) -> Result<LimitChanged, Rejected> {
        self.engine
            .ask(|reply| Command::Control(ControlCommand::ChangeLimit(change, reply)))
            .await
    }

    /// Moves a waiting call to another priority of its target, at the end of that lane.
    ///
    /// # Errors
    /// `Unknown`, `Impossible` for a call that has left its lane, `Stopped`.
    pub async fn move_call(self, call: i64, to: Priority, reason: String) -> Result<(), Rejected> {
        self.engine
            .ask(|reply| Command::Control(ControlCommand::MoveCall(call, to, reason, reply)))
            .await
    }

    /// Cancels a call that has not ended: one that waits fails with `Rampmeter.Cancelled`, one in flight as unknown.
    ///
    /// # Errors
    /// `Unknown`, `Impossible` for a call that the vendor works on as a job, `Stopped`.
    pub async fn cancel_call(self, call: i64, reason: String) -> Result<Cancelled, Rejected> {
        self.engine
            .ask(|reply| Command::Control(ControlCommand::CancelCall(call, reason, reply)))
            .await
    }

    /// Notes a change that a person is about to make to many items, as one entry of the audit trail. Returns the
    /// entry's number, to which each single change refers.
    ///
    /// # Errors
    /// `Stopped`.
    pub async fn begin_bulk(self, bulk: BulkChange) -> Result<i64, Rejected> {
        self.engine
            .ask(|reply| Command::Control(ControlCommand::BeginBulk(bulk, reply)))
            .await
    }

    /// The newest entries of the audit trail, newest first; at most `most`.
    ///
    /// # Errors
    /// `Stopped`.
    pub async fn list_controls(self, most: u32) -> Result<Vec<ControlRecord>, Rejected> {
        let numbered = self.controls_before(i64::MAX, most).await?;
        Ok(numbered.into_iter().map(|(_, record)| record).collect())
    }

    /// Entries of the audit trail before the one with this number, newest first, each with its own number; at most
    /// `most`.
    ///
    /// # Errors
    /// `Stopped`.
    pub async fn controls_before(
        self,
        before: i64,
        most: u32,
    ) -> Result<Vec<(i64, ControlRecord)>, Rejected> {
        self.engine
            .read(move |reader| reader.controls(before, most))
            .await
    }
}
