//! What X-Ray is told of each call.

pub(crate) mod segment;
pub(crate) mod tracer;
