//! One error as AWS writes it: a type, a message and an HTTP status; for SQS also the code of its Query protocol, which
//! SDKs of query-compatible services read from a header. The XML form of the Query protocol is in `query::xml`.

use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use serde_json::json;

use super::json::json_response;
use crate::protocol::service::Service;

/// Header with the error's Query code and its fault side, as SQS sends it.
const QUERY_ERROR: HeaderName = HeaderName::from_static("x-amzn-query-error");

/// An error on its way to a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WireError {
    /// AWS's exception name, the `__type`.
    pub(crate) name: &'static str,
    /// The code of the SQS Query protocol where it differs from the name.
    query_code: Option<&'static str>,
    /// Status of the HTTP response.
    pub(crate) status: StatusCode,
    /// What went wrong, for people.
    pub(crate) message: String,
}

impl WireError {
    /// An error of the sender, with status 400 as AWS answers nearly all of them.
    pub(crate) fn new(name: &'static str, message: impl Into<String>) -> Self {
        Self {
            name,
            query_code: None,
            status: StatusCode::BAD_REQUEST,
            message: message.into(),
        }
    }

    /// The same with the code that the SQS Query protocol uses for it.
    pub(crate) fn with_query_code(self, code: &'static str) -> Self {
        Self {
            query_code: Some(code),
            ..self
        }
    }

    /// The same with another HTTP status.
    pub(crate) fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// An operation or a service that is not served.
    pub(crate) fn unknown_operation(message: impl Into<String>) -> Self {
        Self::new("UnknownOperationException", message).with_query_code("InvalidAction")
    }

    /// A body that is not the JSON the operation takes.
    pub(crate) fn serialization(message: impl Into<String>) -> Self {
        Self::new("SerializationException", message)
    }

    /// The code that the Query protocol uses for it.
    pub(crate) fn query_code(&self) -> &'static str {
        self.query_code.unwrap_or(self.name)
    }

    /// Whose fault it is, in the words of the Query protocol.
    pub(crate) fn fault(&self) -> &'static str {
        if self.status.is_server_error() {
            "Receiver"
        } else {
            "Sender"
        }
    }

    /// The HTTP response in AWS JSON. `service` is absent when the request named none that is served.
    pub(crate) fn to_json_response(&self, service: Option<Service>) -> Response {
        let kind = match service {
            Some(Service::Sqs) => format!("com.amazonaws.sqs#{}", self.name),
            _ => self.name.to_owned(),
        };
        let mut response = json_response(
            self.status,
            &json!({ "__type": kind, "message": self.message }),
        );
        if service == Some(Service::Sqs) {
            let code = format!("{};{}", self.query_code(), self.fault());
            if let Ok(value) = HeaderValue::from_str(&code) {
                response.headers_mut().insert(QUERY_ERROR, value);
            }
        }
        response
    }
}

/// A client's text, cut to a length that suits an error message.
pub(crate) fn printable(text: &str) -> String {
    text.chars()
        .filter(|letter| !letter.is_control())
        .take(100)
        .collect()
}
