//! What the gate says of an outcome, for what follows for the call.

use std::time::Duration;

use rampmeter_dispatch::Whose;

/// Whose trouble an outcome is, and for how long its target is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// Whose trouble it is. For an outcome that is no trouble it says nothing.
    pub whose: Whose,
    /// It is not only likely: where it is the call's own, the vendor answered others well.
    pub is_proven: bool,
    /// The call was a probe, or was let through as the target reopened: it must not be the next one again.
    pub was_probe: bool,
    /// For how long the target starts nothing, if it is closed.
    pub closed_for: Option<Duration>,
}

impl Judgement {
    /// The call's own affair. So does a host judge that has no gate.
    pub const CALL: Judgement = Judgement {
        whose: Whose::Call,
        is_proven: true,
        was_probe: false,
        closed_for: None,
    };
}
