//! What people change through the admin port: `POST` with a JSON object; the response says what was done. A web page
//! cannot do it behind a person's back: the `Content-Type` must be JSON, which a browser sends to another origin only
//! after a preflight request, and this port never allows that.

use std::time::Duration;

use axum::Extension;
use axum::extract::Path;
use rampmeter_dispatch::Priority;
use rampmeter_engine::{ChangeLimit, LimitChanged, Pause};
use rampmeter_time::rfc3339;
use serde::Deserialize;
use serde_json::{Value, json};

use super::guard::Caller;
use crate::change::{Body, priority, read, reason};
use crate::response::{JsonResponse, Refused};

/// The body of `/v1/targets/NAME/pause` and `resume`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PauseBody {
    priority: Option<String>,
    #[serde(default)]
    forget_throttles: bool,
    #[serde(default)]
    reason: String,
}

/// The body of `/v1/calls/ID/move`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MoveBody {
    priority: String,
    #[serde(default)]
    reason: String,
}

/// The body of `/v1/calls/ID/cancel`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CancelBody {
    #[serde(default)]
    reason: String,
}

/// The body of `/v1/limits/TARGET/LIMIT`. Without `max` the limit goes back to the configuration.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeBody {
    max: Option<u64>,
    lasting_ms: Option<u64>,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    dry_run: bool,
}

pub(crate) async fn pause(
    Extension(caller): Extension<Caller>,
    Path(target): Path<String>,
    body: Body<PauseBody>,
) -> Result<JsonResponse, Refused> {
    set_pause(&caller, target, body, true).await
}

pub(crate) async fn resume(
    Extension(caller): Extension<Caller>,
    Path(target): Path<String>,
    body: Body<PauseBody>,
) -> Result<JsonResponse, Refused> {
    set_pause(&caller, target, body, false).await
}

async fn set_pause(
    caller: &Caller,
    target: String,
    body: Body<PauseBody>,
    paused: bool,
) -> Result<JsonResponse, Refused> {
    let body = read(body)?;
    let priority = body.priority.as_deref().map(priority).transpose()?;
    let pause = Pause {
        target: target.clone(),
        priority,
        paused,
        forget_throttles: body.forget_throttles,
        reason: reason(body.reason)?,
    };
    caller.engine.controls().pause(pause).await?;
    let scope = priority.map_or("target", Priority::as_str);
    Ok(JsonResponse(json!({
        "schema": "rampmeter.pause/1", "target": target, "scope": scope, "paused": paused,
    })))
}

pub(crate) async fn move_call(
    Extension(caller): Extension<Caller>,
    Path(call): Path<String>,
    body: Body<MoveBody>,
) -> Result<JsonResponse, Refused> {
    let body = read(body)?;
    let to = priority(&body.priority)?;
    let number = super::calls::number(&call)?;
    caller
        .engine
        .controls()
        .move_call(number, to, reason(body.reason)?)
        .await?;
    Ok(JsonResponse(json!({
        "schema": "rampmeter.moved/1", "id": format!("c-{number}"), "priority": to.as_str(),
    })))
}

pub(crate) async fn cancel_call(
    Extension(caller): Extension<Caller>,
    Path(call): Path<String>,
    body: Body<CancelBody>,
) -> Result<JsonResponse, Refused> {
    let body = read(body)?;
    let number = super::calls::number(&call)?;
    let cancelled = caller
        .engine
        .controls()
        .cancel_call(number, reason(body.reason)?)
        .await?;
    Ok(JsonResponse(json!({
        "schema": "rampmeter.cancelled/1",
        "id": format!("c-{number}"),
        "was_in_flight": cancelled.was_in_flight,
    })))
}

pub(crate) async fn change_limit(
    Extension(caller): Extension<Caller>,
    Path((target, limit)): Path<(String, String)>,
    body: Body<ChangeBody>,
) -> Result<JsonResponse, Refused> {
    let body = read(body)?;
    let change = ChangeLimit {
        target,
        limit,
        max: body.max,
        lasting: body.lasting_ms.map(Duration::from_millis),
        reason: reason(body.reason)?,
        dry_run: body.dry_run,
    };
    let changed = caller.engine.controls().change_limit(change).await?;
    Ok(JsonResponse(changed_json(&changed)))
}

fn changed_json(changed: &LimitChanged) -> Value {
    json!({
        "schema": "rampmeter.limit-change/1",
        "target": changed.target,
        "limit": changed.limit,
        "from": changed.from,
        "to": changed.to,
        "configured": changed.configured,
        "used": changed.used,
        "expires_at": changed.expires_at.map(rfc3339),
        "applied": changed.applied,
    })
}
