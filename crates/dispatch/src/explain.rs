//! Why a call that has not ended has not started, in one typed answer for everybody who asks.
//!
//! The gate fills in what holds a lane ([`crate::GateView::explanation`]); the host fills in what only it knows of one call,
//! such as an OrderingKey or a backoff, with the same type. Nothing is decided here, and nobody phrases it anew.

mod explanation;
mod holder;
mod start;
mod words;

pub use explanation::{Explanation, Position};
pub use holder::Holder;
pub use start::Start;
