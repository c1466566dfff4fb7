//! The AWS port: what any client of Step Functions and SQS sees of it.

pub(crate) mod credentials;
mod scope;
mod executions;
mod express;
mod fuzz;
mod hostile;
mod long_polls;
mod plain_queues;
mod query_protocol;
mod queues;
mod services;
mod tasks;
mod test_state;
mod versions;
