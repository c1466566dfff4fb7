//! AWS Signature Version 4: what a signed request claims, the text that is signed, and whether a signature matches it.
//! The AWS port checks signatures with it, the command line signs with it. It leaves out chunked payloads and SigV4A,
//! which neither SQS nor Step Functions uses.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>

pub(crate) use check::{Expected, Refused, check};
pub(crate) use claim::{Claim, SECURITY_TOKEN};
pub use sign::Signer;

mod canonical;
mod check;
mod claim;
mod key;
mod sign;
#[cfg(test)]
mod tests;

use axum::http::HeaderMap;

/// The only algorithm that is supported.
pub(crate) const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// What the last part of a scope must be.
const TERMINATOR: &str = "aws4_request";

/// A request as its signature sees it.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// The method in capitals.
    pub method: &'a str,
    /// The path as it was sent, percent-encoded.
    pub path: &'a str,
    /// What follows the question mark, as it was sent.
    pub query: &'a str,
    /// All headers.
    pub headers: &'a HeaderMap,
    /// The whole body.
    pub body: &'a [u8],
}

/// Where and when a signature is valid: the credential's scope without the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scope {
    /// `YYYYMMDD`.
    pub(crate) date: String,
    /// An AWS region.
    pub(crate) region: String,
    /// Signing name of a service.
    pub(crate) service: String,
    /// `aws4_request`.
    pub(crate) terminator: String,
}

impl std::fmt::Display for Scope {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Scope {
            date,
            region,
            service,
            terminator,
        } = self;
        write!(formatter, "{date}/{region}/{service}/{terminator}")
    }
}
