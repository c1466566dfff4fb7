//! The real binary, spoken to over its ports and its command line as users do.
//! One test program, so that it is linked once.

mod process;
mod vendor;
mod aws;
mod calls;
mod workspace;

mod executions;
mod secrets;
mod services;
mod express;
mod tasks;
mod versions;
mod test_state;
mod queues;
mod plain_queues;
mod query_protocol;
mod credentials;
mod backup;
mod dashboard;
mod dead_letters;
mod long_polls;
mod fuzz;
mod hostile;
mod accounts;
mod admin;
mod full_disk;
mod lifecycle;
mod commands;
mod gate_in_words;
