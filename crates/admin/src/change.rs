//! The body of a `POST`: the parts of a change that all of them share.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use rampmeter_dispatch::Priority;

use crate::response::Refused;

/// Longest reason, in characters.
const MAX_REASON_CHARS: usize = 1_000;

/// What came with the request, or why it cannot be read.
pub(crate) type Body<T> = Result<Json<T>, JsonRejection>;

/// What it says, if it can be read.
pub(crate) fn read<T>(body: Body<T>) -> Result<T, Refused> {
    body.map(|Json(body)| body)
        .map_err(|why| Refused::bad_request(why.body_text()))
}

/// The priority with this name, in upper or lower case.
pub(crate) fn priority(text: &str) -> Result<Priority, Refused> {
    text.to_uppercase()
        .parse()
        .map_err(|why: rampmeter_dispatch::UnknownPriority| Refused::bad_request(why.to_string()))
}

/// A reason that is short enough for the audit trail.
pub(crate) fn reason(text: String) -> Result<String, Refused> {
    if text.chars().count() > MAX_REASON_CHARS {
        return Err(Refused::bad_request("a reason has at most 1000 characters"));
    }
    Ok(text)
}
