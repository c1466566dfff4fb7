//! How moments and durations are written and read, the same in every response, report and option. Pure: the clocks are
//! read elsewhere.

pub mod duration;
mod moment;
mod span;

pub use moment::{UnixMillis, rfc3339};
pub use span::span;
