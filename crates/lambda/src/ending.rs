//! What became of a permit when its call was over.

use std::time::Duration;

use rampmeter_call::PermitEnd;
use rampmeter_dispatch::CallId;

/// What became of a permit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The vendor answered, or the call can no longer reach it.
    Answered,
    /// The same, and the vendor said that it takes no more calls for so long.
    UsedUp(Duration),
    /// It went wrong, and the gate says whose trouble that is.
    Wrong(WentWrong),
    /// Nobody knows what became of the call.
    Lost,
    /// No request left.
    Unused,
}

/// A request that went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WentWrong {
    /// How its permit ends.
    pub(crate) end: PermitEnd,
    /// Its call, by a name that all attempts share.
    pub(crate) call: CallId,
    /// How often the vendor refused the call before.
    pub(crate) refusals: u32,
}

/// The name of a call for the gate: a number that is always the same for a message, and hardly ever the same for two.
pub(crate) fn call_of(message_id: &str) -> CallId {
    // FNV-1a, of 64 bits.
    let hash = message_id
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    hash.cast_signed()
}
