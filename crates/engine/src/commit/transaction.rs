//! One transaction: it hands out the contexts, each with what its subject may touch, and calls the function that does
//! what a command asks for. Executions are told whatever a command left for them before the next command begins.

use std::sync::Arc;

use rampmeter_dispatch::Time;
use rampmeter_store::model::control::{Action, Actor};
use rampmeter_store::model::damaged::DamagedItem;
use rampmeter_store::model::id::{MessageNumber, message_number};
use rampmeter_store::{LeftOut, Store, StoreFailure, take_left_out};

use crate::apply::calls::context::{CallContext, CallStore};
use crate::apply::calls::max_wait::Waits;
use crate::apply::calls::open_calls::{self, Survey};
use crate::apply::control::context::ControlContext;
use crate::apply::journal::Journal;
use crate::apply::machines::context::{MachineContext, MachineStore};
use crate::apply::outbox::Outbox;
use crate::apply::queues::context::{QueueContext, QueueStore};
use crate::apply::subject::Subject;
use crate::apply::workflow::context::{WorkflowContext, WorkflowStore};
use crate::command::Command;
use crate::memory::Memory;

/// One transaction. What is decided goes into the store or into the journal; nothing leaves before the commit.
#[derive(Debug)]
pub(crate) struct Transaction<'w> {
    store: &'w Store,
    memory: &'w mut Memory,
    pub(crate) journal: Journal,
    /// A message was made ready since this was last cleared.
    pub(crate) made_ready: bool,
}

impl<'w> Transaction<'w> {
    pub(crate) fn new(store: &'w Store, memory: &'w mut Memory, now: Time) -> Transaction<'w> {
        let journal = Journal::new(now, memory.draining.is_some(), memory.damaged);
        Transaction {
            store,
            memory,
            journal,
            made_ready: false,
        }
    }

    /// People's changes and retention, which may touch everything below.
    pub(crate) fn control(&mut self) -> ControlContext<'_> {
        let memory = &mut *self.memory;
        let (arns, seal) = (&memory.arns, &memory.seal);
        let queue = QueueContext {
            store: QueueStore::of(self.store),
            ledger: self.store.ledger(),
            memory: &mut memory.queue,
            journal: &mut self.journal,
            arns,
            seal,
        };
        let calls = CallContext {
            queue,
            store: CallStore::of(self.store),
            ledger: self.store.ledger(),
            memory: &mut memory.calls,
            made_ready: &mut self.made_ready,
            arns,
            seal,
        };
        let workflow = WorkflowContext {
            calls,
            store: WorkflowStore::of(self.store),
            ledger: self.store.ledger(),
            memory: &mut memory.workflow,
            arns,
            seal,
        };
        ControlContext {
            workflow,
            memory: &mut memory.control,
        }
    }

    /// Executions.
    pub(crate) fn workflow(&mut self) -> WorkflowContext<'_> {
        self.control().workflow
    }

    /// Calls.
    pub(crate) fn calls(&mut self) -> CallContext<'_> {
        self.workflow().calls
    }

    /// Queues.
    pub(crate) fn queue(&mut self) -> QueueContext<'_> {
        self.calls().queue
    }

    /// State machines, their versions and aliases.
    pub(crate) fn machines(&mut self) -> MachineContext<'_> {
        MachineContext {
            store: MachineStore {
                machines: self.store.machines(),
            },
            ledger: self.store.ledger(),
            memory: &mut self.memory.workflow.machines,
            journal: &mut self.journal,
            arns: &self.memory.arns,
        }
    }

    /// What is to be done after the commit.
    pub(crate) fn into_outbox(mut self) -> Outbox {
        assert!(
            self.journal.pending.is_empty(),
            "executions are told everything before the commit"
        );
        self.workflow().answer_ended();
        self.workflow().steps().begin_evaluations();
        self.memory.damaged = self.journal.damaged;
        self.journal.out
    }

    /// Names what was left out of lists that this thread has read.
    pub(crate) fn note_left_out(&mut self) -> Result<(), StoreFailure> {
        for LeftOut { kind, name, why } in take_left_out() {
            self.calls().note_damaged(kind, name, &why)?;
        }
        Ok(())
    }

    /// Applies one command and all that follows from it at once.
    pub(crate) fn apply(&mut self, command: Command) -> Result<(), StoreFailure> {
        let applied = match command {
            Command::By(actor, command) => return self.apply_for(actor, *command),
            Command::StartExecution(start, reply) => self.workflow().client(reply, |workflow| {
                let started = workflow.starts().start_execution(&start)?;
                let arn = &started.execution_arn;
                workflow.calls.record_action(Action::Start, "", arn, "")?;
                Ok(started)
            }),
            Command::StopExecution(stop, reply) => self.workflow().client(reply, |workflow| {
                let (arn, cause) = (stop.execution_arn.clone(), stop.cause.clone());
                let stopped_at = workflow.stop_execution(stop)?;
                let cause = cause.unwrap_or_default();
                workflow
                    .calls
                    .record_action(Action::Stop, "", &arn, &cause)?;
                Ok(stopped_at)
            }),
            Command::ReportTask(report, reply) => self
                .workflow()
                .client(reply, |workflow| workflow.report_task(report)),
            Command::RedriveExecution(redrive, reply) => self
                .control()
                .client(reply, |control| control.redrive_execution(&redrive)),
            Command::UpdateMapRun(update, reply) => self.workflow().client(reply, |workflow| {
                workflow.map_runs().update_map_run(&update)
            }),
            Command::StartSyncExecution(start, reply) => {
                self.workflow().start_sync_execution(&start, reply)
            }
            Command::Continue(execution) => self.workflow().steps().continue_execution(execution),
            Command::Evaluated {
                execution,
                number,
                evaluated,
            } => self
                .workflow()
                .steps()
                .evaluated(execution, number, evaluated),
            Command::Invoked {
                key,
                execution,
                invoked,
            } => self.workflow().services().invoked(key, execution, invoked),
            Command::Activity(command) => self.workflow().activities().apply_to_activity(command),
            Command::CreateStateMachine(create, reply) => self
                .machines()
                .client(reply, |machines| machines.create_state_machine(create)),
            Command::UpdateStateMachine(update, reply) => self
                .machines()
                .client(reply, |machines| machines.update_state_machine(update)),
            Command::DeleteStateMachine(arn, reply) => self
                .machines()
                .client(reply, |machines| machines.delete_state_machine(&arn)),
            Command::Version(command) => self.machines().apply_to_version(command),
            Command::SendMessage(message, reply) => self
                .calls()
                .client(reply, |calls| calls.send_message(message)),
            Command::SendMessageBatch(batch, reply) => self
                .calls()
                .client(reply, |calls| calls.send_message_batch(batch)),
            Command::DescribeQueue(url, reply) => self
                .calls()
                .client(reply, |calls| Ok(calls.describe_queue(&url)?)),
            Command::Answered {
                target,
                permit,
                outcome,
            } => self.calls().answered(target, permit, outcome),
            Command::Queue(command) => self.queue().apply_to_queue(command),
            Command::Control(command) => self.control().control(command),
            Command::NoteDamaged(items) => self.note_met(items),
            Command::ShutDown(done) => {
                self.memory.drain(self.journal.now, done);
                self.journal.draining = true;
                Ok(())
            }
            question => self.answer(question),
        };
        applied?;
        self.workflow().resume_pending()
    }

    /// Applies a command on somebody's behalf.
    fn apply_for(&mut self, actor: Arc<Actor>, command: Command) -> Result<(), StoreFailure> {
        self.journal.actor = Some(actor);
        let applied = self.apply(command);
        self.journal.actor = None;
        applied
    }

    /// Names what readers beside the writer found damaged.
    fn note_met(&mut self, items: Vec<DamagedItem>) -> Result<(), StoreFailure> {
        let mut calls = self.calls();
        for item in items {
            calls.note_item(&item)?;
        }
        Ok(())
    }

    /// The date is so many microseconds ahead of the engine's time.
    pub(crate) fn follow_date(&mut self, ahead: i64) -> Result<(), StoreFailure> {
        self.calls().calendars().follow_date(ahead)
    }

    /// Does everything that is due by time alone. Returns whether more is due at once.
    pub(crate) fn fire_due(&mut self) -> Result<bool, StoreFailure> {
        let timers = self.workflow().fire_timers()?;
        let mut calls = self.calls();
        let messages = calls.end_delays()?;
        calls.end_holds()?;
        let waits = Waits { calls: &mut calls }.end_waits()?;
        self.control().end_limit_changes()?;
        self.workflow().resume_pending()?;
        Ok(timers || messages || waits)
    }

    /// Does what waits for nothing but room: executions of sources, requests, calls, long polls, workers. Returns
    /// whether more is due at once.
    pub(crate) fn start_what_waits(&mut self) -> Result<bool, StoreFailure> {
        let mut workflow = self.workflow();
        let mut unfinished = workflow.sources().start_from_sources()?;
        workflow.services().start_invocations()?;
        workflow.resume_pending()?;
        *workflow.calls.made_ready = false;
        unfinished |= workflow.calls.permits().start_calls()?;
        workflow.resume_pending()?;
        unfinished |= workflow.services().may_start_invocations();
        unfinished |= workflow.calls.queue.work_on_queues()?;
        unfinished |= workflow.activities().serve_waiting_workers()?;
        let mut control = self.control();
        unfinished |= control.forget_old()?;
        control.workflow.resume_pending()?;
        // A task that failed here may have resumed a workflow that sent to a target already visited.
        Ok(unfinished || self.made_ready)
    }

    /// Answers a query that only the writer's memory can answer. It changes nothing.
    fn answer(&mut self, question: Command) -> Result<(), StoreFailure> {
        match question {
            Command::InspectTargets(reply) => self
                .calls()
                .question(reply, |calls| Ok(calls.inspect_targets())),
            Command::InspectFigures(reply) => {
                let commits = self.memory.commits;
                let workflows = self.memory.workflow.ended.figures();
                self.calls().question(
                    reply,
                    |calls| Ok(calls.inspect_figures(commits, workflows)?),
                )
            }
            Command::InspectCalls(most, target, reply) => self.calls().question(reply, |calls| {
                Ok(open_calls::list(calls, most, target.as_deref())?)
            }),
            Command::InspectCall(number, reply) => self.calls().question(reply, |calls| {
                Ok(Survey::default().call(calls, MessageNumber(number))?)
            }),
            Command::NumberOfCall(id, reply) => self.queue().question(reply, |queue| {
                let number = message_number(queue.seal.key(), &id);
                Ok(number.map(|number| number.0))
            }),
            Command::InspectExecution(arn, reply) => self.workflow().question(reply, |workflow| {
                workflow.inspection().inspect_execution(&arn)
            }),
            other => unreachable!("{other:?} is no question"),
        }
    }
}
