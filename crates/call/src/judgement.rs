//! What the gate says about an outcome, as input to what follows for the call.

use std::time::Duration;

use rampmeter_dispatch::Whose;

/// Whose trouble an outcome is, and for how long its target is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// Whose trouble it is. Meaningless for an outcome that is no trouble.
    pub whose: Whose,
    /// It is certain, not just likely: if it is the call's own, the vendor answered others well.
    pub is_proven: bool,
    /// The call was a probe, or was let through as the target reopened: it must not be the next one again.
    pub was_probe: bool,
    /// For how long the target starts nothing, if it is closed.
    pub closed_for: Option<Duration>,
}

impl Judgement {
    /// The call's own trouble: the judgement of a host that has no gate.
    pub const CALL: Judgement = Judgement {
        whose: Whose::Call,
        is_proven: true,
        was_probe: false,
        closed_for: None,
    };
}
