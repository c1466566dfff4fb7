//! A limit at work: here windows and limits on calls in flight decide whether they admit one more call.
//!
//! What a limit is configured to allow is in `rules`; which calls are in flight, in `permit`.

mod counted;
mod estimate;
mod pace;
mod rate;
mod reading;
mod release;
mod slot;
mod state;
mod window;

pub use counted::CountedCalls;
pub use release::{MAX_BUCKETS, MAX_EXACT_CALLS};
pub use slot::WindowRow;
pub(crate) use state::{LimitContext, LimitState};
