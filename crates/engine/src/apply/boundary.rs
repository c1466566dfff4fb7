//! Where each of the three kinds of error has its consequence. What is refused is told to the client. What is damaged fails
//! alone: what was done before it was met is taken back, it is named in the log, in the figures and in the list of what could
//! not be read, and everything else goes on. What the store could not do ends the process, so that it is the only error that
//! leaves the functions of this file.

use rampmeter_asl::Stimulus;
use rampmeter_call::UNDELIVERABLE;
use rampmeter_store::model::damaged::{DamagedItem, DamagedKind};
use rampmeter_store::model::id::{ExecutionId, MessageNumber};
use rampmeter_store::model::invocation::TaskError;
use rampmeter_store::model::rejected::Rejected;
use rampmeter_store::{Damaged, Readable, StoreFailure, TransactionError, readable};

use crate::apply::turn::Turn;
use crate::command::Reply;

/// What came of something that was tried.
#[derive(Debug)]
pub(crate) enum Attempt<T> {
    /// It is done.
    Done(T),
    /// It cannot be done. Nothing has changed.
    Refused(Rejected),
    /// It met a row that cannot be read, and what it did before is taken back.
    Damaged(Damaged),
}

/// What a client is answered.
pub(crate) type Answer<T> = Result<T, Rejected>;

/// How far a transaction had come.
#[derive(Debug, Clone, Copy)]
struct Mark {
    pending: usize,
    unkept: usize,
    ended: usize,
}

impl Turn<'_> {
    /// Does something, or takes it back when it meets a row that cannot be read.
    pub(crate) fn attempt<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, TransactionError>,
    ) -> Result<Attempt<T>, StoreFailure> {
        let mark = Mark {
            pending: self.pending.len(),
            unkept: self.out.unkept.len(),
            ended: self.out.ended.len(),
        };
        self.store.mark()?;
        match work(self) {
            Ok(done) => {
                self.store.keep()?;
                Ok(Attempt::Done(done))
            }
            Err(TransactionError::Refused(refused)) => {
                self.store.keep()?;
                Ok(Attempt::Refused(refused))
            }
            Err(TransactionError::Damaged(damaged)) => {
                self.take_back(mark)?;
                Ok(Attempt::Damaged(damaged))
            }
            Err(TransactionError::Poisoned(failure)) => Err(failure),
        }
    }

    /// The store goes back to the mark, and what is remembered follows it.
    fn take_back(&mut self, mark: Mark) -> Result<(), StoreFailure> {
        self.store.take_back()?;
        self.pending.truncate(mark.pending);
        self.out.unkept.truncate(mark.unkept);
        self.out.ended.truncate(mark.ended);
        self.recall()
    }

    /// Reads again what is remembered of the store.
    pub(crate) fn recall(&mut self) -> Result<(), StoreFailure> {
        let recalled = self.memory.recall(self.store).and_then(|()| {
            // What was taken out of the table to be done is in it again.
            self.store.executions().continuing()
        });
        match readable(recalled)? {
            Readable::Whole(continuing) => {
                for id in continuing {
                    self.go_on_later(id);
                }
                Ok(())
            }
            Readable::Damaged(damaged) => {
                self.note_damaged(DamagedKind::Row, damaged.to_string(), &damaged)
            }
        }
    }

    /// Gives an execution a command of its own after this transaction, unless one waits already.
    pub(crate) fn go_on_later(&mut self, id: ExecutionId) {
        if self.memory.continuing.insert(id) {
            self.out.continuing.push(id);
        }
    }

    /// Carries out what a client asked for, and says what it is answered.
    pub(crate) fn answer_to<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, TransactionError>,
    ) -> Result<Answer<T>, StoreFailure> {
        Ok(match self.attempt(work)? {
            Attempt::Done(answer) => Ok(answer),
            Attempt::Refused(refused) => Err(refused),
            Attempt::Damaged(damaged) => Err(self.refuse_damaged(&damaged)?),
        })
    }

    /// Carries out what a client asked for, and answers it.
    pub(crate) fn client<T: Send + 'static>(
        &mut self,
        reply: Reply<T>,
        work: impl FnOnce(&mut Self) -> Result<T, TransactionError>,
    ) -> Result<(), StoreFailure> {
        let answer = self.answer_to(work)?;
        self.out.reply(reply, answer);
        Ok(())
    }

    /// Answers a question of a client. It changes nothing.
    pub(crate) fn question<T: Send + 'static>(
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
        self.out.reply(reply, answer);
        Ok(())
    }

    /// What a client is told whose request met a row that cannot be read.
    pub(crate) fn refuse_damaged(&mut self, damaged: &Damaged) -> Result<Rejected, StoreFailure> {
        self.note_damaged(DamagedKind::Row, damaged.to_string(), damaged)?;
        Ok(Rejected::Unreadable(damaged.to_string()))
    }

    /// Does something with one message. One that cannot be read is set aside, and the answer is none.
    pub(crate) fn with_message<T>(
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

    /// Takes a message that cannot be read out of wherever it would be taken again. Its row stays; its task fails.
    pub(crate) fn set_message_aside(
        &mut self,
        id: MessageNumber,
        damaged: &Damaged,
    ) -> Result<(), StoreFailure> {
        let task = self.store.set_message_aside(id)?;
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
    pub(crate) fn note_damaged(
        &mut self,
        kind: DamagedKind,
        name: String,
        damaged: &Damaged,
    ) -> Result<(), StoreFailure> {
        let item = DamagedItem {
            kind,
            name,
            why: damaged.to_string(),
            at: self.now_ms(),
        };
        tracing::error!(
            kind = kind.as_str(),
            name = item.name,
            why = item.why,
            "what cannot be read is set aside"
        );
        self.memory.damaged += 1;
        self.store.note_damaged(&item)?;
        Ok(())
    }
}

/// A row that cannot be read, told as the failure of the task that needed it.
pub(crate) fn as_task_error(damaged: &Damaged) -> TaskError {
    TaskError::new("States.Runtime", damaged.to_string())
}
