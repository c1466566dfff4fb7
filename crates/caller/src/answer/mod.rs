//! What is read of an answer: its body, into memory or a file, and the headers that state limits and pauses.

mod body;
mod body_file;
pub(crate) mod body_sink;
pub mod rate_headers;
pub mod retry_after;
pub(crate) mod xml;

pub use body_sink::ResponseRules;
