//! Calls: their lanes, permits, jobs, outcomes and dead letters, and what people changed.

pub(crate) mod audit;
pub(crate) mod control;
pub(crate) mod calendar_clock;
mod counted;
pub(crate) mod dead_letter;
pub(crate) mod job;
pub(crate) mod lane;
pub(crate) mod line;
pub(crate) mod lost;
pub(crate) mod open;
pub(crate) mod outcome;
pub(crate) mod permit;
pub(crate) mod unreadable;
mod waiting;
