//! What Task states ask of services.

mod executions;
mod functions;
mod http;
