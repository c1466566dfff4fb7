//! What became of a permit when its call was over.

use std::time::Duration;

use rampmeter_call::PermitEnd;
use rampmeter_dispatch::CallId;

/// What became of a permit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The vendor answered, or nothing of the call can reach it any more.
    Answered,
    /// The same, and the vendor said that no calls are left for so long.
    UsedUp(Duration),
    /// It went wrong, and the gate says whose trouble that is.
    Wrong(WentWrong),
    /// Nobody knows what became of the call.
    Lost,
    /// No call left.
    Unused,
}

/// A request that went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WentWrong {
    /// How its permit ends.
    pub(crate) end: PermitEnd,
    /// Its call, named through all of its attempts.
    pub(crate) call: CallId,
    /// How often the vendor refused the call before.
    pub(crate) refusals: u32,
}

/// The name of a call for the gate: any number that is always the same for a message, and hardly ever that of another.
pub(crate) fn call_of(message_id: &str) -> CallId {
    // FNV-1a, of 64 bits.
    let hash = message_id
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    hash.cast_signed()
}
