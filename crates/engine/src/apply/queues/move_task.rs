//! Message move tasks: a dead-letter queue's messages go back to where they came from, or to a named queue.
//! They arrive as new messages, with new ids, as on AWS.
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html>

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rampmeter_store::message_body;
use rampmeter_store::model::damaged::DamagedKind;
use rampmeter_store::model::id::{MessageNumber, QueueId};
use rampmeter_store::model::queue_error::QueueError;
use rampmeter_store::model::rejected::Rejected;
use rampmeter_store::model::sqs::attributes::parameter;
use rampmeter_store::model::sqs::{MoveTask, MoveTaskStatus, StartMessageMoveTask};
use rampmeter_store::{Envelope, MessageRow, MoveTaskRow, StoreError};
use rampmeter_store::{Readable, StoreFailure, readable};
use serde_json::{Value, json};

use crate::apply::queues::Applied;
use crate::apply::queues::context::{QueueContext, QueueStore};
use crate::apply::subject::Subject;
use rampmeter_index::RunningMoveTask;

/// Most messages a second that can be asked for.
const MAX_PER_SECOND: i64 = 500;

/// Most tasks in a list.
const MAX_LISTED: i64 = 10;

/// Messages that one task moves in one transaction.
const MOVED_AT_ONCE: usize = 128;

/// The purpose that is sealed into a task's handle.
const PURPOSE: &[u8] = b"move task";

const NO_TASK: &str = "Task does not exist.";

/// Message move tasks: how they start, move and end.
#[derive(Debug)]
pub(crate) struct MoveTasks<'a, 't> {
    pub(crate) queue: &'a mut QueueContext<'t>,
    pub(crate) store: QueueStore<'t>,
}

impl<'t> QueueContext<'t> {
    pub(crate) fn move_tasks(&mut self) -> MoveTasks<'_, 't> {
        MoveTasks {
            store: self.store,
            queue: self,
        }
    }
}

impl MoveTasks<'_, '_> {
    pub(crate) fn start_move_task(&mut self, start: &StartMessageMoveTask) -> Applied<String> {
        let mut row = match self.check_start(start) {
            Ok((source, row)) => MoveTaskRow {
                to_move: i64::try_from(
                    self.store.messages.count_ready(source)?
                        + self.store.messages.count_fair(source)?,
                )
                .unwrap_or(i64::MAX),
                ..row
            },
            Err(refused) => return Err(refused.into()),
        };
        row.below = self.queue.memory.message_numbers.take(self.queue.ledger)?;
        self.store.queues.insert_move_task(&mut row)?;
        let handle = self.handle_of(&row);
        let next = self.queue.now();
        self.queue
            .memory
            .moves
            .insert(row.id, RunningMoveTask { row, next });
        Ok(handle)
    }

    fn check_start(
        &mut self,
        start: &StartMessageMoveTask,
    ) -> Result<(QueueId, MoveTaskRow), Rejected> {
        let source = self.queue_of_arn(&start.source_arn, "SourceArn")?;
        let name = self.queue.queue_record(source).name.clone();
        self.queue.refuse_lane(source)?;
        let is_dead_letter_queue = self.queue.memory.queues.starting_at("").any(|queue| {
            let redrive = queue.attributes.redrive();
            redrive.is_some_and(|redrive| redrive.dead_letter_queue == name)
        });
        if !is_dead_letter_queue {
            return Err(Rejected::InvalidParameter(
                "Source queue must be configured as a Dead Letter Queue.".to_owned(),
            ));
        }
        let destination = match &start.destination_arn {
            None => None,
            Some(arn) => {
                let destination = self.queue_of_arn(arn, "DestinationArn")?;
                self.queue.refuse_lane(destination)?;
                Some(self.queue.queue_record(destination).name.clone())
            }
        };
        let rate = match start.max_messages_per_second {
            None => None,
            Some(rate @ 1..=MAX_PER_SECOND) => u32::try_from(rate).ok(),
            Some(rate) => {
                return Err(parameter(
                    "MaxNumberOfMessagesPerSecond",
                    &rate.to_string(),
                    "Must be between 1 and 500, if provided.",
                ));
            }
        };
        if self
            .queue
            .memory
            .moves
            .values()
            .any(|task| task.row.source == name)
        {
            return Err(Rejected::InvalidParameter(
                "There is already a task running. Only one active task is allowed for a source queue arn at a given time.".to_owned(),
            ));
        }
        let row = MoveTaskRow {
            id: 0,
            source: name,
            destination,
            rate,
            status: MoveTaskStatus::Running,
            failure: None,
            started_at: self.queue.now(),
            below: 0,
            to_move: 0,
            moved: 0,
        };
        Ok((source, row))
    }

    pub(crate) fn cancel_move_task(&mut self, handle: &str) -> Applied<i64> {
        let id = self.open_handle(handle)?;
        let Some(RunningMoveTask { mut row, .. }) = self.queue.memory.moves.remove(&id) else {
            let text = match self.store.queues.move_task(id)? {
                Some(_) => "Only active tasks can be cancelled.",
                None => NO_TASK,
            };
            return Err(QueueError::ResourceNotFound(text.to_owned()).into());
        };
        row.status = MoveTaskStatus::Cancelled;
        self.store.queues.update_move_task(&row)?;
        Ok(row.moved)
    }

    pub(crate) fn list_move_tasks(
        &mut self,
        source: &str,
        most: Option<i64>,
    ) -> Applied<Vec<MoveTask>> {
        let most = most.unwrap_or(1);
        let most = match u32::try_from(most) {
            Ok(number) if (1..=MAX_LISTED).contains(&most) => number,
            _ => {
                let reason = "Must be between 1 and 10, if provided.";
                return Err(parameter("MaxResults", &most.to_string(), reason).into());
            }
        };
        let name = match self.queue_of_arn(source, "SourceArn") {
            Ok(queue) => self.queue.queue_record(queue).name.clone(),
            Err(refused) => return Err(refused.into()),
        };
        let rows = self.store.queues.move_tasks(&name, most)?;
        Ok(rows.into_iter().map(|row| self.shown(row)).collect())
    }

    fn shown(&self, row: MoveTaskRow) -> MoveTask {
        let place = self.queue.arns;
        let running = row.status == MoveTaskStatus::Running;
        MoveTask {
            task_handle: running.then(|| self.handle_of(&row)),
            status: row.status,
            source_arn: place.queue_arn(&row.source),
            destination_arn: row.destination.as_deref().map(|name| place.queue_arn(name)),
            max_messages_per_second: row.rate.map(i64::from),
            moved: row.moved,
            to_move: row.to_move,
            failure_reason: row.failure,
            started_at: row.started_at.into(),
        }
    }

    /// A task's handle in AWS's form: base64 of the task's id, which is sealed here, and the source's ARN.
    fn handle_of(&self, row: &MoveTaskRow) -> String {
        let handle = json!({
            "taskId": self.queue.seal.seal_text(PURPOSE, &row.id.to_be_bytes()),
            "sourceArn": self.queue.arns.queue_arn(&row.source),
        });
        STANDARD.encode(handle.to_string())
    }

    fn open_handle(&self, handle: &str) -> Result<i64, Rejected> {
        let invalid =
            || Rejected::InvalidParameter("Value for parameter TaskHandle is invalid.".to_owned());
        let bytes = STANDARD.decode(handle).map_err(|_| invalid())?;
        let handle: Value = serde_json::from_slice(&bytes).map_err(|_| invalid())?;
        let (Some(task), Some(source)) = (handle["taskId"].as_str(), handle["sourceArn"].as_str())
        else {
            return Err(invalid());
        };
        self.queue_of_arn(source, "SourceArn")?;
        self.queue
            .seal
            .open_text(PURPOSE, task)
            .and_then(|bytes| Some(i64::from_be_bytes(bytes.try_into().ok()?)))
            .ok_or_else(|| QueueError::ResourceNotFound(NO_TASK.to_owned()).into())
    }

    /// The queue with this ARN.
    fn queue_of_arn(&self, arn: &str, parameter: &str) -> Result<QueueId, Rejected> {
        let name = arn.rsplit(':').next().unwrap_or_default();
        self.queue
            .memory
            .queues
            .named(name)
            .filter(|queue| self.queue.arns.queue_arn(&queue.name) == arn)
            .map(|queue| queue.id)
            .ok_or_else(|| {
                QueueError::ResourceNotFound(format!(
                    "The resource that you specified for the {parameter} parameter doesn't exist."
                ))
                .into()
            })
    }

    /// Moves what is due. Returns whether more is due at once.
    pub(crate) fn run_move_tasks(&mut self) -> Result<bool, StoreFailure> {
        let due: Vec<i64> = self
            .queue
            .memory
            .moves
            .iter()
            .filter(|(_, task)| task.next <= self.queue.now())
            .map(|(id, _)| *id)
            .collect();
        for id in due {
            if let Some(mut task) = self.queue.memory.moves.remove(&id) {
                self.run_move_task(&mut task)?;
                self.store.queues.update_move_task(&task.row)?;
                if task.row.status == MoveTaskStatus::Running {
                    self.queue.memory.moves.insert(id, task);
                }
            }
        }
        Ok(self
            .queue
            .memory
            .moves
            .values()
            .any(|task| task.next <= self.queue.now()))
    }

    fn run_move_task(&mut self, task: &mut RunningMoveTask) -> Result<(), StoreFailure> {
        let most = if task.row.rate.is_some() {
            1
        } else {
            MOVED_AT_ONCE
        };
        for _ in 0..most {
            if !self.move_next(&mut task.row)? {
                return Ok(());
            }
        }
        if let Some(rate) = task.row.rate {
            task.next = self
                .queue
                .now()
                .saturating_add(Duration::from_secs(1) / rate);
        }
        Ok(())
    }

    /// Moves the next message. `false` when the task has ended; the row then says how. A message that cannot be read is
    /// set aside.
    fn move_next(&mut self, task: &mut MoveTaskRow) -> Result<bool, StoreFailure> {
        let source = self
            .queue
            .memory
            .queues
            .named(&task.source)
            .map(|queue| queue.id);
        let named = task.destination.clone();
        let gone = |name: &String| self.queue.memory.queues.named(name).is_none();
        if source.is_none() || named.as_ref().is_some_and(gone) {
            fail(task, "AWS.SimpleQueueService.NonExistentQueue");
            return Ok(false);
        }
        let source = source.expect("it was looked at just now");
        let number = match readable(self.next_to_move(source, task.below))? {
            Readable::Whole(Some(number)) => number,
            Readable::Whole(None) => {
                task.status = MoveTaskStatus::Completed;
                return Ok(false);
            }
            Readable::Damaged(damaged) => {
                fail(task, "AWS.SimpleQueueService.InternalError");
                self.queue
                    .note_damaged(DamagedKind::Queue, task.source.clone(), &damaged)?;
                return Ok(false);
            }
        };
        let moved = self.queue.with_message(number, |queue| {
            Ok(queue.move_tasks().move_message(task, source, number)?)
        })?;
        Ok(moved.unwrap_or(true))
    }

    fn next_to_move(
        &self,
        source: QueueId,
        below: i64,
    ) -> Result<Option<MessageNumber>, StoreError> {
        let first = self.store.messages.first_ready(source)?;
        match first.filter(|number| number.0 < below) {
            Some(first) => Ok(Some(first)),
            None => self.store.messages.fair_below(source, below),
        }
    }

    fn move_message(
        &mut self,
        task: &mut MoveTaskRow,
        source: QueueId,
        number: MessageNumber,
    ) -> Result<bool, StoreError> {
        let named = task.destination.clone();
        let message = self.store.messages.message(number)?;
        let message = message
            .ok_or_else(|| StoreError::damaged(format!("message {} is missing", number.0)))?;
        if self.queue.is_over(source, &message) {
            self.queue.erase(source, number)?;
            return Ok(true);
        }
        let envelope = self.store.queues.envelope(number)?;
        let Some(destination) = named.or_else(|| envelope.source.clone()) else {
            fail(task, "CouldNotDetermineMessageSource");
            return Ok(false);
        };
        let found = self.queue.memory.queues.named(&destination);
        let fits = found
            .filter(|queue| self.queue.memory.queues.is_plain(queue.id))
            .filter(|queue| queue.attributes.is_fifo() == self.queue.is_fifo(source))
            .map(|queue| queue.id);
        let Some(destination) = fits else {
            fail(task, "AWS.SimpleQueueService.NonExistentQueue");
            return Ok(false);
        };
        self.send_again(source, destination, &message, envelope)?;
        task.moved += 1;
        Ok(true)
    }

    fn send_again(
        &mut self,
        source: QueueId,
        destination: QueueId,
        message: &MessageRow,
        envelope: Envelope,
    ) -> Result<(), StoreError> {
        let body = message_body(self.store.executions, message)?;
        self.queue.erase(source, message.id)?;
        let number = MessageNumber(self.queue.memory.message_numbers.take(self.queue.ledger)?);
        let row = self.queue.plain_row(number, destination, body);
        let envelope = Envelope {
            source: None,
            received_before: 0,
            ..envelope
        };
        self.queue.put_plain(&row, &envelope, Duration::ZERO)
    }
}

fn fail(task: &mut MoveTaskRow, reason: &str) {
    task.status = MoveTaskStatus::Failed;
    task.failure = Some(reason.to_owned());
}
