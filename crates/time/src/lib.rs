//! How moments and durations are written and read, the same in every answer, report and option. Pure: what time it is,
//! is asked elsewhere.

pub mod duration;
mod moment;
mod span;

pub use moment::{UnixMillis, rfc3339};
pub use span::span;
