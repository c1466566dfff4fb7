//! What is evaluated beside the writer, on threads of its own: the expressions of a step that cost more than a little, and
//! the part of a long body that a workflow gets. Work is counted, never timed, and what is not done within its bound is
//! abandoned without effect.
//!
//! [`Evaluation`] is a step that was moved off the writer, with everything that it may see; [`Workers`] are the threads.
//! Which executions wait for an evaluation, and what becomes of its result, is not here.

mod evaluation;
mod frozen;
mod selection;
mod tree;
mod workers;

pub use evaluation::{Evaluated, Evaluation, Question};
pub use frozen::{FrozenContext, Host};
pub use selection::select;
pub use workers::{Attempt, Job, Workers};
