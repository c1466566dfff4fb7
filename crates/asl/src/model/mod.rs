//! What a definition says, compiled: states as types, their conditions and resources. Read-only. It is built
//! in `definition` and run in `advance`, but depends on neither.

pub(crate) mod choice;
pub(crate) mod diagnostic;
mod integration;
pub(crate) mod machine;
pub(crate) mod resource;
pub(crate) mod state_kind;
mod variable_reference;
