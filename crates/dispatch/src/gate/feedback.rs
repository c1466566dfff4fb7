//! What the vendor's answers teach the gate: refusals in `throttle`, trouble of the account in `trouble`.

use super::Gate;

/// How a gate learns. [`Gate::feedback`] makes it; what a host persists afterwards is [`Gate::memory`].
#[derive(Debug)]
pub struct Feedback<'g> {
    pub(super) gate: &'g mut Gate,
}

impl<'g> Feedback<'g> {
    /// Feedback to a gate whose time is that of the answer.
    pub(super) fn to(gate: &'g mut Gate) -> Feedback<'g> {
        Feedback { gate }
    }
}
