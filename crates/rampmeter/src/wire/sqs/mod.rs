//! The operations of AWS SQS, by what they are about.

pub(super) mod message;
pub(super) mod parameter;
pub(super) mod queue;
pub(super) mod receive;
