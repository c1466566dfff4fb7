//! What an answer means, before it is an outcome.

use rampmeter_call::Throttle;

/// What an answer means, before it is joined with the answer itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// The vendor did it.
    Success,
    /// The vendor's final failure.
    Final,
    /// Too much was asked.
    Throttled(Throttle),
    /// A passing failure at the vendor, which did not do it.
    Repeatable,
    /// A failure at the vendor that does not say whether it did it.
    MaybeDone,
    /// Something before the vendor lost its answer: nobody knows whether the vendor did it.
    Unknown,
}
