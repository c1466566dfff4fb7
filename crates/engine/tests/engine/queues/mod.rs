//! Queues as SQS has them.

mod fair;
mod fifo;
mod moved;
mod plain;
mod sources;
mod waiting;
