//! `/v1/dead-letters`: calls that failed for good, the latest failure first, and `/v1/dead-letter-groups`: how many of them have the
//! same target and error. `redrive` and `discard` of one are changes, with a reason for the audit trail.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State};
use rampmeter_dispatch::Priority;
use rampmeter_engine::{
    DeadLetterGroup, DeadLetterState, DiscardDeadLetter, ListDeadLetters, RedriveDeadLetter,
    Redriven,
};
use rampmeter_time::rfc3339;
use serde::Deserialize;
use serde_json::{Value, json};

use super::calls::number;
use super::guard::Caller;
use crate::change::{Body, priority, read, reason};
use crate::parameters::Parameters;
use crate::response::{JsonResponse, Refused, json_or_text};
use crate::site::Site;

/// Dead letters in a response when the client does not say, and at most.
const LETTERS: (u32, u32) = (100, 1_000);

/// The body of `/v1/dead-letters/ID/redrive`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RedriveBody {
    priority: Option<String>,
    /// A person looked at the vendor, and the call was not done.
    #[serde(default)]
    checked: bool,
    #[serde(default)]
    reason: String,
    bulk: Option<i64>,
}

/// The body of `/v1/dead-letters/ID/discard`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DiscardBody {
    #[serde(default)]
    reason: String,
    bulk: Option<i64>,
}

pub(crate) async fn list(
    State(site): State<Arc<Site>>,
    parameters: Parameters,
) -> Result<JsonResponse, Refused> {
    let list = ListDeadLetters {
        target: parameters.text("target").map(str::to_owned),
        error: parameters.text("error").map(str::to_owned),
        max_results: Some(parameters.limit(LETTERS.0, LETTERS.1)?),
        next_token: parameters.text("next_token").map(str::to_owned),
    };
    let page = site.engine.dead_letters().list_dead_letters(list).await?;
    let letters: Vec<_> = page
        .items
        .iter()
        .map(|letter| letter_json(&site, letter))
        .collect();
    Ok(JsonResponse(json!({
        "schema": "rampmeter.dead-letters/1",
        "dead_letters": letters,
        "next_token": page.next_token,
    })))
}

fn letter_json(site: &Site, letter: &DeadLetterState) -> Value {
    let mut cause = json_or_text(&letter.cause);
    site.redaction.apply(&letter.target, &mut cause);
    json!({
        "id": format!("c-{}", letter.id),
        "target": letter.target,
        "priority": letter.priority.map(Priority::as_str),
        "key": letter.key,
        "execution_arn": letter.execution_arn,
        "handled": letter.handled,
        "sent_at": rfc3339(letter.sent_at),
        "failed_at": rfc3339(letter.failed_at),
        "error": letter.error,
        "cause": cause,
        "receive_count": letter.receive_count,
        "attempts": letter.attempts,
    })
}

pub(crate) async fn groups(State(site): State<Arc<Site>>) -> Result<JsonResponse, Refused> {
    let groups = site.engine.dead_letters().dead_letter_groups().await?;
    let groups: Vec<_> = groups.iter().map(group_json).collect();
    Ok(JsonResponse(
        json!({ "schema": "rampmeter.dead-letter-groups/1", "groups": groups }),
    ))
}

fn group_json(group: &DeadLetterGroup) -> Value {
    json!({
        "target": group.target,
        "error": group.error,
        "count": group.count,
        "first_at": rfc3339(group.first_at),
        "last_at": rfc3339(group.last_at),
        "sample": format!("c-{}", group.sample),
        "sample_key": group.sample_key,
    })
}

pub(crate) async fn redrive(
    Extension(caller): Extension<Caller>,
    Path(letter): Path<String>,
    body: Body<RedriveBody>,
) -> Result<JsonResponse, Refused> {
    let body = read(body)?;
    let id = number(&letter)?;
    let redrive = RedriveDeadLetter {
        id,
        priority: body.priority.as_deref().map(priority).transpose()?,
        checked: body.checked,
        reason: reason(body.reason)?,
        bulk: body.bulk,
    };
    let redriven = caller
        .engine
        .dead_letters()
        .redrive_dead_letter(redrive)
        .await?;
    let (execution_arn, sent_as) = match redriven {
        Redriven::Execution(arn) => (Some(arn), None),
        Redriven::Call(priority) => (None, Some(priority.as_str())),
    };
    Ok(JsonResponse(json!({
        "schema": "rampmeter.dead-letter-redrive/1",
        "id": format!("c-{id}"),
        "execution_arn": execution_arn,
        "sent_as": sent_as,
    })))
}

pub(crate) async fn discard(
    Extension(caller): Extension<Caller>,
    Path(letter): Path<String>,
    body: Body<DiscardBody>,
) -> Result<JsonResponse, Refused> {
    let body = read(body)?;
    let id = number(&letter)?;
    let discard = DiscardDeadLetter {
        id,
        reason: reason(body.reason)?,
        bulk: body.bulk,
    };
    caller
        .engine
        .dead_letters()
        .discard_dead_letter(discard)
        .await?;
    Ok(JsonResponse(
        json!({ "schema": "rampmeter.dead-letter-discard/1", "id": format!("c-{id}") }),
    ))
}
