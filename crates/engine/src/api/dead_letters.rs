//! Dead letters on the engine's handle.

use rampmeter_store::Reader;
use rampmeter_store::model::dead_letter::{
    DeadLetterGroup, DeadLetterState, DiscardDeadLetter, ListDeadLetters, RedriveDeadLetter,
    Redriven,
};
use rampmeter_store::model::page::Page;
use rampmeter_store::model::rejected::Rejected;

use crate::api::Engine;
use crate::command::Command;
use crate::command::control::ControlCommand;

/// Dead letters.
#[derive(Debug, Clone, Copy)]
pub struct DeadLetters<'e> {
    engine: &'e Engine,
}

impl Engine {
    /// Dead letters.
    #[must_use]
    pub fn dead_letters(&self) -> DeadLetters<'_> {
        DeadLetters { engine: self }
    }
}

impl DeadLetters<'_> {
    /// Dead letters, the latest failure first.
    ///
    /// # Errors
    /// `InvalidPageToken`, `Stopped`.
    pub async fn list_dead_letters(
        self,
        list: ListDeadLetters,
    ) -> Result<Page<DeadLetterState>, Rejected> {
        self.engine
            .read(move |reader| reader.dead_letters(&list))
            .await
    }

    /// The newest dead letters by target and error, the largest group first. At most 10,000 are looked at.
    ///
    /// # Errors
    /// `Stopped`.
    pub async fn dead_letter_groups(self) -> Result<Vec<DeadLetterGroup>, Rejected> {
        self.engine.read(Reader::dead_letter_groups).await
    }

    /// Redrives the execution of a dead letter, or sends its call again. The dead letter is gone afterwards.
    ///
    /// # Errors
    /// `Unknown`; `Impossible` where the workflow handled the failure, or the call is not valid;
    /// `ExecutionNotRedrivable`; `Stopped`.
    pub async fn redrive_dead_letter(
        self,
        redrive: RedriveDeadLetter,
    ) -> Result<Redriven, Rejected> {
        self.engine
            .ask(|reply| Command::Control(ControlCommand::RedriveDeadLetter(redrive, reply)))
            .await
    }

    /// Deletes a dead letter.
    ///
    /// # Errors
    /// `Unknown`, `Impossible` for one of a target that is not configured, `Stopped`.
    pub async fn discard_dead_letter(self, discard: DiscardDeadLetter) -> Result<(), Rejected> {
        self.engine
            .ask(|reply| Command::Control(ControlCommand::DiscardDeadLetter(discard, reply)))
            .await
    }
}
