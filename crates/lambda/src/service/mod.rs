//! The AWS services that a worker uses, each behind a type of ours: SQS, Step Functions, DynamoDB, Secrets Manager and
//! Parameter Store, the event source mappings of Lambda.

pub(crate) mod clients;
pub(crate) mod mappings;
pub(crate) mod queues;
#[cfg(test)]
mod recorded;
pub(crate) mod secrets;
pub(crate) mod signed;
pub(crate) mod table;
pub(crate) mod tasks;
