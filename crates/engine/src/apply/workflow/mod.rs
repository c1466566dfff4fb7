//! Executions: how they start, move, fork, wait, end and are redriven, and what their tasks ask of services.

pub(crate) mod activity;
pub(crate) mod advance;
pub(crate) mod context;
pub(crate) mod end;
pub(crate) mod execution;
pub(crate) mod fork;
pub(crate) mod map_run;
pub(crate) mod redrive;
pub(crate) mod resume;
pub(crate) mod service;
pub(crate) mod source;
pub(crate) mod step;
pub(crate) mod suspension;
pub(crate) mod synchronous;
pub(crate) mod task;
pub(crate) mod timer;
pub(crate) mod waiting_at;
pub(crate) mod work;
