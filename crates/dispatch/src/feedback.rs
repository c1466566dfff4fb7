//! What the vendor's own refusals teach: a lower ceiling on calls in flight, or a paused target that
//! reopens slowly.
//!
//! *Whose trouble is it?* The account's own (it cannot be reached, it does not sign us in) closes the target and
//! is no call's fault; a throttle closes it too, unless the vendor answers others meanwhile: then the trouble is
//! the call's own.
//!
//! Feedback only ever narrows what the configured limits admit. Recognising a throttle in an answer
//! is the business of the `caller` crate; retrying the refused call is that of the host.

mod ceiling;
mod successes;
mod throttle;
mod trouble;
mod vendor_pause;
mod whose;

pub(crate) use ceiling::Ceiling;
pub use ceiling::QUIET_INTERVAL;
pub(crate) use successes::Successes;
pub use throttle::{Refusal, Throttle, ThrottleReport};
pub(crate) use trouble::{AccountTrouble, ProbePauses};
pub use trouble::{TROUBLED_CALLS, Trouble, TroubleReport, TroubleState, Troubled};
pub use vendor_pause::{FIRST_PAUSE, MAX_PAUSE, RAMP_ENDS_AT};
pub(crate) use vendor_pause::{Opening, VendorPause};
pub use whose::Whose;
