//! What each command does to the store and to what the writer remembers, one folder for each subject. Everything here runs
//! inside the writer's transaction and performs nothing outside it.
//!
//! The order, each importing only from those after it: `control` (what people change, and what time makes old), `workflow`
//! (executions), `machines` (their definitions), `calls`, `queues`, and what all of them stand on: `boundary` (what follows from
//! an error), `turn` (the transaction), `pending` and `outbox` (what is left for executions and for after the commit). So a call
//! that ends never moves an execution: it leaves what it has to say in `pending`.

pub(crate) mod boundary;
pub(crate) mod calls;
pub(crate) mod control;
pub(crate) mod machines;
pub(crate) mod outbox;
pub(crate) mod pending;
pub(crate) mod queues;
pub(crate) mod turn;
pub(crate) mod workflow;
