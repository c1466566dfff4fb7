//! NetSuite's answers: its error body, its 204 with a Location, its media type. It decides nothing; it only has
//! NetSuite's wording.

use crate::request::NoJson;
use crate::response::{Content, VendorResponse};
use axum::http::StatusCode;
use serde_json::{Value, json};

/// 204 with the address of the record that was written.
pub(super) fn written(location: String) -> VendorResponse {
    VendorResponse::empty(204).with("location", location)
}

/// 200 with a JSON body.
pub(super) fn found(body: Value) -> VendorResponse {
    VendorResponse {
        content: Content::Json(
            "application/vnd.oracle.resource+json; type=singular",
            Box::new(body),
        ),
        ..VendorResponse::empty(200)
    }
}

/// 202: the request is worked on in the background.
pub(super) fn job_begun(location: &str) -> VendorResponse {
    VendorResponse::empty(202)
        .with("location", location)
        .with("preference-applied", "respond-async")
}

/// The key of an asynchronous request has come before; the job of the first is at the location. The status is 400 and
/// the title speaks of a conflict.
pub(super) fn known_key(location: &str) -> VendorResponse {
    let detail = "A request with this idempotency key has been accepted before.";
    let mut answer = error(400, detail, "IDEMPOTENCY_ERROR").with("location", location);
    if let Content::Json(_, body) = &mut answer.content {
        body["title"] = "Conflict".into();
    }
    answer
}

/// A RESTlet's way of saying "too many calls at once". The message is localised; the blanks are NetSuite's.
pub(super) fn restlet_throttled() -> VendorResponse {
    restlet_error(
        "SSS_REQUEST_LIMIT_EXCEEDED",
        "The maximum number of concurrent requests has been exceeded.",
    )
}

/// A RESTlet's error.
pub(super) fn restlet_error(code: &'static str, message: &str) -> VendorResponse {
    let text = format!(
        "{{\"error\" : {{\"code\" : {}, \"message\" : {}}}}}",
        Value::from(code),
        Value::from(message)
    );
    VendorResponse {
        content: Content::Text("application/json; charset=utf-8", text),
        ..VendorResponse::empty(400)
    }
    .coded(code)
}

/// What an OAuth 2.0 token endpoint says of a request it refuses (RFC 6749, section 5.2).
pub(super) fn no_token(status: u16, error: &'static str) -> VendorResponse {
    VendorResponse::json(status, json!({ "error": error })).coded(error)
}

/// An access token. NetSuite writes its lifetime as text.
pub(super) fn token(access_token: &str, seconds: u64) -> VendorResponse {
    VendorResponse::json(
        200,
        json!({
            "access_token": access_token,
            "expires_in": seconds.to_string(),
            "token_type": "bearer",
        }),
    )
}

/// A body that is not JSON, or too large.
pub(super) fn no_json(why: &NoJson) -> VendorResponse {
    match why {
        NoJson::Unreadable(why) => invalid_content(why),
        NoJson::TooLarge(limit) => too_large(*limit),
    }
}

/// Too many calls in flight.
pub(super) fn too_many_in_flight() -> VendorResponse {
    let detail = "Concurrent request limit exceeded. Request blocked.";
    error(429, detail, "CONCURRENCY_LIMIT_EXCEEDED")
}

/// Too many calls in the window. NetSuite reports the excess of its undocumented frequency limits with
/// the unspecific code `USER_ERROR`.
pub(super) fn too_many_in_window() -> VendorResponse {
    let detail = "Request limit for the current period exceeded. Request blocked.";
    error(429, detail, "USER_ERROR")
}

/// The bearer token is missing or wrong.
pub(super) fn invalid_login() -> VendorResponse {
    let detail = "Invalid login attempt. For more details, see the Login Audit Trail.";
    error(401, detail, "INVALID_LOGIN")
}

/// The body is not the JSON object it should be.
pub(super) fn invalid_content(why: &str) -> VendorResponse {
    error(
        400,
        &format!("Invalid content in the request body: {why}"),
        "INVALID_CONTENT",
    )
}

/// A member of the body names something that does not exist.
pub(super) fn invalid_reference(path: &str) -> VendorResponse {
    let detail = format!("Invalid reference key for {path}.");
    let mut answer = error(400, &detail, "INVALID_KEY_OR_REF");
    if let Content::Json(_, body) = &mut answer.content {
        body["o:errorDetails"][0]["o:errorPath"] = Value::from(path);
    }
    answer
}

/// There is no such record.
pub(super) fn nonexistent(record: &str) -> VendorResponse {
    let detail = format!("The record instance {record} does not exist.");
    error(404, &detail, "NONEXISTENT_ID")
}

/// The surface has no such path, or the path no such method.
pub(super) fn unknown_path(method: &str, path: &str) -> VendorResponse {
    error(
        404,
        &format!("{method} {path} is not available."),
        "NONEXISTENT_ID",
    )
}

/// The request body is larger than the server reads.
pub(super) fn too_large(limit: usize) -> VendorResponse {
    let detail = format!("The request body exceeds {limit} bytes.");
    error(413, &detail, "INVALID_REQUEST")
}

/// Something broke on the vendor's side.
pub(super) fn unexpected_error(id: u64) -> VendorResponse {
    let detail = format!("An unexpected error occurred. Error ID: standin-{id}");
    error(500, &detail, "UNEXPECTED_ERROR")
}

/// The frame that all of NetSuite's REST errors have.
fn error(status: u16, detail: &str, code: &'static str) -> VendorResponse {
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
    VendorResponse {
        content: Content::Json(
            "application/vnd.oracle.resource+json; type=error",
            Box::new(body),
        ),
        ..VendorResponse::empty(status)
    }
    .coded(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_concurrency_error_has_the_members_netsuite_gives_it() {
        let answer = too_many_in_flight();
        assert_eq!(
            answer.body(),
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
        let body = invalid_reference("item.items[0].item").body();
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
