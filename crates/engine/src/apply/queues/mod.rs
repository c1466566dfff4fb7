//! The operations of SQS on plain queues: which file applies which request, and which queue a request means.
//! A message to a queue of an embedded worker is a call; see `apply::calls::send`.

mod attempt;
pub(crate) mod batch;
pub(crate) mod context;
pub(crate) mod create;
mod expire;
pub(crate) mod move_task;
pub(crate) mod receipt;
pub(crate) mod receive;
pub(crate) mod send;
pub(crate) mod status;
mod sweep;

use rampmeter_store::model::arn::queue_name;
use rampmeter_store::model::id::QueueId;
use rampmeter_store::model::queue_error::QueueError;
use rampmeter_store::model::rejected::Rejected;
use rampmeter_store::model::sqs::queue::QueueRecord;
use rampmeter_store::{StoreFailure, TransactionError};

use crate::apply::queues::context::QueueContext;
use crate::apply::subject::Subject;
use crate::command::queue::QueueCommand;

/// A response for the client, or why there is none.
pub(crate) type Applied<T> = Result<T, TransactionError>;

impl QueueContext<'_> {
    /// Applies one request.
    pub(crate) fn apply_to_queue(&mut self, command: QueueCommand) -> Result<(), StoreFailure> {
        match command {
            QueueCommand::Receive(receive, to) => self.receives().receive_message(&receive, to),
            QueueCommand::Create(create, to) => {
                self.client(to, |queue| queue.settings().create_queue(&create))
            }
            QueueCommand::Name(name, to) => self.client(to, |queue| Ok(queue.queue_named(&name)?)),
            QueueCommand::List(list, to) => {
                self.client(to, |queue| Ok(queue.settings().list_queues(&list)?))
            }
            QueueCommand::SetAttributes(url, names, to) => self.client(to, |queue| {
                queue.settings().set_queue_attributes(&url, &names)
            }),
            QueueCommand::Tags(url, to) => {
                self.client(to, |queue| Ok(queue.settings().queue_tags(&url)?))
            }
            QueueCommand::ChangeTags(url, change, to) => {
                self.client(to, |queue| queue.settings().change_queue_tags(&url, change))
            }
            QueueCommand::ChangePermission(url, change, to) => self.client(to, |queue| {
                queue.settings().change_queue_permission(&url, &change)
            }),
            QueueCommand::Purge(url, to) => self.client(to, |queue| queue.purge_queue(&url)),
            QueueCommand::Delete(url, to) => self.client(to, |queue| queue.delete_queue(&url)),
            QueueCommand::DeleteMessage(url, delete, to) => {
                self.client(to, |queue| queue.receipts().delete_message(&url, &delete))
            }
            QueueCommand::DeleteBatch(batch, to) => {
                self.client(to, |queue| queue.receipts().delete_message_batch(&batch))
            }
            QueueCommand::ChangeVisibility(url, change, to) => self.client(to, |queue| {
                queue.receipts().change_message_visibility(&url, &change)
            }),
            QueueCommand::ChangeVisibilityBatch(batch, to) => self.client(to, |queue| {
                queue.receipts().change_message_visibility_batch(&batch)
            }),
            QueueCommand::StartMoveTask(start, to) => {
                self.client(to, |queue| queue.move_tasks().start_move_task(&start))
            }
            QueueCommand::CancelMoveTask(handle, to) => {
                self.client(to, |queue| queue.move_tasks().cancel_move_task(&handle))
            }
            QueueCommand::ListMoveTasks(source, most, to) => self.client(to, |queue| {
                queue.move_tasks().list_move_tasks(&source, most)
            }),
        }
    }

    /// Does the work of plain queues that no request asks for: long polls, deletions, move tasks. Returns whether more
    /// is due at once.
    pub(crate) fn work_on_queues(&mut self) -> Result<bool, StoreFailure> {
        let swept = self.sweep_queues()? | self.expire_messages()?;
        let moved = self.move_tasks().run_move_tasks()?;
        let served = self.receives().serve_waiting_receives()?;
        Ok(swept || moved || served)
    }

    /// The queue that a URL or a name means.
    pub(crate) fn find_queue(&self, url: &str) -> Result<&QueueRecord, Rejected> {
        let name = queue_name(url);
        self.memory
            .queues
            .named(name)
            .ok_or_else(|| Rejected::QueueDoesNotExist(name.to_owned()))
    }

    /// The plain queue that a URL or a name means. Clients may not change the queues of an embedded worker.
    fn find_plain_queue(&self, url: &str) -> Result<QueueId, Rejected> {
        let id = self.find_queue(url)?.id;
        self.refuse_lane(id)?;
        Ok(id)
    }

    fn refuse_lane(&self, id: QueueId) -> Result<(), Rejected> {
        let Some(lane) = self.memory.queues.get(id) else {
            return Ok(());
        };
        let target = &self.memory.queues.config_of(lane.target).name;
        let name = &self.queue_record(id).name;
        Err(QueueError::UnsupportedOperation(format!(
            "The only consumer of {name} is the worker of its target ([targets.{target}] worker = \"embedded\")."
        ))
        .into())
    }

    /// A queue by its number, which came from our own rows or memory.
    pub(crate) fn queue_record(&self, id: QueueId) -> &QueueRecord {
        self.memory
            .queues
            .record(id)
            .expect("a queue that was found in this transaction is there")
    }

    fn queue_named(&self, name: &str) -> Result<String, Rejected> {
        Ok(self.find_queue(name)?.name.clone())
    }
}
