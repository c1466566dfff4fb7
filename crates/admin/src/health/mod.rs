//! What is happening now, and whether all is well.

pub(crate) mod disk;
mod history;
pub(crate) mod live;
mod report;
pub(crate) mod sample;
