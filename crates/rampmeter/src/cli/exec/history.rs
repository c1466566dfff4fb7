//! The history of an execution as a table: what happened, in which state, and how long each step took.

use rampmeter_terminal::{Failure, Table};
use rampmeter_time::{UnixMillis, span};
use serde_json::{Value, json};

use crate::client::{Client, text};

/// Longest text in the last column; the rest is in `-o json`.
const MAX_DETAIL_CHARS: usize = 80;

/// All events of an execution, oldest first.
pub(crate) async fn fetch(client: &Client, execution_arn: &str) -> Result<Vec<Value>, Failure> {
    let mut events = Vec::new();
    let mut request = json!({ "executionArn": execution_arn, "maxResults": 1000 });
    loop {
        let mut page = client.states("GetExecutionHistory", &request).await?;
        if let Value::Array(items) = page["events"].take() {
            events.extend(items);
        }
        let Some(next) = page["nextToken"].as_str() else {
            return Ok(events);
        };
        request["nextToken"] = next.into();
    }
}

/// Prints events as a table.
pub(crate) fn print(events: &[Value]) -> std::io::Result<()> {
    let mut table = Table::new(["ID", "EVENT", "AT", "STEP", "DETAIL"]);
    let first = events.first().map(at).unwrap_or_default();
    let mut previous = first;
    for event in events {
        let now = at(event);
        table.add_row([
            event["id"].to_string(),
            text(&event["type"]),
            format!("+{}", span(now.millis_since(first))),
            span(now.millis_since(previous)),
            detail(event),
        ]);
        previous = now;
    }
    table.print()
}

/// When an event happened.
fn at(event: &Value) -> UnixMillis {
    UnixMillis::from_secs_f64(event["timestamp"].as_f64().unwrap_or_default())
}

/// The most telling part of an event: the name of the state, the error and its cause, or the payload.
fn detail(event: &Value) -> String {
    let details = event.as_object().into_iter().flatten();
    let Some((_, details)) = details
        .into_iter()
        .find(|(key, _)| key.ends_with("EventDetails"))
    else {
        return String::new();
    };
    let parts = ["name", "resource", "error", "cause", "output", "input"];
    let parts = parts
        .into_iter()
        .filter_map(|part| details[part].as_str())
        .take(2);
    let all = parts
        .collect::<Vec<_>>()
        .join("  ")
        .replace(['\n', '\r', '\t'], " ");
    if all.chars().count() <= MAX_DETAIL_CHARS {
        return all;
    }
    all.chars()
        .take(MAX_DETAIL_CHARS - 1)
        .chain(['…'])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_detail_of_an_event_is_its_state_or_its_error() {
        let entered = json!({
            "type": "TaskStateEntered",
            "stateEnteredEventDetails": { "name": "Pay", "input": "{\"a\":1}" },
        });
        assert_eq!(detail(&entered), "Pay  {\"a\":1}");
        let failed = json!({
            "type": "TaskFailed",
            "taskFailedEventDetails": { "error": "Http.StatusCode.400", "cause": "no\nitem" },
        });
        assert_eq!(detail(&failed), "Http.StatusCode.400  no item");
        assert_eq!(detail(&json!({ "type": "ExecutionStarted" })), "");
    }

    #[test]
    fn a_long_payload_is_cut() {
        let event = json!({ "taskSucceededEventDetails": { "output": "ä".repeat(500) } });
        assert_eq!(detail(&event).chars().count(), MAX_DETAIL_CHARS);
    }
}
