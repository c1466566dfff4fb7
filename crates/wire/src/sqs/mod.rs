//! The operations of AWS SQS, by subject. The rules are the engine's; here are only the shapes.

pub(super) mod attributes;
mod batch;
pub(super) mod message;
pub(super) mod move_task;
mod parameter;
pub(super) mod permission;
pub(super) mod queue;
pub(super) mod receipt;
pub(super) mod receive;
pub(super) mod tags;
