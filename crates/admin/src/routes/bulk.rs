//! `/v1/bulk-changes`: a change that a person is about to make to many items. It is one entry of the audit trail; the
//! single changes refer to it and have no entries of their own.

use axum::Extension;
use rampmeter_engine::{BulkChange, BulkKind};
use serde::Deserialize;
use serde_json::json;

use super::guard::Caller;
use crate::change::{Body, read, reason};
use crate::response::{JsonResponse, Refused};

/// Longest text of such a body, in characters.
const MAX_CHARS: usize = 1_000;

/// The body.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BulkBody {
    kind: Kind,
    /// The target or the workflow; empty for all.
    #[serde(default)]
    target: String,
    /// How many of what: `12 dead letters`.
    subject: String,
    /// The filters by which they were chosen, in words.
    #[serde(default)]
    chosen_by: String,
    #[serde(default)]
    reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Redrive,
    Discard,
}

pub(crate) async fn begin(
    Extension(caller): Extension<Caller>,
    body: Body<BulkBody>,
) -> Result<JsonResponse, Refused> {
    let body = read(body)?;
    for text in [&body.target, &body.subject, &body.chosen_by] {
        if text.chars().count() > MAX_CHARS {
            return Err(Refused::bad_request(
                "a text is longer than 1000 characters",
            ));
        }
    }
    let bulk = BulkChange {
        kind: match body.kind {
            Kind::Redrive => BulkKind::Redrive,
            Kind::Discard => BulkKind::Discard,
        },
        target: body.target,
        subject: body.subject,
        chosen_by: body.chosen_by,
        reason: reason(body.reason)?,
    };
    let entry = caller.engine.controls().begin_bulk(bulk).await?;
    Ok(JsonResponse(
        json!({ "schema": "rampmeter.bulk-change/1", "bulk": entry }),
    ))
}
