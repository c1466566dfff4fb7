//! Why the engine refuses a request. A refused request has changed nothing.
//! Errors of a workflow are not here: they are data of its execution.

use thiserror::Error;

/// A refused request, with AWS's name for it where AWS has one.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rejected {
    /// The name is taken by an execution with other input, or by one that has ended.
    #[error("Execution Already Exists: '{0}'")]
    ExecutionAlreadyExists(String),
    /// No such state machine.
    #[error("State Machine Does Not Exist: '{0}'")]
    StateMachineDoesNotExist(String),
    /// The name is taken by a state machine that differs.
    #[error("State Machine Already Exists: '{0}'")]
    StateMachineAlreadyExists(String),
    /// The definition has errors, in AWS's words.
    #[error("Invalid State Machine Definition: '{0}'")]
    InvalidDefinition(String),
    /// No such execution, or it has been pruned.
    #[error("Execution Does Not Exist: '{0}'")]
    ExecutionDoesNotExist(String),
    /// Nothing with this name, of a kind that has no error of its own.
    #[error("Resource not found: '{0}'")]
    ResourceNotFound(String),
    /// The execution runs, succeeded, or ended too long ago.
    #[error("{0}")]
    ExecutionNotRedrivable(String),
    /// Not an ARN of the expected kind.
    #[error("Invalid Arn: '{0}'")]
    InvalidArn(String),
    /// A name that AWS would refuse.
    #[error("Invalid Name: '{0}'")]
    InvalidName(String),
    /// The input of an execution is not JSON, or too long.
    #[error("Invalid State Machine Execution Input: '{0}'")]
    InvalidExecutionInput(String),
    /// The output of a task is not JSON, or too long.
    #[error("Invalid Output: '{0}'")]
    InvalidOutput(String),
    /// No such activity.
    #[error("Activity Does Not Exist: '{0}'")]
    ActivityDoesNotExist(String),
    /// The name is taken by an activity with another encryption.
    #[error("Activity Already Exists: '{0}'")]
    ActivityAlreadyExists(String),
    /// The maximum number of activities is reached.
    #[error("The maximum number of activities has been reached: {0}")]
    ActivityLimitExceeded(usize),
    /// More workers wait for tasks of one activity than AWS allows.
    #[error(
        "The maximum number of workers concurrently polling for activity tasks has been reached."
    )]
    ActivityWorkerLimitExceeded,
    /// The request conflicts with what exists.
    #[error("{0}")]
    Conflict(String),
    /// A quota is reached.
    #[error("{0}")]
    QuotaExceeded(String),
    /// No such alias.
    #[error("Request references a resource that does not exist.")]
    NoSuchReference,
    /// More tags than a resource may have.
    #[error("Too many tags: '{0}'")]
    TooManyTags(String),
    /// A parameter that AWS refuses only after looking at what exists.
    #[error("{0}")]
    Validation(String),
    /// EXPRESS state machines do not have this operation, or only they have it.
    #[error("This operation is not supported by this type of state machine")]
    StateMachineTypeNotSupported,
    /// The task token was not minted by this store, or was altered.
    #[error("Invalid Token: '{0}'")]
    InvalidToken(String),
    /// The execution of the task token has been pruned.
    #[error("Task does not exist: its execution is no longer kept")]
    TaskDoesNotExist,
    /// The task has already ended or timed out.
    #[error("Task Timed Out: 'Provided task does not exist anymore'")]
    TaskTimedOut,
    /// The page token belongs to another listing, or was altered.
    #[error("Invalid Token: 'Invalid token'")]
    InvalidPageToken,
    /// No such queue.
    #[error("The specified queue does not exist.")]
    QueueDoesNotExist(String),
    /// A parameter out of its range.
    #[error("{0}")]
    InvalidParameter(String),
    /// A message is empty or too long, or has characters that SQS does not accept.
    #[error("{0}")]
    InvalidMessageContents(String),
    /// What SQS refuses under names of its own.
    #[error(transparent)]
    Queue(#[from] crate::model::queue_error::QueueError),
    /// Nothing with this name, in an operation of our own.
    #[error("{0}")]
    Unknown(String),
    /// An operation of our own that makes no sense now.
    #[error("{0}")]
    Impossible(String),
    /// Data of this execution in the store cannot be read. Others are not touched by it.
    #[error("stored data cannot be read: {0}")]
    Unreadable(String),
    /// The engine is stopping, or its store has failed: nothing is acknowledged any more.
    #[error("the engine has stopped: {0}")]
    Stopped(String),
}
