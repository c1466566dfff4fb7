//! What people change while the server runs, as values on their way to the writer.

use rampmeter_dispatch::Priority;
use rampmeter_store::model::control::{BulkChange, Cancelled, ChangeLimit, LimitChanged, Pause};
use rampmeter_store::model::dead_letter::{DiscardDeadLetter, RedriveDeadLetter, Redriven};

use crate::command::Reply;

/// The changes that people ask for.
#[derive(Debug)]
pub(crate) enum ControlCommand {
    Pause(Pause, Reply<()>),
    ChangeLimit(ChangeLimit, Reply<LimitChanged>),
    /// The number of a call, its new priority, and why.
    MoveCall(i64, Priority, String, Reply<()>),
    /// The number of a call, and why it is cancelled.
    CancelCall(i64, String, Reply<Cancelled>),
    RedriveDeadLetter(RedriveDeadLetter, Reply<Redriven>),
    DiscardDeadLetter(DiscardDeadLetter, Reply<()>),
    BeginBulk(BulkChange, Reply<i64>),
}
