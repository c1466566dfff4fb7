//! SAP's answers: OData's two forms of an error and of a result, a session's token and cookies, and throttles that say
//! when to come back. It decides nothing; it only has SAP's wording.

use super::call::Version;
use crate::request::NoJson;
use crate::response::{Content, VendorResponse};
use serde_json::{Value, json};

/// An error in the form of the service's version.
pub(super) fn error(
    version: Version,
    status: u16,
    code: &'static str,
    message: &str,
) -> VendorResponse {
    let body = match version {
        Version::V2 => json!({ "error": {
            "code": code,
            "message": { "lang": "en", "value": message },
            "innererror": { "transactionid": "STANDIN", "errordetails": [] },
        } }),
        Version::V4 => json!({ "error": { "code": code, "message": message, "details": [] } }),
    };
    VendorResponse::json(status, body).coded(code)
}

/// There is no such service, set or entity.
pub(super) fn not_found(version: Version) -> VendorResponse {
    error(version, 404, "/IWBEP/CM_MGW_RT/020", "Resource not found")
}

/// The body is not a JSON object, or too large.
pub(super) fn no_json(version: Version, why: &NoJson) -> VendorResponse {
    match why {
        NoJson::Unreadable(why) => error(version, 400, "/IWBEP/CM_MGW_RT/101", why),
        NoJson::TooLarge(limit) => {
            let message = format!("The request body exceeds {limit} bytes.");
            error(version, 413, "/IWBEP/CM_MGW_RT/102", &message)
        }
    }
}

/// Too many calls in a window.
pub(super) fn too_many_in_window(retry_after: u64) -> VendorResponse {
    let fault = json!({ "fault": {
        "faultstring": "Rate limit quota violation. Quota limit exceeded.",
        "detail": { "errorcode": "policies.ratelimit.QuotaViolation" },
    } });
    VendorResponse::json(429, fault)
        .coded("429 policies.ratelimit.QuotaViolation")
        .with("retry-after", retry_after.to_string())
}

/// Too many calls at once: no work process is free.
pub(super) fn too_many_at_once(retry_after: u64) -> VendorResponse {
    text(503, "Service temporarily unavailable")
        .coded("503")
        .with("retry-after", retry_after.to_string())
}

/// The token against cross-site request forgery is missing, old or of another session.
pub(super) fn csrf_required() -> VendorResponse {
    text(403, "CSRF token validation failed")
        .coded("CSRF token required")
        .with("x-csrf-token", "Required")
}

/// The sign-in is missing or wrong.
pub(super) fn unauthorised() -> VendorResponse {
    text(401, "Anmeldung fehlgeschlagen / Logon failed")
        .coded("401")
        .with(
            "www-authenticate",
            "Basic realm=\"SAP NetWeaver Application Server\"",
        )
}

/// What a token endpoint says of a request it refuses.
pub(super) fn no_token(status: u16, error: &'static str) -> VendorResponse {
    VendorResponse::json(status, json!({ "error": error })).coded(error)
}

/// An access token.
pub(super) fn token(access_token: &str, seconds: u64) -> VendorResponse {
    VendorResponse::json(
        200,
        json!({ "access_token": access_token, "token_type": "bearer", "expires_in": seconds }),
    )
}

/// One entity.
pub(super) fn entity(version: Version, status: u16, entity: Value) -> VendorResponse {
    let body = match version {
        Version::V2 => json!({ "d": entity }),
        Version::V4 => entity,
    };
    VendorResponse::json(status, body)
}

/// Some entities.
pub(super) fn entities(version: Version, entities: &[Value]) -> VendorResponse {
    let body = match version {
        Version::V2 => json!({ "d": { "results": entities } }),
        Version::V4 => json!({ "value": entities }),
    };
    VendorResponse::json(200, body)
}

/// Plain text.
pub(super) fn text(status: u16, text: &str) -> VendorResponse {
    VendorResponse {
        content: Content::Text("text/plain;charset=utf-8", text.to_owned()),
        ..VendorResponse::empty(status)
    }
}
