//! Running message move tasks, in the writer's memory.

use rampmeter_dispatch::Time;
use rampmeter_store::MoveTaskRow;

/// A running task.
#[derive(Debug, Clone)]
pub struct RunningMoveTask {
    /// Its row.
    pub row: MoveTaskRow,
    /// When the next message is due; a task without a rate is always due.
    pub next: Time,
}
