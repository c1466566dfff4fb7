//! Calls to the vendors: sent, in their lanes, permitted, answered, repeated, given up.

pub(crate) mod allowance;
pub(crate) mod answer;
pub(crate) mod dead_letter;
pub(crate) mod due;
pub(crate) mod figures;
pub(crate) mod http_task;
pub(crate) mod inspect;
pub(crate) mod job;
pub(crate) mod lane;
pub(crate) mod open_calls;
pub(crate) mod permit;
pub(crate) mod send;
pub(crate) mod settled;
pub(crate) mod why;
