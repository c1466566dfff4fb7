//! Queues, their messages, and message move tasks.

pub(crate) mod attempt;
pub(crate) mod body;
pub(crate) mod fair;
pub(crate) mod fifo;
pub(crate) mod message;
pub(crate) mod move_task;
pub(crate) mod record;
