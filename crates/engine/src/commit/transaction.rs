//! One command at work in the transaction: which function of `apply` does it, and whom the answer is for.

use rampmeter_store::StoreError;
use rampmeter_store::model::id::{MessageNumber, message_number};

use crate::apply::turn::Turn;
use crate::command::Command;

impl Turn<'_> {
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
            Command::ShutDown(done) => self.memory.drain(self.now, done),
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
                let number = message_number(self.memory.seal.key(), &id);
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
}
