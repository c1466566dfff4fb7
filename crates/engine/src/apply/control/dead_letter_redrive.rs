//! Dead letters that a person redrives or discards. One with a task token is the record of a failed task: its execution
//! is redriven, if this failure ended it. One without is sent again under its own MessageId, so that the vendor sees
//! the same idempotency key.

use rampmeter_asl::{Detail, Event, EventId, record};
use rampmeter_call::{CallMessage, OUTCOME_UNKNOWN, OnUnknown};
use rampmeter_dispatch::Priority;
use rampmeter_store::message_body;
use rampmeter_store::model::damaged::DamagedKind;
use rampmeter_store::model::dead_letter::{DiscardDeadLetter, RedriveDeadLetter, Redriven};
use rampmeter_store::model::execution::{ExecutionStatus, RedriveExecution};
use rampmeter_store::model::id::{ExecutionId, MessageNumber};
use rampmeter_store::model::rejected::Rejected;
use rampmeter_store::unreadable;
use rampmeter_store::{ExecutionRow, MessageRow, OrderStatus, StoreError};
use rampmeter_store::{StoreFailure, TransactionError};

use crate::apply::control::context::ControlContext;
use crate::apply::subject::Attempt;
use crate::apply::subject::Subject;
use crate::command::Reply;
use rampmeter_index::Queue;

/// Levels of branches and iterations through which a failure is followed down to its task.
const MAX_LEVELS: usize = 1_000;

/// A dead letter: its message, its queue, and the lane that it was in, if that is known.
struct DeadLetterTaken {
    message: MessageRow,
    queue: Queue,
    lane: Option<Priority>,
}

impl ControlContext<'_> {
    /// Does something with a dead letter. One that cannot be read stays where it is, and is named.
    pub(crate) fn with_dead_letter<T: Send + 'static>(
        &mut self,
        id: i64,
        reply: Reply<T>,
        work: impl FnOnce(&mut Self) -> Result<T, TransactionError>,
    ) -> Result<(), StoreFailure> {
        let answer = match self.attempt(work)? {
            Attempt::Done(done) => Ok(done),
            Attempt::Refused(refused) => Err(refused),
            Attempt::Damaged(damaged) => {
                self.note_damaged(DamagedKind::DeadLetter, format!("c-{id}"), &damaged)?;
                Err(Rejected::Unreadable(damaged.to_string()))
            }
        };
        self.reply(reply, answer);
        Ok(())
    }

    /// Redrives the execution of a dead letter, or sends its call again. The dead letter is gone afterwards.
    pub(crate) fn redrive_dead_letter(
        &mut self,
        redrive: &RedriveDeadLetter,
    ) -> Result<Redriven, TransactionError> {
        let DeadLetterTaken {
            message,
            queue,
            lane,
        } = self.dead_letter(redrive.id)?;
        self.check_bulk(redrive.bulk)?;
        if !redrive.checked {
            self.check_outcome(&message, queue)?;
        }
        let redriven = match message.task {
            Some((execution, event)) if redrive.priority.is_none() => {
                self.redrive_of_task(execution, event)?
            }
            Some(_) => {
                let what = format!(
                    "dead letter c-{} belongs to a task: its execution is redriven, and sends the call as its definition says",
                    redrive.id
                );
                return Err(Rejected::Impossible(what).into());
            }
            None => {
                let priority = redrive.priority.or(lane).unwrap_or(Priority::Batch);
                self.send_dead_letter_again(message.clone(), queue, priority)?
            }
        };
        if let Redriven::Execution(_) = redriven {
            self.delete_letter(&message, queue)?;
        }
        let change = match &redriven {
            Redriven::Execution(arn) => format!("redrove {arn}"),
            Redriven::Call(priority) => format!("sent again as {priority}"),
        };
        if redrive.bulk.is_none() {
            self.record_letter(queue, redrive.id, "redrive", &change, &redrive.reason)?;
        }
        Ok(redriven)
    }

    /// A call that the vendor may have done is not sent again before somebody has asked: the worker does so where its target
    /// reconciles, else a person has to.
    fn check_outcome(
        &mut self,
        message: &MessageRow,
        queue: Queue,
    ) -> Result<(), TransactionError> {
        let calls = &mut self.workflow.calls;
        let error = calls.store.controls.error_of_letter(message.id)?;
        if error.as_deref() != Some(OUTCOME_UNKNOWN) {
            return Ok(());
        }
        let on_unknown = calls.permits().on_unknown_of(queue.target, message)?;
        if on_unknown == OnUnknown::Reconcile {
            return Ok(());
        }
        let what = format!(
            "nobody knows whether the vendor did the work of c-{}: look there first, then redrive it with --i-checked",
            message.id.0
        );
        Err(Rejected::Impossible(what).into())
    }

    /// Deletes a dead letter. The history of its execution keeps what happened.
    pub(crate) fn discard_dead_letter(
        &mut self,
        discard: &DiscardDeadLetter,
    ) -> Result<(), TransactionError> {
        let DeadLetterTaken { message, queue, .. } = self.dead_letter(discard.id)?;
        self.check_bulk(discard.bulk)?;
        self.delete_letter(&message, queue)?;
        // The history of an execution refers to the answers of its calls until retention deletes it.
        if message.task.is_none() {
            let bodies = self
                .workflow
                .calls
                .store
                .calls
                .delete_bodies_of(message.id)?;
            self.journal_mut().out.unkept.extend(bodies);
        }
        if discard.bulk.is_none() {
            self.record_letter(queue, discard.id, "discard", "discarded", &discard.reason)?;
        }
        Ok(())
    }

    fn dead_letter(&mut self, id: i64) -> Result<DeadLetterTaken, TransactionError> {
        let number = MessageNumber(id);
        let unknown = || Rejected::Unknown(format!("there is no dead letter c-{id}"));
        let Some(lane) = self
            .workflow
            .calls
            .store
            .controls
            .lane_of_dead_letter(number)?
        else {
            return Err(unknown().into());
        };
        let Some(message) = self.workflow.calls.store.messages.message(number)? else {
            return Err(unknown().into());
        };
        // Its target may no longer be configured.
        let Some(queue) = self.workflow.calls.queue.memory.queues.get(message.queue) else {
            let what = format!("the target of dead letter c-{id} is not configured");
            return Err(Rejected::Impossible(what).into());
        };
        Ok(DeadLetterTaken {
            message,
            queue,
            lane,
        })
    }

    fn delete_letter(&mut self, message: &MessageRow, queue: Queue) -> Result<(), StoreError> {
        self.workflow
            .calls
            .store
            .controls
            .take_from_dead_letters(queue.id, message.id)?;
        self.workflow
            .calls
            .store
            .messages
            .delete_message(message.id)
    }

    fn record_letter(
        &mut self,
        queue: Queue,
        id: i64,
        kind: &str,
        change: &str,
        reason: &str,
    ) -> Result<(), StoreFailure> {
        let target = self.workflow.calls.target(queue.target).config.name.clone();
        self.record_control(&target, kind, &format!("c-{id}"), change, reason)?;
        Ok(())
    }

    /// Puts the call back into a lane, with all its attempts before it again.
    fn send_dead_letter_again(
        &mut self,
        mut message: MessageRow,
        dead: Queue,
        priority: Priority,
    ) -> Result<Redriven, TransactionError> {
        let body = message_body(self.workflow.calls.queue.store.executions, &message)?;
        let account = &self.workflow.calls.target(dead.target).config.account;
        if let Err(invalid) = CallMessage::parse(&body, account) {
            let what = format!(
                "c-{} is no valid call ({invalid}): discard it and send a corrected one",
                message.id.0
            );
            return Err(Rejected::Impossible(what).into());
        }
        let queue = self.workflow.calls.target(dead.target).queues[priority.index()];
        self.workflow
            .calls
            .store
            .controls
            .take_from_dead_letters(dead.id, message.id)?;
        self.workflow
            .calls
            .store
            .controls
            .begin_anew(message.id, queue, self.now())?;
        (message.queue, message.turn) = (queue, 0);
        (message.attempts, message.crashes, message.refusals) = (0, 0, 0);
        message.sent_at = self.now();
        self.workflow.calls.lanes().note_wait(&message)?;
        if let Some(ordering) = message.ordering {
            let status = OrderStatus::Free;
            self.workflow.calls.store.lanes.insert_order(
                dead.target,
                ordering,
                queue,
                message.id,
                status,
            )?;
        }
        self.workflow.calls.lanes().make_ready(&message)?;
        Ok(Redriven::Call(priority))
    }

    fn redrive_of_task(
        &mut self,
        execution: ExecutionId,
        scheduled: EventId,
    ) -> Result<Redriven, TransactionError> {
        let Some(row) = self.workflow.store.executions.execution(execution)? else {
            let what = "its execution is no longer kept: discard it, or start a new execution";
            return Err(Rejected::Impossible(what.to_owned()).into());
        };
        let machine = self.workflow.machine(row.revision)?;
        let arn = row.arn(self.workflow.arns, &machine.name);
        if let Some(why) = self.went_on(&row, scheduled)? {
            let what = format!("{why} ({arn}): discard the dead letter, or start a new execution");
            return Err(Rejected::Impossible(what).into());
        }
        let request = RedriveExecution {
            execution_arn: arn.clone(),
            client_token: None,
            bulk: None,
        };
        self.workflow.redrives().redrive_execution(&request)?;
        Ok(Redriven::Execution(arn))
    }

    /// Why the failure of a task is not the one that ended its execution; `None` when it is. From the last event, the
    /// failures of Map and Parallel states and their children lead down to the task that failed first.
    fn went_on(
        &self,
        row: &ExecutionRow,
        scheduled: EventId,
    ) -> Result<Option<String>, StoreError> {
        if row.status != ExecutionStatus::Failed {
            let status = row.status.as_str();
            return Ok(Some(format!(
                "its execution is {status}: a Retry or a Catch took this failure up"
            )));
        }
        let handled = "a Retry or a Catch took this failure up, and its execution failed later";
        let mut id = row.events;
        for _ in 0..MAX_LEVELS {
            if id <= scheduled {
                break;
            }
            let Some(event) = self.event(row, id)? else {
                break;
            };
            match event.detail {
                Detail::ExecutionFailed { .. }
                | Detail::StateFailed { .. }
                | Detail::Iteration { .. }
                | Detail::TaskFailed { .. }
                | Detail::TaskSubmitted { .. }
                | Detail::TaskStarted { .. } => id = event.previous,
                _ => return Ok(Some(handled.to_owned())),
            }
        }
        Ok((id != scheduled).then(|| handled.to_owned()))
    }

    fn event(&self, row: &ExecutionRow, id: EventId) -> Result<Option<Event>, StoreError> {
        for step in self
            .workflow
            .store
            .executions
            .steps_between(row.last_step, id, id)?
        {
            let data = self.workflow.store.executions.step_data(step)?;
            let step = record::decode(&data).map_err(|error| unreadable(step, &error))?;
            if let Some(event) = step.events.into_iter().find(|event| event.id == id) {
                return Ok(Some(event));
            }
        }
        Ok(None)
    }
}
