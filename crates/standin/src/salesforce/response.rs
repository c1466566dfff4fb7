//! Salesforce's answers: errors in a list, throttles as 403, and nothing that says how long to wait.
//! It decides nothing; it only has Salesforce's wording.

use crate::request::NoJson;
use crate::response::VendorResponse;
use serde_json::{Value, json};

/// The frame of all its errors but those of sign-ins.
pub(super) fn error(status: u16, code: &'static str, message: &str) -> VendorResponse {
    let body = json!([{ "message": message, "errorCode": code }]);
    VendorResponse::json(status, body).coded(code)
}

/// Too many requests run long.
pub(super) fn too_many_at_once() -> VendorResponse {
    let message = "ConcurrentRequests (Concurrent API Requests) Limit exceeded.";
    error(403, "REQUEST_LIMIT_EXCEEDED", message)
}

/// Too many requests in 24 hours.
pub(super) fn too_many_in_a_day() -> VendorResponse {
    error(
        403,
        "REQUEST_LIMIT_EXCEEDED",
        "TotalRequests Limit exceeded.",
    )
}

/// The session is unknown, or has ended.
pub(super) fn no_session() -> VendorResponse {
    error(401, "INVALID_SESSION_ID", "Session expired or invalid")
}

/// The Authorization header is missing or of another kind.
pub(super) fn no_authorization() -> VendorResponse {
    error(401, "INVALID_AUTH_HEADER", "INVALID_HEADER_TYPE")
}

/// There is no such thing.
pub(super) fn not_found() -> VendorResponse {
    let message = "The requested resource does not exist";
    error(404, "NOT_FOUND", message)
}

/// The body is not a JSON object, or too large.
pub(super) fn no_json(why: &NoJson) -> VendorResponse {
    match why {
        NoJson::Unreadable(why) => error(400, "JSON_PARSER_ERROR", why),
        NoJson::TooLarge(limit) => {
            let message = format!("The request body exceeds {limit} bytes.");
            error(413, "REQUEST_TOO_LARGE", &message)
        }
    }
}

/// Something broke on the vendor's side, in one of its two ways.
pub(super) fn broken(number: u64) -> VendorResponse {
    if number.is_multiple_of(2) {
        error(503, "SERVER_UNAVAILABLE", "Server unavailable")
    } else {
        let message = format!("An unexpected error occurred. ErrorId: standin-{number}");
        error(500, "UNKNOWN_EXCEPTION", &message)
    }
}

/// A record was written.
pub(super) fn written(id: &str, created: bool, says_so: bool) -> VendorResponse {
    if !created && !says_so {
        return VendorResponse::empty(204);
    }
    let body = json!({ "id": id, "success": true, "errors": [], "created": created });
    VendorResponse::json(if created { 201 } else { 200 }, body)
}

/// What a token endpoint says of a request it refuses.
pub(super) fn no_token(error: &'static str, description: &str) -> VendorResponse {
    let body = json!({ "error": error, "error_description": description });
    VendorResponse::json(400, body).coded(error)
}

/// An access token. Salesforce does not say how long it lives.
pub(super) fn token(access_token: &str, instance_url: &str, user: &str) -> VendorResponse {
    VendorResponse::json(
        200,
        json!({
            "access_token": access_token,
            "scope": "api",
            "instance_url": instance_url,
            "id": format!("{instance_url}/id/00D000000000001AAA/{user}"),
            "token_type": "Bearer",
        }),
    )
}

/// The versions of the API.
pub(super) fn versions() -> Value {
    let version = |number: u32| {
        json!({
            "label": format!("v{number}"),
            "url": format!("/services/data/v{number}.0"),
            "version": format!("{number}.0"),
        })
    };
    Value::Array((58..=64).map(version).collect())
}
