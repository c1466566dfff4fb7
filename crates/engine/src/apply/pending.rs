//! The stimuli that executions are to be told in this transaction. Whatever has something to tell an execution (a call
//! that ended, a timer, another execution, a worker) leaves it here, and never moves the execution itself.
//! `workflow::resume` delivers the stimuli in order when a command or a stage of the transaction is done.

use rampmeter_asl::Stimulus;
use rampmeter_dispatch::Time;
use rampmeter_store::model::id::ExecutionId;

/// One thing that an execution is to be told.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) execution: ExecutionId,
    pub(crate) stimulus: Stimulus,
    /// The time at which it happens: now, except for a heartbeat that begins to run later.
    pub(crate) at: Time,
    /// The audit of the call that caused it.
    pub(crate) call: Option<String>,
}
