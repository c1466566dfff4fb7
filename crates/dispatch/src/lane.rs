//! The lanes of a target: which have a call waiting, which of them goes first, and in which order the calls of one
//! lane take their turns.

mod deferral;
mod fair_order;
mod waiting;

pub(crate) use deferral::Lanes;
pub use fair_order::FairOrder;
pub use waiting::Waiting;
