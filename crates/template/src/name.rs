//! What things are called on AWS. Queues and functions have the names of their target, state machines those of their
//! workflow, so that the same words work here and there; what nobody calls by name gets one from CloudFormation.

use rampmeter_config::pascal_case;
use rampmeter_dispatch::Priority;

/// AWS's bound on the names of queues and state machines, in letters.
pub(crate) const MAX_QUEUE_NAME_CHARS: usize = 80;
/// AWS's bound on the names of functions and schedules, in letters.
pub(crate) const MAX_FUNCTION_NAME_CHARS: usize = 64;

/// The logical id of something of a target or a workflow: `NetsuiteHighQueue`.
pub(crate) fn id(name: &str, what: &str) -> String {
    pascal_case(name) + what
}

/// `High`, `Medium`, `Batch`: a priority within a logical id.
pub(crate) fn of_priority(priority: Priority) -> String {
    pascal_case(&priority.as_str().to_lowercase())
}

/// The logical id of a target's queue.
pub(crate) fn queue_id(target: &str, priority: Priority) -> String {
    id(target, &(of_priority(priority) + "Queue"))
}

/// The name of a target's queue: `netsuite-high`.
pub(crate) fn queue(target: &str, priority: Priority) -> String {
    format!("{target}-{}", priority.as_str().to_lowercase())
}

/// The queue that SQS moves a message to when it was received too often: `netsuite-undelivered`.
pub(crate) fn undelivered_queue(target: &str) -> String {
    format!("{target}-undelivered")
}

/// The queue of dead letters: `netsuite-dead`.
pub(crate) fn dead_queue(target: &str) -> String {
    format!("{target}-dead")
}

/// The function that makes a target's calls: `netsuite-worker`.
pub(crate) fn worker(target: &str) -> String {
    format!("{target}-worker")
}

/// The schedule that wakes a worker whose target was closed.
pub(crate) fn wake_schedule(target: &str) -> String {
    worker(target) + "-wake"
}

/// The function that fails the tasks of messages that were received too often.
pub(crate) fn undelivered_function(target: &str) -> String {
    format!("{target}-undelivered")
}

/// Where a source's messages go that start no execution: `orders-unstarted`.
pub(crate) fn unstarted_queue(source: &str) -> String {
    match source.strip_suffix(".fifo") {
        Some(stem) => format!("{stem}-unstarted.fifo"),
        None => format!("{source}-unstarted"),
    }
}

/// The state machine that starts an execution for each message of a source.
pub(crate) fn starter(workflow: &str) -> String {
    format!("{workflow}-starter")
}
