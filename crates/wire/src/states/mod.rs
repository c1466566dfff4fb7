//! The operations of AWS Step Functions, by subject.

mod constraint;
mod listing;
mod settings;

pub(super) mod activity;
pub(super) mod alias;
pub(super) mod execution;
pub(super) mod history;
pub(super) mod machine;
pub(super) mod map_run;
pub(super) mod synchronous;
pub(super) mod tag;
pub(super) mod redrive;
pub(super) mod task;
pub(super) mod test_state;
pub(super) mod validation;
pub(super) mod version;
