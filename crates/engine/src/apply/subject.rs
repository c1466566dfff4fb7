//! What every subject can do in a transaction, and what follows from each of the three kinds of error. A refusal is
//! told to the client. A damaged row fails alone: the changes made before it was met are taken back, it is named in the
//! log, in the figures and in the list of what could not be read, and everything else goes on. A failure of the store
//! ends the process, so it is the only error that leaves the functions of this file.

use rampmeter_asl::Stimulus;
use rampmeter_call::UNDELIVERABLE;
use rampmeter_dispatch::Time;
use rampmeter_store::model::damaged::{DamagedItem, DamagedKind};
use rampmeter_store::model::id::{ExecutionId, MessageNumber};
use rampmeter_store::model::invocation::TaskError;
use rampmeter_store::model::rejected::Rejected;
use rampmeter_store::{
    Damaged, Ledger, Readable, StoreError, StoreFailure, TransactionError, readable,
};
use rampmeter_time::UnixMillis;

use crate::apply::journal::Journal;
use crate::apply::pending::Pending;
use crate::command::Reply;

/// The result of something that was tried.
#[derive(Debug)]
pub(crate) enum Attempt<T> {
    /// It is done.
    Done(T),
    /// It cannot be done. Nothing has changed.
    Refused(Rejected),
    /// It met a row that cannot be read, and what it did before that has been taken back.
    Damaged(Damaged),
}

/// The response to a client.
pub(crate) type Response<T> = Result<T, Rejected>;

/// What every context of a transaction can do. A context takes back what it may have changed: its rows, by a savepoint
/// of the store, and its own part of the memory, which it reads again.
pub(crate) trait Subject {
    fn ledger(&self) -> Ledger<'_>;

    fn journal(&self) -> &Journal;

    fn journal_mut(&mut self) -> &mut Journal;

    /// Reads this subject's memory from the store again.
    fn read_again(&mut self) -> Result<(), StoreError>;

    /// The time of the transaction.
    fn now(&self) -> Time {
        self.journal().now
    }

    /// The same, in the form that rows and responses carry.
    fn now_millis(&self) -> UnixMillis {
        self.now().into()
    }

    /// Whether the engine is asked to stop, so that nothing new starts.
    fn is_draining(&self) -> bool {
        self.journal().draining
    }

    /// Answers a client after the commit.
    fn reply<T: Send + 'static>(&mut self, to: Reply<T>, answer: Response<T>) {
        self.journal_mut().out.reply(to, answer);
    }

    /// Leaves a stimulus for an execution.
    fn tell(&mut self, execution: ExecutionId, stimulus: Stimulus) {
        let at = self.now();
        self.tell_of_call(execution, stimulus, at, None);
    }

    /// The same, with the time at which it happens and the audit of the call that caused it.
    fn tell_of_call(
        &mut self,
        execution: ExecutionId,
        stimulus: Stimulus,
        at: Time,
        call: Option<String>,
    ) {
        self.journal_mut().pending.push_back(Pending {
            execution,
            stimulus,
            at,
            call,
        });
    }

    /// Does something, and takes it back if it meets a row that cannot be read.
    fn attempt<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, TransactionError>,
    ) -> Result<Attempt<T>, StoreFailure> {
        let mark = self.journal().mark();
        self.ledger().mark()?;
        match work(self) {
            Ok(done) => {
                self.ledger().keep()?;
                Ok(Attempt::Done(done))
            }
            Err(TransactionError::Refused(refused)) => {
                self.ledger().keep()?;
                Ok(Attempt::Refused(refused))
            }
            Err(TransactionError::Damaged(damaged)) => {
                self.ledger().take_back()?;
                self.journal_mut().take_back(mark);
                self.recall()?;
                Ok(Attempt::Damaged(damaged))
            }
            Err(TransactionError::Poisoned(failure)) => Err(failure),
        }
    }

    /// Reads the memory from the store again, and names what cannot be read.
    fn recall(&mut self) -> Result<(), StoreFailure> {
        match readable(self.read_again())? {
            Readable::Whole(()) => Ok(()),
            Readable::Damaged(damaged) => {
                self.note_damaged(DamagedKind::Row, damaged.to_string(), &damaged)
            }
        }
    }

    /// Carries out what a client asked for, and returns the response.
    fn answer_to<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, TransactionError>,
    ) -> Result<Response<T>, StoreFailure> {
        Ok(match self.attempt(work)? {
            Attempt::Done(answer) => Ok(answer),
            Attempt::Refused(refused) => Err(refused),
            Attempt::Damaged(damaged) => Err(self.refuse_damaged(&damaged)?),
        })
    }

    /// Carries out what a client asked for, and answers it.
    fn client<T: Send + 'static>(
        &mut self,
        reply: Reply<T>,
        work: impl FnOnce(&mut Self) -> Result<T, TransactionError>,
    ) -> Result<(), StoreFailure> {
        let answer = self.answer_to(work)?;
        self.reply(reply, answer);
        Ok(())
    }

    /// Answers a client's query, which changes nothing.
    fn question<T: Send + 'static>(
        &mut self,
        reply: Reply<T>,
        ask: impl FnOnce(&mut Self) -> Result<T, TransactionError>,
    ) -> Result<(), StoreFailure> {
        let answer = match ask(self) {
            Ok(answer) => Ok(answer),
            Err(TransactionError::Refused(refused)) => Err(refused),
            Err(TransactionError::Damaged(damaged)) => Err(self.refuse_damaged(&damaged)?),
            Err(TransactionError::Poisoned(failure)) => return Err(failure),
        };
        self.reply(reply, answer);
        Ok(())
    }

    /// The response to a client whose request met a row that cannot be read.
    fn refuse_damaged(&mut self, damaged: &Damaged) -> Result<Rejected, StoreFailure> {
        self.note_damaged(DamagedKind::Row, damaged.to_string(), damaged)?;
        Ok(Rejected::Unreadable(damaged.to_string()))
    }

    /// Does something with one message. One that cannot be read is set aside, and the result is `None`.
    fn with_message<T>(
        &mut self,
        id: MessageNumber,
        work: impl FnOnce(&mut Self) -> Result<T, TransactionError>,
    ) -> Result<Option<T>, StoreFailure> {
        match self.attempt(work)? {
            Attempt::Done(done) => Ok(Some(done)),
            Attempt::Refused(refused) => {
                let damaged = Damaged(refused.to_string());
                self.set_message_aside(id, &damaged).map(|()| None)
            }
            Attempt::Damaged(damaged) => self.set_message_aside(id, &damaged).map(|()| None),
        }
    }

    /// Takes an unreadable message out of wherever it would be met again. Its row stays; its task fails.
    fn set_message_aside(
        &mut self,
        id: MessageNumber,
        damaged: &Damaged,
    ) -> Result<(), StoreFailure> {
        let task = self.ledger().set_message_aside(id)?;
        self.recall()?;
        if let Some((execution, event)) = task {
            let stimulus = Stimulus::TaskFailed {
                event,
                error: Some(UNDELIVERABLE.to_owned()),
                cause: Some(damaged.to_string()),
            };
            self.tell(execution, stimulus);
        }
        self.note_damaged(DamagedKind::Message, format!("c-{}", id.0), damaged)
    }

    /// Names something that could not be read.
    fn note_damaged(
        &mut self,
        kind: DamagedKind,
        name: String,
        damaged: &Damaged,
    ) -> Result<(), StoreFailure> {
        self.note_item(&DamagedItem {
            kind,
            name,
            why: damaged.to_string(),
            at: self.now_millis(),
        })
    }

    /// The same, as it was met.
    fn note_item(&mut self, item: &DamagedItem) -> Result<(), StoreFailure> {
        tracing::error!(
            kind = item.kind.as_str(),
            name = item.name,
            why = item.why,
            "what cannot be read is set aside"
        );
        self.journal_mut().damaged += 1;
        self.ledger().note_damaged(item)?;
        Ok(())
    }
}

/// An unreadable row, as the failure of the task that needed it.
pub(crate) fn as_task_error(damaged: &Damaged) -> TaskError {
    TaskError::new("States.Runtime", damaged.to_string())
}
