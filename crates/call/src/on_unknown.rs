//! What happens to a call that was sent and whose answer was lost.

/// What happens to a call that was sent and whose answer was lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnUnknown {
    /// Send it again with the same idempotency key: at least once.
    #[default]
    Retry,
    /// Fail the task with `Rampmeter.OutcomeUnknown`: at most once.
    Fail,
    /// Ask the vendor whether it happened.
    Reconcile,
}
