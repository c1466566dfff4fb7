//! `/v1/calls`: the calls that have not ended, and why each of them waits.

use std::sync::Arc;

use axum::extract::{Path, State};
use rampmeter_dispatch::Priority;
use rampmeter_engine::{CallOutcome, CallState};
use rampmeter_time::rfc3339;
use serde_json::{Value, json};

use crate::explanation::explanation_json;
use crate::parameters::Parameters;
use crate::response::{JsonResponse, Refused};
use crate::site::Site;

/// Calls in a response when the client does not say.
const DEFAULT_LIMIT: u32 = 100;
/// The most calls in one response: the writer makes the list, so it must stay small.
const MAX_LISTED: u32 = 1000;

pub(crate) async fn calls(
    State(site): State<Arc<Site>>,
    parameters: Parameters,
) -> Result<JsonResponse, Refused> {
    let most = parameters.limit(DEFAULT_LIMIT, MAX_LISTED)?;
    let calls = match parameters.text("target") {
        Some(target) => {
            let target = target.to_owned();
            site.engine.calls().calls_of(target, most as usize).await?
        }
        None => site.engine.calls().list_calls(most as usize).await?,
    };
    let calls: Vec<_> = calls.iter().map(call_json).collect();
    Ok(JsonResponse(
        json!({ "schema": "rampmeter.calls/2", "calls": calls }),
    ))
}

/// One call: its status, or how it ended.
pub(crate) async fn call(
    State(site): State<Arc<Site>>,
    Path(call): Path<String>,
) -> Result<JsonResponse, Refused> {
    let number = number_of(&site, &call).await?;
    let mut answer = match site.engine.calls().call(number).await? {
        Some(call) => call_json(&call),
        None => match site.engine.calls().call_outcome(number).await? {
            Some(outcome) => outcome_json(&site, outcome),
            None => {
                let what = format!(
                    "nothing is kept of call c-{number}: a workflow's call that has ended is in the history of its execution, any other is forgotten after the time of `retention`"
                );
                return Err(Refused::not_found(what));
            }
        },
    };
    answer["schema"] = "rampmeter.call/2".into();
    Ok(JsonResponse(answer))
}

/// The first name of a call's status in these responses, kept for programs that read it.
const FORMER_STATUS: &str = "standing";

/// How a call ended, with its output or the cause of its failure as `answer`.
fn outcome_json(site: &Site, outcome: CallOutcome) -> Value {
    let mut told = outcome.told;
    site.redaction.apply(&outcome.target, &mut told);
    let status = if outcome.error.is_none() {
        "succeeded"
    } else {
        "failed"
    };
    json!({
        "id": format!("c-{}", outcome.id),
        "target": outcome.target,
        "priority": outcome.priority.map(Priority::as_str),
        "key": outcome.key,
        "status": status,
        FORMER_STATUS: status,
        "sent_at": rfc3339(outcome.sent_at),
        "first_started_at": outcome.first_started_at.map(rfc3339),
        "ended_at": rfc3339(outcome.ended_at),
        "duration_ms": outcome.ended_at.millis_since(outcome.sent_at),
        "receive_count": outcome.receive_count,
        "attempts": outcome.attempts,
        "error": outcome.error,
        "answer": told,
    })
}

/// The number of the call that `c-17`, `17` or a MessageId names.
pub(crate) async fn number_of(site: &Site, text: &str) -> Result<i64, Refused> {
    // A UUID is written with four hyphens.
    if text.len() == 36 {
        let number = site.engine.calls().call_number(text).await?;
        return number.ok_or_else(|| Refused::not_found(format!("no message has the id {text}")));
    }
    number(text)
}

/// The number of a call, as `c-17` or `17`.
pub(crate) fn number(text: &str) -> Result<i64, Refused> {
    let digits = text.strip_prefix("c-").unwrap_or(text);
    digits.parse().map_err(|_| {
        Refused::bad_request(format!("{text:?} is not the id of a call, such as c-17"))
    })
}

/// One call, as every response of this port shows it.
pub(crate) fn call_json(call: &CallState) -> Value {
    let mut json = json!({
        "id": format!("c-{}", call.id),
        "target": call.target,
        "priority": call.priority.as_str(),
        "key": call.key,
        "endpoint": call.endpoint,
        "execution_arn": call.execution_arn,
        "status": call.status,
        FORMER_STATUS: call.status,
        "job": call.job.as_ref().map(|job| json!({
            "path": job.path,
            "since": rfc3339(job.since),
            "polls": job.polls,
            "counted": job.counted,
        })),
        "sent_at": rfc3339(call.sent_at),
        "receive_count": call.receive_count,
        "ahead": call.why.ahead,
        "ahead_is_estimate": call.ahead_is_estimate,
    });
    if let Value::Object(fields) = &mut json {
        fields.extend(explanation_json(&call.why, call.at));
    }
    json
}
