//! The Query protocol of SQS and STS, for clients that are older than SQS's JSON protocol, and for presigned URLs: forms
//! in, XML out. Requests are converted to AWS JSON and responses from it, so that every operation exists only once.
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-making-api-requests-xml.html>

pub(crate) use form::Form;
pub(crate) use members::to_json;
pub(crate) use xml::{answer, error};

mod form;
mod members;
mod xml;
#[cfg(test)]
mod tests;
