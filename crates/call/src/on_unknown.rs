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

/// What is known about sending a call a second time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RepeatSafety {
    /// It does no more than sending it once: by its method, by the vendor's rules, or because the vendor knows its key.
    Safe,
    /// The vendor can be asked whether the first one did it.
    CanAsk,
    /// It may do the same thing twice.
    Unsafe,
}

impl OnUnknown {
    /// What happens if the configuration says nothing: no call that may do its work twice is sent again.
    #[must_use]
    pub fn usual(safety: RepeatSafety) -> OnUnknown {
        match safety {
            RepeatSafety::Safe => OnUnknown::Retry,
            RepeatSafety::CanAsk => OnUnknown::Reconcile,
            RepeatSafety::Unsafe => OnUnknown::Fail,
        }
    }
}
