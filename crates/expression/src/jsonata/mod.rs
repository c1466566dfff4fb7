//! JSONata, the second query language of the Amazon States Language: compiled expressions, AWS's own
//! functions, and the bounds that keep an expression from holding up its host. What a state does with
//! the values is not here; neither is JSONPath.
//!
//! [`Program`] is the entry point: nothing outside this folder names the engine beneath. Replacing it
//! means rewriting `program`, `functions`, `guards` and `weigher` and running the official suite
//! (`examples/jsonata_suite.rs`).

mod distinct;
mod functions;
mod guards;
mod limits;
mod program;
mod references;
mod rewrite;
mod search;
mod states;
mod template;
mod weigher;

#[cfg(test)]
mod tests;

pub use limits::Limits;
pub use program::{Dialect, Fault, Given, Program};
pub use states::{Known, evaluate};
pub use template::{Query, Template};
