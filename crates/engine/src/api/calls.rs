//! Targets, calls and figures on the engine's handle.

use std::collections::BTreeMap;

use rampmeter_store::model::call::{CallOutcome, CallState, StoredAnswerBody};
use rampmeter_store::model::damaged::DamagedItem;
use rampmeter_store::model::figures::EngineFigures;
use rampmeter_store::model::rejected::Rejected;
use rampmeter_store::model::target::TargetState;
use rampmeter_store::{AbsentTarget, Reader, TargetCounts};

use crate::api::Engine;
use crate::command::Command;

/// Calls, targets, and the figures of both.
#[derive(Debug, Clone, Copy)]
pub struct Calls<'e> {
    engine: &'e Engine,
}

impl Engine {
    /// Calls, targets, and the figures of both.
    #[must_use]
    pub fn calls(&self) -> Calls<'_> {
        Calls { engine: self }
    }
}

impl Calls<'_> {
    /// The targets with the present state of their limits, by name.
    ///
    /// # Errors
    /// `Stopped`.
    pub async fn targets(self) -> Result<Vec<TargetState>, Rejected> {
        self.engine.ask(Command::InspectTargets).await
    }

    /// What the engine counts about itself, for the metrics.
    ///
    /// # Errors
    /// `Stopped`.
    pub async fn figures(self) -> Result<EngineFigures, Rejected> {
        self.engine.ask(Command::InspectFigures).await
    }

    /// What could not be read and was set aside, oldest first. Everything else goes on.
    ///
    /// # Errors
    /// `Stopped`.
    pub async fn damaged(self) -> Result<Vec<DamagedItem>, Rejected> {
        self.engine.read(Reader::damaged).await
    }

    /// Calls that have not ended: those in flight first, then those waiting, highest priority first; at most `most`.
    ///
    /// # Errors
    /// `Stopped`.
    pub async fn list_calls(self, most: usize) -> Result<Vec<CallState>, Rejected> {
        self.engine
            .ask(|reply| Command::InspectCalls(most, None, reply))
            .await
    }

    /// The same for one target; empty when there is no such target.
    ///
    /// # Errors
    /// `Stopped`.
    pub async fn calls_of(self, target: String, most: usize) -> Result<Vec<CallState>, Rejected> {
        self.engine
            .ask(|reply| Command::InspectCalls(most, Some(target), reply))
            .await
    }

    /// One call that has not ended, by its number; `None` when there is none.
    ///
    /// # Errors
    /// `Stopped`.
    pub async fn call(self, number: i64) -> Result<Option<CallState>, Rejected> {
        self.engine
            .ask(|reply| Command::InspectCall(number, reply))
            .await
    }

    /// How a call ended, if no workflow waits for it or it is in the dead-letter queue; `None` when nothing is kept
    /// about it.
    ///
    /// # Errors
    /// `Stopped`.
    pub async fn call_outcome(self, number: i64) -> Result<Option<CallOutcome>, Rejected> {
        self.engine
            .read(move |reader| reader.call_outcome(number))
            .await
    }

    /// The file that holds the body of a call's answer, where the body was too long for the row.
    ///
    /// # Errors
    /// `Stopped`.
    pub async fn stored_body(self, number: i64) -> Result<Option<StoredAnswerBody>, Rejected> {
        self.engine
            .read(move |reader| reader.stored_body(number))
            .await
    }

    /// The number of the call that a MessageId names; `None` when it is not one of ours.
    ///
    /// # Errors
    /// `Stopped`.
    pub async fn call_number(self, message_id: &str) -> Result<Option<i64>, Rejected> {
        let id = message_id.to_owned();
        self.engine
            .ask(|reply| Command::NumberOfCall(id, reply))
            .await
    }

    /// What is counted of each target besides its lanes, by name; a target with none of it is left out. Reads every
    /// call in backoff and every dead letter.
    ///
    /// # Errors
    /// `Stopped`.
    pub async fn target_counts(self) -> Result<BTreeMap<String, TargetCounts>, Rejected> {
        self.engine.read(Reader::target_counts).await
    }

    /// Targets that the configuration no longer has and that still have waiting messages.
    ///
    /// # Errors
    /// `Stopped`.
    pub async fn absent_targets(
        self,
        configured: Vec<String>,
    ) -> Result<Vec<AbsentTarget>, Rejected> {
        self.engine
            .read(move |reader| {
                reader.absent_targets(|name| configured.iter().any(|one| one == name))
            })
            .await
    }
}
