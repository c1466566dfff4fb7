//! What each command does to the store and to the writer's memory, one folder for each subject. Everything here runs
//! inside the writer's transaction and performs nothing outside it.
//!
//! What a subject may touch is in its signature: its functions are those of its *context*, which borrows the tables and
//! the part of the memory that it needs, and nothing else. A context holds the one below it: `control` may do all that
//! `workflow` may, `workflow` all that `calls` may, and `calls` all that `queues` may; `machines` stands beside them.
//! Where a context has too many functions for one type, a smaller one borrows it, named for what it is about (`Lanes`,
//! `Steps`, `Forks`).
//!
//! All of them build on `subject` (what every context can do, and what follows from an error), `journal` (the time, and
//! what is left for executions and for after the commit), `pending` and `outbox`. A call that ends never moves an
//! execution: it leaves a stimulus in the journal.

pub(crate) mod calls;
pub(crate) mod control;
pub(crate) mod journal;
pub(crate) mod machines;
pub(crate) mod outbox;
pub(crate) mod pending;
pub(crate) mod queues;
pub(crate) mod subject;
pub(crate) mod workflow;
