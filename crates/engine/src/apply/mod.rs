//! What each command does to the store, one file for each subject. Everything here runs inside the writer's
//! transaction and performs nothing outside it.

mod activity;
mod advance;
mod alias;
mod allowance;
mod answer;
mod audit;
mod control;
mod dead_letter;
mod dead_letter_redrive;
mod execution;
mod figures;
mod fork;
mod inspect;
mod job;
mod lane;
mod limit_change;
mod machine;
mod map_run;
mod permit;
mod queue;
mod redrive;
mod retention;
mod send;
mod settled;
mod service;
mod step;
mod synchronous;
mod tag;
mod task;
mod timer;
mod version;
mod waiting_at;
mod work;

pub(crate) use audit::CallAudit;
pub(crate) use limit_change::amended;
pub(crate) use queue::RunningMoveTask;
