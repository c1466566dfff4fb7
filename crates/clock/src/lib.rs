//! What time it is, and how much time has surely passed.
//!
//! Four clocks say different things, and none of them alone is enough:
//!
//! - **wall**: what the date is. It may be wrong, and people and NTP set it forward and back while we run.
//! - **boot**: how long ago the machine was started, sleeps included. Nobody sets it; it starts afresh with each
//!   boot.
//! - **engine**: the time by which everything here is decided. It never goes back and never jumps while one boot of
//!   the machine lasts: within a boot it is an earlier engine time plus what the boot clock says has passed since.
//! - **the vendor's calendar**: quotas that start afresh at midnight follow the date as it is corrected (`wall_ahead`), and
//!   the vendor's own clock (`dispatch::CalendarClock`).
//!
//! Each commit writes a [`Stamp`] of the three clocks beside what it decided. A start reads it and the clocks anew, and
//! [`resume`] concludes what the time is:
//!
//! | the stamp | engine time | limits |
//! |---|---|---|
//! | of this boot | the stamp's plus the boot time since, whatever the wall clock says | as they are |
//! | of another boot | the date, but not earlier than the stamp's plus the time since the boot | only what surely passed counts: the time since this boot, and no more than the wall clock says |
//! | none, an older store | the date, not earlier than anything stored | kept at their full length |
//!
//! Uncertain time costs slots for a while but never gives one out twice: windows and holds end later by
//! [`Resumption::unsure`]. Left out: a machine whose own boot clock stops (a virtual machine that is paused) is slower
//! than the vendor, which is safe; a date that is wrong moves calendar quotas for as long as it is, unless the
//! vendor's answers say otherwise.

mod clock;
mod reading;
mod resumption;
mod stamp;

pub use clock::Clock;
pub use reading::Reading;
pub use resumption::{Basis, Resumption, resume};
pub use stamp::Stamp;
