//! What people change while the server runs, and what retention deletes.

pub(crate) mod bulk;
pub(crate) mod call_cancel;
pub(crate) mod context;
pub(crate) mod dead_letter_redrive;
pub(crate) mod limit_change;
pub(crate) mod pause;
pub(crate) mod retention;
