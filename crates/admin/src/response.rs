//! The two forms of a response: an object with its schema, or an error with its code.

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use rampmeter_engine::Rejected;
use rampmeter_visible::visible;
use serde_json::{Value, json};

/// A JSON object under its schema.
#[derive(Debug)]
pub(crate) struct JsonResponse(pub(crate) Value);

impl IntoResponse for JsonResponse {
    fn into_response(self) -> Response {
        json_response(StatusCode::OK, &self.0)
    }
}

/// Text of JSON as a value; text that is not JSON stays text.
pub(crate) fn json_or_text(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::from(text))
}

/// A refused request.
#[derive(Debug)]
pub(crate) struct Refused {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl Refused {
    /// Nothing of that name.
    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            code: "RM2020",
            message: message.into(),
        }
    }

    /// The wrong method for this path.
    pub(crate) fn method_not_allowed() -> Self {
        let message = "this path takes another method: GET reads, POST changes".to_owned();
        Self {
            status: StatusCode::METHOD_NOT_ALLOWED,
            code: "RM2021",
            message,
        }
    }

    /// A parameter that cannot be read.
    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            code: "RM2022",
            message: message.into(),
        }
    }

    /// A body that did not arrive in time.
    pub(crate) fn too_slow() -> Self {
        Self {
            status: StatusCode::REQUEST_TIMEOUT,
            code: "RM2022",
            message: "the request body took too long to arrive".to_owned(),
        }
    }

    /// A name that stands for more than one thing.
    pub(crate) fn ambiguous(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::CONFLICT,
            code: "RM2023",
            message: message.into(),
        }
    }

    /// Something that the disk has changed since it was written.
    pub(crate) fn damaged(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            code: "RM2026",
            message: message.into(),
        }
    }

    /// A request without a valid identity, where one is required.
    pub(crate) fn unknown_user() -> Self {
        Self {
            status: StatusCode::UNAUTHORIZED,
            code: "RM2027",
            message: "a token of a user is needed: RAMPMETER_TOKEN for the command line, the login of the dashboard for a browser"
                .to_owned(),
        }
    }

    /// A request by somebody whose role is not sufficient.
    pub(crate) fn not_allowed(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::FORBIDDEN,
            code: "RM2028",
            message: message.into(),
        }
    }

    /// A `Host` header that does not name this machine.
    pub(crate) fn foreign_host() -> Self {
        let message = "the Host header must be localhost or a loopback address".to_owned();
        Self {
            status: StatusCode::FORBIDDEN,
            code: "RM2024",
            message,
        }
    }
}

impl From<Rejected> for Refused {
    fn from(rejected: Rejected) -> Self {
        let message = rejected.to_string();
        match rejected {
            Rejected::ExecutionDoesNotExist(_) | Rejected::InvalidArn(_) | Rejected::Unknown(_) => {
                Self::not_found(message)
            }
            Rejected::Impossible(_) => Self {
                status: StatusCode::CONFLICT,
                code: "RM4020",
                message,
            },
            Rejected::Stopped(_) => Self {
                status: StatusCode::SERVICE_UNAVAILABLE,
                code: "RM2025",
                message,
            },
            _ => Self::bad_request(message),
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let error = json!({ "code": self.code, "message": self.message });
        let mut response = json_response(
            self.status,
            &json!({ "schema": "rampmeter.error/1", "error": error }),
        );
        if self.status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(WWW_AUTHENTICATE, scheme);
        }
        response
    }
}

/// JSON as it is sent: the same value, with the characters written out that a terminal would obey (`curl` shows what it gets).
pub(crate) fn json_text(value: &Value) -> String {
    visible(&value.to_string()).into_owned()
}

fn json_response(status: StatusCode, value: &Value) -> Response {
    let mut response = Response::new(Body::from(json_text(value)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
