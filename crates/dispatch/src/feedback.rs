//! What the vendor's own refusals teach: a lower ceiling on calls in flight, or a paused target that
//! reopens slowly.
//!
//! Feedback only ever narrows what the configured limits admit. Recognising a throttle in an answer
//! is the business of the `caller` crate; repeating the refused call is that of the host.

mod ceiling;
mod throttle;
mod vendor_pause;

pub(crate) use ceiling::Ceiling;
pub use ceiling::QUIET_INTERVAL;
pub use throttle::{Throttle, ThrottleReport};
pub use vendor_pause::{FIRST_PAUSE, MAX_PAUSE, RAMP_ENDS_AT};
pub(crate) use vendor_pause::{Opening, VendorPause};
