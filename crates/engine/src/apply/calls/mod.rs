//! Calls to the vendors: how they are sent, wait in lanes, get permits, are answered, repeated and given up.

pub(crate) mod action;
pub(crate) mod answer;
mod calendar;
pub(crate) mod call_result;
pub(crate) mod context;
pub(crate) mod dead_letter;
pub(crate) mod due;
pub(crate) mod figures;
pub(crate) mod inspect;
pub(crate) mod job;
pub(crate) mod lane;
mod line;
pub(crate) mod max_wait;
pub(crate) mod open_calls;
pub(crate) mod permit;
pub(crate) mod queue;
pub(crate) mod rate_headers;
pub(crate) mod send;
