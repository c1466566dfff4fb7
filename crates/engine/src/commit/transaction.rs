//! One command at work in the transaction: which function of `apply` does it, and whom the answer is for. Whatever a command
//! left for executions is told them before the next begins.

use rampmeter_store::StoreFailure;
use rampmeter_store::model::id::{MessageNumber, message_number};

use crate::apply::calls::open_calls::{self, Survey};
use crate::apply::turn::Turn;
use crate::command::Command;

impl Turn<'_> {
    /// Applies one command and all that follows from it at once.
    pub(crate) fn apply(&mut self, command: Command) -> Result<(), StoreFailure> {
        match command {
            Command::StartExecution(start, reply) => {
                self.client(reply, |turn| turn.start_execution(&start))?;
            }
            Command::StopExecution(stop, reply) => {
                self.client(reply, |turn| turn.stop_execution(stop))?;
            }
            Command::ReportTask(report, reply) => {
                self.client(reply, |turn| turn.report_task(report))?;
            }
            Command::SendMessage(message, reply) => {
                self.client(reply, |turn| turn.send_message(message))?;
            }
            Command::CreateStateMachine(create, reply) => {
                self.client(reply, |turn| turn.create_state_machine(create))?;
            }
            Command::UpdateStateMachine(update, reply) => {
                self.client(reply, |turn| turn.update_state_machine(update))?;
            }
            Command::DeleteStateMachine(arn, reply) => {
                self.client(reply, |turn| turn.delete_state_machine(&arn))?;
            }
            Command::RedriveExecution(redrive, reply) => {
                self.client(reply, |turn| turn.redrive_execution(&redrive))?;
            }
            Command::UpdateMapRun(update, reply) => {
                self.client(reply, |turn| turn.update_map_run(&update))?;
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
            } => self.answered(target, permit, outcome)?,
            Command::Invoked {
                key,
                execution,
                invoked,
            } => self.invoked(key, execution, invoked)?,
            Command::Control(command) => self.control(command)?,
            question => self.answer(question)?,
        }
        self.resume_pending()
    }

    /// Does everything that is due by time alone. Answers whether more is due at once.
    pub(crate) fn fire_due(&mut self) -> Result<bool, StoreFailure> {
        let timers = self.fire_timers()?;
        let messages = self.end_delays()?;
        self.end_holds()?;
        self.end_limit_changes()?;
        self.resume_pending()?;
        Ok(timers || messages)
    }

    /// Answers a question that only the writer's memory can answer. It changes nothing.
    fn answer(&mut self, question: Command) -> Result<(), StoreFailure> {
        match question {
            Command::InspectTargets(reply) => {
                self.question(reply, |turn| Ok(turn.inspect_targets()))
            }
            Command::InspectFigures(reply) => {
                self.question(reply, |turn| Ok(turn.inspect_figures()?))
            }
            Command::InspectCalls(most, target, reply) => self.question(reply, |turn| {
                Ok(open_calls::list(turn, most, target.as_deref())?)
            }),
            Command::InspectCall(number, reply) => self.question(reply, |turn| {
                Ok(Survey::default().call(turn, MessageNumber(number))?)
            }),
            Command::NumberOfCall(id, reply) => self.question(reply, |turn| {
                let number = message_number(turn.memory.seal.key(), &id);
                Ok(number.map(|number| number.0))
            }),
            Command::InspectExecution(arn, reply) => {
                self.question(reply, |turn| turn.inspect_execution(&arn))
            }
            other => unreachable!("{other:?} is no question"),
        }
    }
}
