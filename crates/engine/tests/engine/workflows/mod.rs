//! Executions: tasks, branches, map runs, redrives.

mod activities;
mod branches_and_iterations;
mod evaluations;
mod map_runs;
mod redrives;
mod task_tokens_and_time;
