//! The requests of clients to queues and the responses: the types behind the operations of AWS SQS, without their wire form,
//! and those of SQS's rules that need nothing but the request. What a request does to a queue is decided by the engine.

pub mod attributes;
pub mod batch_rules;
pub mod digest;
pub mod message_attribute;
pub mod message_rules;
pub mod policy;
pub mod queue;
pub mod queue_rules;
pub mod receipt;

use std::collections::BTreeMap;

use rampmeter_time::UnixMillis;

pub use crate::model::queue_error::QueueError;
pub use digest::{md5_of_attributes, md5_of_body};
pub use message_attribute::{AttributeValue, MessageAttribute, MessageAttributes};

/// Names and values of a queue's attributes or tags.
pub type Names = BTreeMap<String, String>;

/// CreateQueue.
#[derive(Debug, Clone, Default)]
pub struct CreateQueue {
    /// 1 to 80 letters, digits, hyphens and underscores; a FIFO queue ends with `.fifo`.
    pub name: String,
    /// Attributes that differ from the default.
    pub attributes: Names,
    /// Tags; those of a queue that exists already are left as they are.
    pub tags: Names,
}

/// SendMessage.
#[derive(Debug, Clone, Default)]
pub struct SendMessage {
    /// URL (any host) or bare name of the queue: the last path segment counts.
    pub queue_url: String,
    /// The message body, at most 1,048,576 bytes with its attributes.
    pub body: String,
    /// Seconds until the message may be received, 0 to 900; if absent, the queue's own delay.
    pub delay_seconds: Option<i64>,
    /// Attributes of the message, at most ten.
    pub attributes: MessageAttributes,
    /// Attributes for AWS's own use: `AWSTraceHeader` is the only one that exists.
    pub system_attributes: MessageAttributes,
    /// The trace that the request itself belongs to (its header `X-Amzn-Trace-Id`). It is kept as `AWSTraceHeader` unless
    /// the sender gave one, and counts in no digest, because the sender gave no such attribute.
    pub trace_header: Option<String>,
    /// FIFO: the group that keeps its order. Required there.
    pub group_id: Option<String>,
    /// FIFO: messages with the same id within five minutes are one.
    pub deduplication_id: Option<String>,
}

/// The response to SendMessage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentMessage {
    /// A UUID.
    pub message_id: String,
    /// Lower-case hexadecimal MD5 of the body.
    pub md5_of_body: String,
    /// The same for the attributes, if there are any.
    pub md5_of_attributes: Option<String>,
    /// The same for the system attributes, if there are any.
    pub md5_of_system_attributes: Option<String>,
    /// Twenty digits that grow with every message of a FIFO queue.
    pub sequence_number: Option<String>,
}

/// ReceiveMessage.
#[derive(Debug, Clone, Default)]
pub struct ReceiveMessage {
    /// As in [`SendMessage`].
    pub queue_url: String,
    /// 1 to 10; 1 if absent.
    pub max_number_of_messages: Option<i64>,
    /// Seconds for which the messages stay invisible, 0 to 43,200; if absent, the queue's own.
    pub visibility_timeout: Option<i64>,
    /// Seconds to wait for a message, 0 to 20; if absent, the queue's own.
    pub wait_time_seconds: Option<i64>,
    /// FIFO: a receive with the same id within five minutes gets the same messages again. 1 to 128 letters, digits and
    /// punctuation marks.
    pub attempt_id: Option<String>,
}

/// One message as it is received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedMessage {
    /// The same as when it was sent.
    pub message_id: String,
    /// Names this receive of the message.
    pub receipt_handle: String,
    /// The body.
    pub body: String,
    /// All of its attributes.
    pub attributes: MessageAttributes,
    /// All of its system attributes, by their names.
    pub system_attributes: Names,
}

/// DeleteMessage, or one entry of its batch.
#[derive(Debug, Clone, Default)]
pub struct DeleteMessage {
    /// From the receive.
    pub receipt_handle: String,
}

/// ChangeMessageVisibility, or one entry of its batch.
#[derive(Debug, Clone, Default)]
pub struct ChangeMessageVisibility {
    /// From the receive.
    pub receipt_handle: String,
    /// Seconds from now, 0 to 43,200; 0 makes the message visible at once.
    pub visibility_timeout: i64,
}

/// A batch: entries with ids that tell them apart in the response.
#[derive(Debug, Clone)]
pub struct Batch<T> {
    /// As in [`SendMessage`].
    pub queue_url: String,
    /// At most ten.
    pub entries: Vec<(String, T)>,
}

/// The result of each entry of a batch.
pub type BatchAnswer<T> = Vec<(String, Result<T, crate::model::rejected::Rejected>)>;

/// ListQueues and ListDeadLetterSourceQueues.
#[derive(Debug, Clone, Default)]
pub struct ListQueues {
    /// Only names that begin with this.
    pub prefix: Option<String>,
    /// Only the queues that send their dead letters to this one (URL or name).
    pub dead_letter_queue_url: Option<String>,
    /// 1 to 1,000 names on a page; if absent, all names up to 1,000, and no next page.
    pub max_results: Option<i64>,
    /// From the previous page.
    pub next_token: Option<String>,
}

/// TagQueue or UntagQueue.
#[derive(Debug, Clone)]
pub enum TagChange {
    /// Adds tags, or gives them new values.
    Set(Names),
    /// Removes the tags with these keys.
    Remove(Vec<String>),
}

/// AddPermission or RemovePermission.
#[derive(Debug, Clone)]
pub enum PermissionChange {
    /// Allows accounts to call operations.
    Add {
        /// Name of the permission, unique in the queue's policy.
        label: String,
        /// Twelve digits each.
        account_ids: Vec<String>,
        /// Names of operations, or `*`.
        actions: Vec<String>,
    },
    /// Takes a permission back.
    Remove {
        /// Name of the permission.
        label: String,
    },
}

/// StartMessageMoveTask.
#[derive(Debug, Clone, Default)]
pub struct StartMessageMoveTask {
    /// ARN of a dead-letter queue.
    pub source_arn: String,
    /// ARN of another queue; if absent, the queues that the messages came from.
    pub destination_arn: Option<String>,
    /// 1 to 500; if absent, as fast as possible.
    pub max_messages_per_second: Option<i64>,
}

/// The status of a move task, as AWS names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MoveTaskStatus {
    /// Messages are being moved.
    Running,
    /// All messages that were there at the start have been moved.
    Completed,
    /// Stopped by CancelMessageMoveTask.
    Cancelled,
    /// A queue it needs is gone.
    Failed,
}

impl MoveTaskStatus {
    const ALL: [Self; 4] = [
        Self::Running,
        Self::Completed,
        Self::Cancelled,
        Self::Failed,
    ];

    /// Its name on AWS.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Completed => "COMPLETED",
            Self::Cancelled => "CANCELLED",
            Self::Failed => "FAILED",
        }
    }

    /// The status with this name, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }
}

/// One move task in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoveTask {
    /// For CancelMessageMoveTask; only while it runs.
    pub task_handle: Option<String>,
    /// Its status.
    pub status: MoveTaskStatus,
    /// ARN of the dead-letter queue.
    pub source_arn: String,
    /// ARN of the destination, when one was named.
    pub destination_arn: Option<String>,
    /// The rate that was asked for.
    pub max_messages_per_second: Option<i64>,
    /// Messages moved so far.
    pub moved: i64,
    /// Messages that were there at the start.
    pub to_move: i64,
    /// Why it failed, as an SQS error code.
    pub failure_reason: Option<String>,
    /// When it started.
    pub started_at: UnixMillis,
}
