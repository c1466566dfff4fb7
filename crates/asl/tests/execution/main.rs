//! Whole executions, run by a small host that guarantees no more than the real ones do: it stores
//! every frame as text between two stimuli and checks the timers that it is told to set and clear.

mod activity;
mod callback;
mod context_object;
mod data_flow;
mod flow;
mod host;
mod hostile;
mod jsonata;
mod limits;
mod map;
mod map_run;
mod parallel;
mod random_walk;
mod redrive;
mod retry;
mod services;
mod time;
mod variables;
