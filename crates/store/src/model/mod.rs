//! The types that everything above the store uses: ids, ARNs, the requests of clients and the responses, errors. No I/O.

pub mod activity;
pub mod arn;
pub mod call;
pub mod control;
pub mod damaged;
pub mod dead_letter;
pub mod execution;
pub mod figures;
pub mod id;
pub mod invocation;
pub mod map_run;
pub mod name;
pub mod page;
pub mod queue_error;
pub mod rejected;
pub mod sqs;
pub mod state_machine;
pub mod target;
pub mod token;
pub mod version;
