//! `/v1/calls`: the calls that have not ended, and why each of them waits.

use std::sync::Arc;

use axum::extract::{Path, RawQuery, State};
use rampmeter_engine::CallState;
use serde_json::{Value, json};

use super::Site;
use super::answer::{Answer, Refused};
use crate::output::rfc3339;

/// Calls in an answer when the client does not say.
const DEFAULT_LIMIT: usize = 100;
/// Most calls in one answer: the writer makes the list, so it must stay small.
const MOST: usize = 1000;

pub(super) async fn calls(
    State(site): State<Arc<Site>>,
    RawQuery(query): RawQuery,
) -> Result<Answer, Refused> {
    let most = limit(query.as_deref().unwrap_or_default())?;
    let calls: Vec<_> = site
        .engine
        .calls(most)
        .await?
        .iter()
        .map(call_json)
        .collect();
    Ok(Answer(
        json!({ "schema": "rampmeter.calls/1", "calls": calls }),
    ))
}

/// One call that has not ended.
pub(super) async fn call(
    State(site): State<Arc<Site>>,
    Path(call): Path<String>,
) -> Result<Answer, Refused> {
    let number = number(&call)?;
    let Some(call) = site.engine.call(number).await? else {
        let what = format!("there is no call c-{number} that has not ended");
        return Err(Refused::not_found(what));
    };
    let mut answer = call_json(&call);
    answer["schema"] = "rampmeter.call/1".into();
    Ok(Answer(answer))
}

/// The number of a call, as `c-17` or `17`.
pub(super) fn number(text: &str) -> Result<i64, Refused> {
    let digits = text.strip_prefix("c-").unwrap_or(text);
    digits.parse().map_err(|_| {
        Refused::bad_request(format!("{text:?} is not the id of a call, such as c-17"))
    })
}

/// The `limit` of a query string; it is a number, so nothing needs decoding.
fn limit(query: &str) -> Result<usize, Refused> {
    let given = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("limit="));
    match given.map(str::parse) {
        None => Ok(DEFAULT_LIMIT),
        Some(Ok(limit)) if (1..=MOST).contains(&limit) => Ok(limit),
        Some(_) => Err(Refused::bad_request(
            "limit must be a number from 1 to 1000",
        )),
    }
}

/// One call, as every answer of this port shows it.
pub(super) fn call_json(call: &CallState) -> Value {
    json!({
        "id": format!("c-{}", call.id),
        "target": call.target,
        "priority": call.priority.as_str(),
        "key": call.key,
        "execution_arn": call.execution_arn,
        "standing": call.standing,
        "job": call.job.as_ref().map(|job| json!({
            "path": job.path,
            "since": rfc3339(job.since),
            "looks": job.looks,
            "counted": job.counted,
        })),
        "sent_at": rfc3339(call.sent_at),
        "receive_count": call.receive_count,
        "ahead": call.ahead,
        "held_by": call.held_by,
        "starts_in_ms": call.starts_in,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_a_number_within_its_range_or_the_default() {
        assert_eq!(limit("").ok(), Some(DEFAULT_LIMIT));
        assert_eq!(limit("other=1").ok(), Some(DEFAULT_LIMIT));
        assert_eq!(limit("a=b&limit=7").ok(), Some(7));
        for query in ["limit=", "limit=0", "limit=1001", "limit=-1", "limit=ten"] {
            assert!(limit(query).is_err(), "{query}");
        }
    }
}
