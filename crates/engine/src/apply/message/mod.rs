//! What a message holds: its body, which may lie in the step that sent it, and the call that an HTTP Task asks for.

pub(crate) mod body;
pub(crate) mod http_task;
