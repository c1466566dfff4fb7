//! The operations of SQS on plain queues: which file applies which request, and which queue a request means.
//! What is sent to the queues of an embedded worker is a call; see `apply::calls::send`.

mod attempt;
mod batch;
mod create;
pub(crate) mod message_rules;
mod move_task;
mod receipt;
pub(crate) mod receive;
mod send;
mod standing;
mod sweep;

use rampmeter_store::model::arn::queue_name;
use rampmeter_store::model::id::QueueId;
use rampmeter_store::model::queue_error::QueueError;
use rampmeter_store::model::rejected::Rejected;
use rampmeter_store::model::sqs::queue::QueueRecord;
use rampmeter_store::{StoreFailure, TransactionError};

use crate::apply::turn::Turn;
use crate::command::queue::QueueCommand;

/// An answer for the client, or why there is none.
pub(crate) type Applied<T> = Result<T, TransactionError>;

impl Turn<'_> {
    /// Applies one request.
    pub(crate) fn apply_to_queue(&mut self, command: QueueCommand) -> Result<(), StoreFailure> {
        match command {
            QueueCommand::Receive(receive, to) => self.receive_message(&receive, to),
            QueueCommand::Create(create, to) => self.client(to, |turn| turn.create_queue(&create)),
            QueueCommand::Name(name, to) => self.client(to, |turn| Ok(turn.queue_named(&name)?)),
            QueueCommand::List(list, to) => self.client(to, |turn| Ok(turn.list_queues(&list)?)),
            QueueCommand::Describe(url, to) => {
                self.client(to, |turn| Ok(turn.describe_queue(&url)?))
            }
            QueueCommand::SetAttributes(url, names, to) => {
                self.client(to, |turn| turn.set_queue_attributes(&url, &names))
            }
            QueueCommand::Tags(url, to) => self.client(to, |turn| Ok(turn.queue_tags(&url)?)),
            QueueCommand::ChangeTags(url, change, to) => {
                self.client(to, |turn| turn.change_queue_tags(&url, change))
            }
            QueueCommand::ChangePermission(url, change, to) => {
                self.client(to, |turn| turn.change_queue_permission(&url, &change))
            }
            QueueCommand::Purge(url, to) => self.client(to, |turn| turn.purge_queue(&url)),
            QueueCommand::Delete(url, to) => self.client(to, |turn| turn.delete_queue(&url)),
            QueueCommand::SendBatch(batch, to) => {
                self.client(to, |turn| turn.send_message_batch(batch))
            }
            QueueCommand::DeleteMessage(url, delete, to) => {
                self.client(to, |turn| turn.delete_message(&url, &delete))
            }
            QueueCommand::DeleteBatch(batch, to) => {
                self.client(to, |turn| turn.delete_message_batch(&batch))
            }
            QueueCommand::ChangeVisibility(url, change, to) => {
                self.client(to, |turn| turn.change_message_visibility(&url, &change))
            }
            QueueCommand::ChangeVisibilityBatch(batch, to) => {
                self.client(to, |turn| turn.change_message_visibility_batch(&batch))
            }
            QueueCommand::StartMoveTask(start, to) => {
                self.client(to, |turn| turn.start_move_task(&start))
            }
            QueueCommand::CancelMoveTask(handle, to) => {
                self.client(to, |turn| turn.cancel_move_task(&handle))
            }
            QueueCommand::ListMoveTasks(source, most, to) => {
                self.client(to, |turn| turn.list_move_tasks(&source, most))
            }
        }
    }

    /// Does what plain queues have to do by themselves: long polls, deletions, move tasks. Answers whether more is due
    /// at once.
    pub(crate) fn work_on_queues(&mut self) -> Result<bool, StoreFailure> {
        let swept = self.sweep_queues()?;
        let moved = self.run_move_tasks()?;
        let served = self.serve_waiting_receives()?;
        Ok(swept || moved || served)
    }

    /// The queue that a URL or a name means.
    fn find_queue(&self, url: &str) -> Result<&QueueRecord, Rejected> {
        let name = queue_name(url);
        self.memory
            .queue
            .queues
            .named(name)
            .ok_or_else(|| Rejected::QueueDoesNotExist(name.to_owned()))
    }

    /// The plain queue that a URL or a name means; those of an embedded worker are not for clients to change.
    fn find_plain_queue(&mut self, url: &str) -> Result<QueueId, Rejected> {
        let id = self.find_queue(url)?.id;
        self.refuse_lane(id)?;
        Ok(id)
    }

    fn refuse_lane(&mut self, id: QueueId) -> Result<(), Rejected> {
        let Some(lane) = self.memory.queue.queues.get(id) else {
            return Ok(());
        };
        let target = self.target(lane.target).config.name.clone();
        let name = self.queue_record(id).name.clone();
        Err(QueueError::UnsupportedOperation(format!(
            "The only consumer of {name} is the worker of its target ([targets.{target}] worker = \"embedded\")."
        ))
        .into())
    }

    /// A queue by its number, which came from our own rows or memory.
    pub(crate) fn queue_record(&self, id: QueueId) -> &QueueRecord {
        self.memory
            .queue
            .queues
            .record(id)
            .expect("a queue that was found in this transaction is there")
    }

    fn queue_named(&self, name: &str) -> Result<String, Rejected> {
        Ok(self.find_queue(name)?.name.clone())
    }
}
