//! One transaction at work: what the functions in `apply` may touch. Whatever they decide goes into the open
//! transaction or into the outbox; nothing leaves before the commit.

use std::collections::VecDeque;
use std::sync::Arc;

use rampmeter_asl::Stimulus;
use rampmeter_dispatch::Time;

use crate::command::Command;
use crate::id::{ExecutionId, MessageNumber, RevisionId, TargetId, message_number};
use crate::machines::Machine;
use crate::outbox::Outbox;
use crate::store::{Store, StoreError};
use crate::target::Target;
use crate::writer::Writer;

/// What else an execution is told in this transaction, because of what became of a message or of another execution.
#[derive(Debug)]
pub(crate) struct Notice {
    pub(crate) execution: ExecutionId,
    pub(crate) stimulus: Stimulus,
}

/// One transaction.
#[derive(Debug)]
pub(crate) struct Turn<'w> {
    pub(crate) writer: &'w mut Writer,
    pub(crate) now: Time,
    pub(crate) out: Outbox,
    /// What came up for other executions while one was being advanced.
    pub(crate) notices: VecDeque<Notice>,
    /// A message was made ready since this was last cleared.
    pub(crate) made_ready: bool,
}

impl<'w> Turn<'w> {
    pub(crate) fn new(writer: &'w mut Writer, now: Time) -> Turn<'w> {
        Turn {
            writer,
            now,
            out: Outbox::default(),
            notices: VecDeque::new(),
            made_ready: false,
        }
    }

    pub(crate) fn into_outbox(self) -> Outbox {
        self.out
    }

    /// Applies one command and all that follows from it at once.
    pub(crate) fn apply(&mut self, command: Command) -> Result<(), StoreError> {
        match command {
            Command::StartExecution(start, reply) => {
                let answer = self.start_execution(&start)?;
                self.out.reply(reply, answer);
            }
            Command::StopExecution(stop, reply) => {
                let answer = self.stop_execution(stop)?;
                self.out.reply(reply, answer);
            }
            Command::ReportTask(report, reply) => {
                let answer = self.report_task(report)?;
                self.out.reply(reply, answer);
            }
            Command::SendMessage(message, reply) => {
                let answer = self.send_message(message)?;
                self.out.reply(reply, answer);
            }
            Command::CreateStateMachine(create, reply) => {
                let answer = self.create_state_machine(create)?;
                self.out.reply(reply, answer);
            }
            Command::UpdateStateMachine(update, reply) => {
                let answer = self.update_state_machine(update)?;
                self.out.reply(reply, answer);
            }
            Command::DeleteStateMachine(arn, reply) => {
                let answer = self.delete_state_machine(&arn)?;
                self.out.reply(reply, answer);
            }
            Command::RedriveExecution(redrive, reply) => {
                let answer = self.redrive_execution(&redrive)?;
                self.out.reply(reply, answer);
            }
            Command::UpdateMapRun(update, reply) => {
                let answer = self.update_map_run(&update)?;
                self.out.reply(reply, answer);
            }
            Command::Queue(command) => self.apply_to_queue(command)?,
            Command::Activity(command) => self.apply_to_activity(command)?,
            Command::Version(command) => self.apply_to_version(command)?,
            Command::StartSyncExecution(start, reply) => {
                self.start_sync_execution(&start, reply)?;
            }
            Command::ShutDown(done) => self.writer.drain(self.now, done),
            Command::Continue(execution) => self.continue_execution(execution)?,
            Command::Answered {
                target,
                permit,
                outcome,
            } => {
                self.answered(target, permit, outcome)?;
            }
            Command::Invoked {
                key,
                execution,
                invoked,
            } => self.invoked(key, execution, invoked)?,
            Command::Control(command) => self.control(command)?,
            question => self.answer(question)?,
        }
        self.give_notices()
    }

    /// Answers a question that only the writer's memory can answer. It changes nothing.
    fn answer(&mut self, question: Command) -> Result<(), StoreError> {
        match question {
            Command::InspectTargets(reply) => {
                let answer = self.inspect_targets();
                self.out.reply(reply, Ok(answer));
            }
            Command::InspectFigures(reply) => {
                let answer = self.inspect_figures()?;
                self.out.reply(reply, Ok(answer));
            }
            Command::InspectCalls(most, target, reply) => {
                let answer = self.inspect_calls(most, target.as_deref())?;
                self.out.reply(reply, Ok(answer));
            }
            Command::InspectCall(number, reply) => {
                let answer = self.call_of(MessageNumber(number))?;
                self.out.reply(reply, Ok(answer));
            }
            Command::NumberOfCall(id, reply) => {
                let number = message_number(self.writer.seal.key(), &id);
                self.out.reply(reply, Ok(number.map(|number| number.0)));
            }
            Command::InspectExecution(arn, reply) => {
                let answer = self.inspect_execution(&arn)?;
                self.out.reply(reply, answer);
            }
            other => unreachable!("{other:?} is no question"),
        }
        Ok(())
    }

    pub(crate) fn store(&self) -> &Store {
        &self.writer.store
    }

    /// The time in milliseconds since the Unix epoch, as events carry it.
    pub(crate) fn now_ms(&self) -> i64 {
        self.now.as_micros().div_euclid(1_000)
    }

    /// A target by its number, which came from our own rows or commands.
    pub(crate) fn target(&mut self, id: TargetId) -> &mut Target {
        self.writer
            .targets
            .get_mut(&id)
            .expect("a queue or permit in use belongs to a target")
    }

    /// The revision of a state machine that an execution uses.
    pub(crate) fn machine(&mut self, id: RevisionId) -> Result<Arc<Machine>, StoreError> {
        let Writer {
            machines,
            store,
            place,
            ..
        } = &mut *self.writer;
        machines.revision(id, store, place)
    }

    /// The revision that new executions of the state machine with this name start with.
    pub(crate) fn newest_machine(
        &mut self,
        name: &str,
    ) -> Result<Option<Arc<Machine>>, StoreError> {
        let Writer {
            machines,
            store,
            place,
            ..
        } = &mut *self.writer;
        machines.newest(name, store, place)
    }
}
