//! What each command does to the store and to what the writer remembers, one folder for each subject. Everything here runs
//! inside the writer's transaction and performs nothing outside it.

pub(crate) mod calls;
pub(crate) mod control;
pub(crate) mod machines;
pub(crate) mod outbox;
pub(crate) mod queues;
pub(crate) mod turn;
pub(crate) mod workflow;
