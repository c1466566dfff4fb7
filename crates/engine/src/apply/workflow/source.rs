//! Messages that start executions. Each message of a workflow's source queue starts one execution whose name is the
//! MessageId and whose input is the body; the message is deleted in the same transaction. A message that is delivered
//! again, after a crash or by a redrive, finds its execution and starts nothing.
//!
//! A message that cannot start one (its body is not JSON or too long, or the state machine is gone) counts as received:
//! it is hidden for the queue's visibility timeout and tried again, until the queue's redrive policy sends it to the
//! dead-letter queue or its retention ends. Any failing consumer of an SQS queue has the same effect.

use std::time::Duration;

use rampmeter_store::model::damaged::DamagedKind;
use rampmeter_store::model::execution::StartExecution;
use rampmeter_store::model::id::{QueueId, message_id};
use rampmeter_store::model::queue_error::QueueError;
use rampmeter_store::model::rejected::Rejected;
use rampmeter_store::{MessageRow, StoreFailure, TransactionError, message_body};

use crate::apply::queues::Applied;
use crate::apply::queues::context::QueueContext;
use crate::apply::queues::receive::Taken;
use crate::apply::subject::Attempt;
use crate::apply::subject::Subject;
use crate::apply::workflow::context::WorkflowContext;
use rampmeter_index::Taking;

/// Executions started from queues in one transaction, so that no queue can occupy the writer.
const STARTED_AT_ONCE: usize = 64;

/// Messages taken from one queue before the next queue has its turn: as many as one receive may take.
const TAKEN_AT_ONCE: usize = 10;

/// Without it, a bad message in a queue whose visibility timeout is 0 would be tried without a pause.
const LEAST_PAUSE: Duration = Duration::from_secs(1);

/// Executions that messages of source queues start.
#[derive(Debug)]
pub(crate) struct SourceStarts<'a, 't> {
    pub(crate) workflow: &'a mut WorkflowContext<'t>,
}

impl<'t> WorkflowContext<'t> {
    pub(crate) fn sources(&mut self) -> SourceStarts<'_, 't> {
        SourceStarts { workflow: self }
    }
}

impl SourceStarts<'_, '_> {
    /// Starts executions for messages that wait in source queues. Returns whether there may be more.
    pub(crate) fn start_from_sources(&mut self) -> Result<bool, StoreFailure> {
        if self.workflow.is_draining() {
            return Ok(false);
        }
        let mut started = 0;
        while started < STARTED_AT_ONCE {
            let Some(queue) = self.workflow.calls.queue.memory.sources.next_woken() else {
                return Ok(false);
            };
            let attributes = &self.workflow.calls.queue.queue_record(queue).attributes;
            let taking = Taking {
                queue,
                most: TAKEN_AT_ONCE.min(STARTED_AT_ONCE - started),
                invisible: attributes.visibility_timeout().max(LEAST_PAUSE),
                attempt: None,
            };
            let taken = match self
                .workflow
                .attempt(|workflow| Ok(workflow.calls.queue.receives().take(taking)?))?
            {
                Attempt::Done(taken) => taken,
                Attempt::Refused(_) => Taken::default(),
                Attempt::Damaged(damaged) => {
                    let name = self.workflow.calls.queue.queue_record(queue).name.clone();
                    self.workflow
                        .note_damaged(DamagedKind::Queue, name, &damaged)?;
                    Taken::default()
                }
            };
            if taken.is_empty() {
                self.workflow.calls.queue.memory.sources.rest(queue);
            }
            for (message, _) in taken.messages {
                self.start_from(queue, &message)?;
                self.workflow.resume_pending()?;
                started += 1;
            }
        }
        Ok(true)
    }

    fn start_from(&mut self, queue: QueueId, message: &MessageRow) -> Result<(), StoreFailure> {
        let workflow = self.workflow.calls.queue.memory.sources.workflow_of(queue);
        let workflow = workflow.expect("the queue is a source").to_owned();
        let Some(input) = self.workflow.with_message(message.id, |workflow| {
            Ok(message_body(
                workflow.calls.queue.store.executions,
                message,
            )?)
        })?
        else {
            return Ok(());
        };
        let start = StartExecution {
            state_machine_arn: self.workflow.arns.machine_arn(&workflow),
            name: Some(message_id(self.workflow.seal.key(), message.id)),
            input,
        };
        let started = self.workflow.attempt(|workflow| {
            match workflow.starts().start_execution(&start) {
                Ok(_) | Err(TransactionError::Refused(Rejected::ExecutionAlreadyExists(_))) => {}
                Err(other) => return Err(other),
            }
            Ok(workflow.calls.queue.erase(queue, message.id)?)
        })?;
        let why = match started {
            Attempt::Done(()) => return Ok(()),
            Attempt::Refused(refused) => refused,
            Attempt::Damaged(damaged) => self.workflow.refuse_damaged(&damaged)?,
        };
        tracing::warn!(
            workflow,
            message = start.name,
            receives = message.receive_count,
            %why,
            "a message of a source queue starts no execution"
        );
        Ok(())
    }
}

impl QueueContext<'_> {
    /// A queue that a workflow starts from cannot be deleted from under it.
    pub(crate) fn refuse_source(&self, queue: QueueId) -> Applied<()> {
        let Some(workflow) = self.memory.sources.workflow_of(queue) else {
            return Ok(());
        };
        let name = &self.queue_record(queue).name;
        Err(QueueError::UnsupportedOperation(format!(
            "{name} is the source of the workflow {workflow}: take source out of [workflows.{workflow}] to delete it."
        ))
        .into())
    }
}
