//! The operations of SQS on the engine's handle. Each passes a command to the writer and waits for its response.

use rampmeter_store::model::page::Page;
use rampmeter_store::model::queue_error::QueueError;
use rampmeter_store::model::rejected::Rejected;
use rampmeter_store::model::sqs::attributes::{COMPUTED, is_known};
use rampmeter_store::model::sqs::{
    Batch, BatchAnswer, ChangeMessageVisibility, CreateQueue, DeleteMessage, ListQueues, MoveTask,
    Names, PermissionChange, ReceiveMessage, ReceivedMessage, SendMessage, SentMessage,
    StartMessageMoveTask, TagChange,
};

use crate::api::Engine;
use crate::command::queue::QueueCommand;
use crate::command::{Command, Reply};

/// The operations of SQS.
#[derive(Debug, Clone, Copy)]
pub struct Queues<'e> {
    engine: &'e Engine,
}

impl Engine {
    /// The operations of SQS.
    #[must_use]
    pub fn queues(&self) -> Queues<'_> {
        Queues { engine: self }
    }
}

impl Queues<'_> {
    /// SendMessage. A message to a queue of an embedded worker that is not a valid call is accepted, as SQS would, and
    /// becomes a dead letter at once.
    ///
    /// # Errors
    /// `QueueDoesNotExist`, `InvalidMessageContents`, `InvalidParameter`, `QueueError`, `Stopped`.
    pub async fn send_message(self, message: SendMessage) -> Result<SentMessage, Rejected> {
        self.engine
            .ask(|reply| Command::SendMessage(message, reply))
            .await
    }

    /// CreateQueue. Returns the queue's name, also when a queue with the same attributes exists already.
    ///
    /// # Errors
    /// `InvalidParameter`, `QueueError`, `Stopped`.
    pub async fn create_queue(self, create: CreateQueue) -> Result<String, Rejected> {
        self.queue(|reply| QueueCommand::Create(create, reply))
            .await
    }

    /// GetQueueUrl: returns the name if there is such a queue.
    ///
    /// # Errors
    /// `QueueDoesNotExist`, `Stopped`.
    pub async fn find_queue(self, name: &str) -> Result<String, Rejected> {
        let name = name.to_owned();
        self.queue(|reply| QueueCommand::Name(name, reply)).await
    }

    /// ListQueues and ListDeadLetterSourceQueues: by name.
    ///
    /// # Errors
    /// `InvalidParameter`, `QueueDoesNotExist`, `Stopped`.
    pub async fn list_queues(self, list: ListQueues) -> Result<Page<String>, Rejected> {
        self.queue(|reply| QueueCommand::List(list, reply)).await
    }

    /// GetQueueAttributes: those with these names, `All` for all.
    ///
    /// # Errors
    /// `QueueError::InvalidAttributeName`, `QueueDoesNotExist`, `Stopped`.
    pub async fn queue_attributes(self, url: &str, names: &[String]) -> Result<Names, Rejected> {
        let url = url.to_owned();
        let found = self
            .engine
            .ask(|reply| Command::DescribeQueue(url, reply))
            .await?;
        if let Some(unknown) = names.iter().find(|name| !is_known(name, found.fifo)) {
            return Err(QueueError::InvalidAttributeName(unknown.clone()).into());
        }
        let asked = |name: &str| names.iter().any(|asked| asked == name || asked == "All");
        let mut attributes = found.attributes;
        if COMPUTED[..3].iter().any(|name| asked(name)) {
            let (id, fifo) = (found.id, found.fifo);
            let counts = self
                .engine
                .read(move |reader| reader.queue_counts(id, fifo))
                .await?;
            let in_flight = found.calls_in_flight.unwrap_or(counts.in_flight);
            for (name, count) in COMPUTED
                .iter()
                .zip([counts.visible, in_flight, counts.delayed])
            {
                attributes.insert((*name).to_owned(), count.to_string());
            }
        }
        attributes.retain(|name, _| asked(name));
        Ok(attributes)
    }

    /// SetQueueAttributes.
    ///
    /// # Errors
    /// `InvalidParameter`, `QueueError`, `QueueDoesNotExist`, `Stopped`.
    pub async fn set_queue_attributes(self, url: &str, names: Names) -> Result<(), Rejected> {
        let url = url.to_owned();
        self.queue(|reply| QueueCommand::SetAttributes(url, names, reply))
            .await
    }

    /// ListQueueTags.
    ///
    /// # Errors
    /// `QueueDoesNotExist`, `Stopped`.
    pub async fn queue_tags(self, url: &str) -> Result<Names, Rejected> {
        let url = url.to_owned();
        self.queue(|reply| QueueCommand::Tags(url, reply)).await
    }

    /// TagQueue and UntagQueue.
    ///
    /// # Errors
    /// `InvalidParameter`, `QueueDoesNotExist`, `Stopped`.
    pub async fn change_queue_tags(self, url: &str, change: TagChange) -> Result<(), Rejected> {
        let url = url.to_owned();
        self.queue(|reply| QueueCommand::ChangeTags(url, change, reply))
            .await
    }

    /// AddPermission and RemovePermission.
    ///
    /// # Errors
    /// `InvalidParameter`, `QueueDoesNotExist`, `Stopped`.
    pub async fn change_queue_permission(
        self,
        url: &str,
        change: PermissionChange,
    ) -> Result<(), Rejected> {
        let url = url.to_owned();
        self.queue(|reply| QueueCommand::ChangePermission(url, change, reply))
            .await
    }

    /// PurgeQueue: its messages can no longer be received.
    ///
    /// # Errors
    /// `QueueError::PurgeQueueInProgress`, `QueueError::UnsupportedOperation`, `QueueDoesNotExist`, `Stopped`.
    pub async fn purge_queue(self, url: &str) -> Result<(), Rejected> {
        let url = url.to_owned();
        self.queue(|reply| QueueCommand::Purge(url, reply)).await
    }

    /// DeleteQueue, with its messages.
    ///
    /// # Errors
    /// `QueueError::UnsupportedOperation` for the queues of a target, `QueueDoesNotExist`, `Stopped`.
    pub async fn delete_queue(self, url: &str) -> Result<(), Rejected> {
        let url = url.to_owned();
        self.queue(|reply| QueueCommand::Delete(url, reply)).await
    }

    /// SendMessageBatch.
    ///
    /// # Errors
    /// Those of the whole batch: `QueueError`, `QueueDoesNotExist`, `InvalidParameter`, `Stopped`.
    pub async fn send_message_batch(
        self,
        batch: Batch<SendMessage>,
    ) -> Result<BatchAnswer<SentMessage>, Rejected> {
        self.engine
            .ask(|reply| Command::SendMessageBatch(batch, reply))
            .await
    }

    /// ReceiveMessage. Waits if asked to and there is no message; dropping the future stops the waiting.
    ///
    /// # Errors
    /// `InvalidParameter`, `QueueError::OverLimit`, `QueueError::UnsupportedOperation`, `QueueDoesNotExist`, `Stopped`.
    pub async fn receive_message(
        self,
        receive: ReceiveMessage,
    ) -> Result<Vec<ReceivedMessage>, Rejected> {
        self.queue(|reply| QueueCommand::Receive(receive, reply))
            .await
    }

    /// DeleteMessage.
    ///
    /// # Errors
    /// `QueueError::ReceiptHandleIsInvalid`, `InvalidParameter`, `QueueDoesNotExist`, `Stopped`.
    pub async fn delete_message(self, url: &str, delete: DeleteMessage) -> Result<(), Rejected> {
        let url = url.to_owned();
        self.queue(|reply| QueueCommand::DeleteMessage(url, delete, reply))
            .await
    }

    /// DeleteMessageBatch.
    ///
    /// # Errors
    /// Those of the whole batch, as with [`Queues::send_message_batch`].
    pub async fn delete_message_batch(
        self,
        batch: Batch<DeleteMessage>,
    ) -> Result<BatchAnswer<()>, Rejected> {
        self.queue(|reply| QueueCommand::DeleteBatch(batch, reply))
            .await
    }

    /// ChangeMessageVisibility.
    ///
    /// # Errors
    /// `QueueError::MessageNotInflight`, `QueueError::ReceiptHandleIsInvalid`, `InvalidParameter`, `QueueDoesNotExist`,
    /// `Stopped`.
    pub async fn change_message_visibility(
        self,
        url: &str,
        change: ChangeMessageVisibility,
    ) -> Result<(), Rejected> {
        let url = url.to_owned();
        self.queue(|reply| QueueCommand::ChangeVisibility(url, change, reply))
            .await
    }

    /// ChangeMessageVisibilityBatch.
    ///
    /// # Errors
    /// Those of the whole batch, as with [`Queues::send_message_batch`].
    pub async fn change_message_visibility_batch(
        self,
        batch: Batch<ChangeMessageVisibility>,
    ) -> Result<BatchAnswer<()>, Rejected> {
        self.queue(|reply| QueueCommand::ChangeVisibilityBatch(batch, reply))
            .await
    }

    /// StartMessageMoveTask. Returns the task's handle.
    ///
    /// # Errors
    /// `QueueError::ResourceNotFound`, `QueueError::UnsupportedOperation`, `InvalidParameter`, `Stopped`.
    pub async fn start_message_move_task(
        self,
        start: StartMessageMoveTask,
    ) -> Result<String, Rejected> {
        self.queue(|reply| QueueCommand::StartMoveTask(start, reply))
            .await
    }

    /// CancelMessageMoveTask. Returns how many messages had been moved.
    ///
    /// # Errors
    /// `QueueError::ResourceNotFound`, `InvalidParameter`, `Stopped`.
    pub async fn cancel_message_move_task(self, handle: &str) -> Result<i64, Rejected> {
        let handle = handle.to_owned();
        self.queue(|reply| QueueCommand::CancelMoveTask(handle, reply))
            .await
    }

    /// ListMessageMoveTasks of a dead-letter queue, newest first; 1 when `most` is absent, at most 10.
    ///
    /// # Errors
    /// `QueueError::ResourceNotFound`, `InvalidParameter`, `Stopped`.
    pub async fn list_message_move_tasks(
        self,
        source_arn: &str,
        most: Option<i64>,
    ) -> Result<Vec<MoveTask>, Rejected> {
        let source = source_arn.to_owned();
        self.queue(|reply| QueueCommand::ListMoveTasks(source, most, reply))
            .await
    }

    async fn queue<T>(self, command: impl FnOnce(Reply<T>) -> QueueCommand) -> Result<T, Rejected> {
        self.engine
            .ask(|reply| Command::Queue(command(reply)))
            .await
    }
}
