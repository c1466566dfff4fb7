//! AWS JSON 1.0: reads an operation's parameters and writes its response.

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use rampmeter_time::UnixMillis;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::error::WireError;

/// Content type of every response.
const AMZ_JSON: HeaderValue = HeaderValue::from_static("application/x-amz-json-1.0");

/// The parameters of an operation. Members that the operation does not know are ignored, as on AWS; an empty body
/// is an operation without parameters.
pub(crate) fn parameters<T: DeserializeOwned>(body: &[u8]) -> Result<T, WireError> {
    let text = if body.iter().all(u8::is_ascii_whitespace) {
        b"{}"
    } else {
        body
    };
    serde_json::from_slice(text)
        .map_err(|why| WireError::serialization(format!("The request body cannot be read: {why}")))
}

/// A date as AWS JSON writes it: seconds since the epoch with millisecond decimals.
pub(crate) fn date(moment: UnixMillis) -> Value {
    Value::from(moment.as_secs_f64())
}

/// Writes `value` as the body of a response.
pub(crate) fn json_response(status: StatusCode, value: &Value) -> Response {
    let mut response = Response::new(Body::from(value.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, AMZ_JSON);
    response
}
