//! What clients ask of queues, as values on their way to the writer.

use rampmeter_store::model::id::QueueId;
use rampmeter_store::model::page::Page;
use rampmeter_store::model::sqs::{
    Batch, BatchAnswer, ChangeMessageVisibility, CreateQueue, DeleteMessage, ListQueues, MoveTask,
    Names, PermissionChange, ReceiveMessage, ReceivedMessage, StartMessageMoveTask, TagChange,
};

use crate::command::Reply;

/// The attributes of a queue, except the counts, which a reader adds.
#[derive(Debug)]
pub(crate) struct QueueDescription {
    pub(crate) id: QueueId,
    pub(crate) attributes: Names,
    pub(crate) fifo: bool,
    /// Calls in flight, when the queue belongs to an embedded worker.
    pub(crate) calls_in_flight: Option<u64>,
}

/// One request for a queue. The first text of each is the queue's URL or name, unless its type has one.
#[derive(Debug)]
pub(crate) enum QueueCommand {
    Create(CreateQueue, Reply<String>),
    Name(String, Reply<String>),
    List(ListQueues, Reply<Page<String>>),
    SetAttributes(String, Names, Reply<()>),
    Tags(String, Reply<Names>),
    ChangeTags(String, TagChange, Reply<()>),
    ChangePermission(String, PermissionChange, Reply<()>),
    Purge(String, Reply<()>),
    Delete(String, Reply<()>),
    Receive(ReceiveMessage, Reply<Vec<ReceivedMessage>>),
    DeleteMessage(String, DeleteMessage, Reply<()>),
    DeleteBatch(Batch<DeleteMessage>, Reply<BatchAnswer<()>>),
    ChangeVisibility(String, ChangeMessageVisibility, Reply<()>),
    ChangeVisibilityBatch(Batch<ChangeMessageVisibility>, Reply<BatchAnswer<()>>),
    StartMoveTask(StartMessageMoveTask, Reply<String>),
    CancelMoveTask(String, Reply<i64>),
    /// The source's ARN and how many.
    ListMoveTasks(String, Option<i64>, Reply<Vec<MoveTask>>),
}
