//! `/v1/changes`: the audit trail, newest first: what was changed, why, and who did it.

use std::sync::Arc;

use axum::extract::State;
use rampmeter_engine::ControlRecord;
use rampmeter_time::rfc3339;
use serde_json::{Value, json};

use crate::parameters::Parameters;
use crate::response::{JsonResponse, Refused};
use crate::site::Site;

/// Entries in a response when the client does not say, and at most.
const CHANGES: (u32, u32) = (200, 1_000);

pub(crate) async fn list(
    State(site): State<Arc<Site>>,
    parameters: Parameters,
) -> Result<JsonResponse, Refused> {
    let most = parameters.limit(CHANGES.0, CHANGES.1)?;
    let before = match parameters.text("next_token").map(str::parse) {
        None => i64::MAX,
        Some(Ok(before)) => before,
        Some(Err(_)) => return Err(Refused::bad_request("next_token is not one of this list")),
    };
    let records = site.engine.controls().controls_before(before, most).await?;
    let full = records.len() == most as usize;
    let next = records.last().filter(|_| full);
    let next = next.map(|(number, _)| number.to_string());
    let changes: Vec<_> = records
        .iter()
        .map(|(_, record)| change_json(record))
        .collect();
    Ok(JsonResponse(json!({
        "schema": "rampmeter.changes/2",
        "changes": changes,
        "next_token": next,
    })))
}

fn change_json(record: &ControlRecord) -> Value {
    json!({
        "at": rfc3339(record.at),
        "by": record.by.as_ref().map(|by| json!({
            "user": by.user,
            "token_id": by.token_id,
            "access_key_id": by.access_key_id,
            "peer": by.peer,
            "text": by.to_string(),
        })),
        "target": record.target,
        "kind": record.kind,
        "subject": record.subject,
        "change": record.change,
        "reason": record.reason,
    })
}
