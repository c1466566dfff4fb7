//! Pauses, limits and priorities at the engine's handle, and the audit trail of their changes.

use rampmeter_dispatch::Priority;
use rampmeter_store::model::control::{
    BulkChange, Cancelled, ChangeLimit, ControlRecord, LimitChanged, Pause,
};
use rampmeter_store::model::rejected::Rejected;

use crate::api::Engine;
use crate::command::Command;
use crate::command::control::ControlCommand;

/// What people change while the server runs, and the trail of it.
#[derive(Debug, Clone, Copy)]
pub struct Controls<'e> {
    engine: &'e Engine,
}

impl Engine {
    /// What people change while the server runs, and the trail of it.
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

    /// Gives a limit another maximum, at once. It survives a restart.
    ///
    /// # Errors
    /// `Unknown`, `Impossible` where the rules would make no sense, `Stopped`.
    pub async fn change_limit(self, change: ChangeLimit) -> Result<LimitChanged, Rejected> {
        self.engine
            .ask(|reply| Command::Control(ControlCommand::ChangeLimit(change, reply)))
            .await
    }

    /// Moves a call that waits to another priority of its target, at the end of that lane.
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

    /// Notes what a person is about to do to many, as one entry of the audit trail. Answers its number, to which each of the
    /// changes refers.
    ///
    /// # Errors
    /// `Stopped`.
    pub async fn begin_bulk(self, bulk: BulkChange) -> Result<i64, Rejected> {
        self.engine
            .ask(|reply| Command::Control(ControlCommand::BeginBulk(bulk, reply)))
            .await
    }

    /// The newest entries of the audit trail, the newest first; at most `most`.
    ///
    /// # Errors
    /// `Stopped`.
    pub async fn list_controls(self, most: u32) -> Result<Vec<ControlRecord>, Rejected> {
        let numbered = self.controls_before(i64::MAX, most).await?;
        Ok(numbered.into_iter().map(|(_, record)| record).collect())
    }

    /// Entries of the audit trail before the one of this number, each with its own, the newest first; at most `most`.
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
