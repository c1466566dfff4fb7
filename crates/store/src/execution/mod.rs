//! Executions, and what belongs to them: steps, frames, timers, map runs, work that is left to do.

pub(crate) mod awaited;
pub(crate) mod continuing;
pub(crate) mod data;
pub(crate) mod frame;
pub(crate) mod invocation;
pub(crate) mod map_run;
pub(crate) mod redrivable;
pub(crate) mod retention;
pub(crate) mod row;
pub(crate) mod step;
pub(crate) mod timer;
