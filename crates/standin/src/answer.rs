//! NetSuite's answers: its error body, its 204 with a Location, its media type.
//! It decides nothing; it only knows how NetSuite says a thing.

use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// One answer of NetSuite's REST surface.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) location: Option<String>,
    pub(crate) body: Option<Value>,
}

impl Answer {
    /// 204 with the address of the record that was written.
    pub(crate) fn written(location: String) -> Answer {
        Answer {
            status: 204,
            location: Some(location),
            body: None,
        }
    }

    /// 200 with a JSON body.
    pub(crate) fn found(body: Value) -> Answer {
        Answer {
            status: 200,
            location: None,
            body: Some(body),
        }
    }

    /// Too many calls in flight.
    pub(crate) fn too_many_in_flight() -> Answer {
        let detail = "Concurrent request limit exceeded. Request blocked.";
        Answer::error(429, detail, "CONCURRENCY_LIMIT_EXCEEDED")
    }

    /// Too many calls in the window. NetSuite reports the excess of its undocumented frequency limits with
    /// the unspecific code `USER_ERROR`.
    pub(crate) fn too_many_in_window() -> Answer {
        let detail = "Request limit for the current period exceeded. Request blocked.";
        Answer::error(429, detail, "USER_ERROR")
    }

    /// The bearer token is missing or wrong.
    pub(crate) fn invalid_login() -> Answer {
        let detail = "Invalid login attempt. For more details, see the Login Audit Trail.";
        Answer::error(401, detail, "INVALID_LOGIN")
    }

    /// The body is not the JSON object it should be.
    pub(crate) fn invalid_content(why: &str) -> Answer {
        Answer::error(
            400,
            &format!("Invalid content in the request body: {why}"),
            "INVALID_CONTENT",
        )
    }

    /// A member of the body names something that does not exist.
    pub(crate) fn invalid_reference(path: &str) -> Answer {
        let detail = format!("Invalid reference key for {path}.");
        let mut answer = Answer::error(400, &detail, "INVALID_KEY_OR_REF");
        if let Some(body) = &mut answer.body {
            body["o:errorDetails"][0]["o:errorPath"] = Value::from(path);
        }
        answer
    }

    /// There is no such record.
    pub(crate) fn nonexistent(record: &str) -> Answer {
        let detail = format!("The record instance {record} does not exist.");
        Answer::error(404, &detail, "NONEXISTENT_ID")
    }

    /// The surface has no such path, or the path no such method.
    pub(crate) fn unknown_path(method: &str, path: &str) -> Answer {
        Answer::error(
            404,
            &format!("{method} {path} is not available."),
            "NONEXISTENT_ID",
        )
    }

    /// The request body is larger than the server reads.
    pub(crate) fn too_large(limit: usize) -> Answer {
        let detail = format!("The request body exceeds {limit} bytes.");
        Answer::error(413, &detail, "INVALID_REQUEST")
    }

    /// Something broke on the vendor's side.
    pub(crate) fn unexpected_error(id: u64) -> Answer {
        let detail = format!("An unexpected error occurred. Error ID: standin-{id}");
        Answer::error(500, &detail, "UNEXPECTED_ERROR")
    }

    /// The server is stopping.
    pub(crate) fn unavailable() -> Answer {
        Answer::error(
            503,
            "The service is temporarily unavailable.",
            "SERVICE_UNAVAILABLE",
        )
    }

    fn error(status: u16, detail: &str, code: &str) -> Answer {
        let title = StatusCode::from_u16(status)
            .ok()
            .and_then(|status| status.canonical_reason())
            .unwrap_or("Error");
        let body = json!({
            "type": "https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html",
            "title": title,
            "status": status,
            "o:errorDetails": [{ "detail": detail, "o:errorCode": code }],
        });
        Answer {
            status,
            location: None,
            body: Some(body),
        }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = Response::builder().status(self.status);
        if let Some(location) = self.location {
            response = response.header(header::LOCATION, location);
        }
        let body = match self.body {
            None => Body::empty(),
            Some(json) => {
                let kind = if self.status < 400 {
                    "singular"
                } else {
                    "error"
                };
                let media_type = format!("application/vnd.oracle.resource+json; type={kind}");
                response = response.header(header::CONTENT_TYPE, media_type);
                Body::from(json.to_string())
            }
        };
        response
            .body(body)
            .expect("a status, an ASCII location and a fixed media type are a response")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_concurrency_error_has_the_members_netsuite_gives_it() {
        let answer = Answer::too_many_in_flight();
        assert_eq!(
            answer.body.unwrap(),
            json!({
                "type": "https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html",
                "title": "Too Many Requests",
                "status": 429,
                "o:errorDetails": [{
                    "detail": "Concurrent request limit exceeded. Request blocked.",
                    "o:errorCode": "CONCURRENCY_LIMIT_EXCEEDED",
                }],
            })
        );
    }

    #[test]
    fn an_invalid_reference_says_where_it_is() {
        let body = Answer::invalid_reference("item.items[0].item")
            .body
            .unwrap();
        assert_eq!(
            body["o:errorDetails"][0]["o:errorPath"],
            "item.items[0].item"
        );
        assert_eq!(
            body["o:errorDetails"][0]["o:errorCode"],
            "INVALID_KEY_OR_REF"
        );
    }
}
