//! Queues as SQS has them.

mod expired;
mod fair;
mod fifo;
mod moved;
mod plain;
mod sources;
mod waiting;
