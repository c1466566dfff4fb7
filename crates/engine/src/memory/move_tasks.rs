//! Running message move tasks, in the writer's memory.

use rampmeter_dispatch::Time;
use rampmeter_store::MoveTaskRow;

/// A running task.
#[derive(Debug, Clone)]
pub(crate) struct RunningMoveTask {
    pub(crate) row: MoveTaskRow,
    /// When the next message is due; a task without a rate is always due.
    pub(crate) next: Time,
}
