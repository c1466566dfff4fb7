//! What is happening now, and whether that is well.

pub(crate) mod live;
pub(crate) mod sample;
mod report;
