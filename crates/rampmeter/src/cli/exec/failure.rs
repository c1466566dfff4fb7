//! The state in which an execution failed, from its history.

use rampmeter_terminal::Failure;
use serde_json::{Value, json};

use crate::client::Client;

/// How many events are read, from the end of a history. A state that was entered before those is not named.
const LAST_EVENTS: u32 = 200;

/// Whether a status is one of those with an error.
pub(crate) fn ended_badly(status: &Value) -> bool {
    ["FAILED", "TIMED_OUT", "ABORTED"]
        .iter()
        .any(|bad| status == bad)
}

/// The state in which an unsuccessful execution ended; `None` when it was in no state.
pub(crate) async fn state(client: &Client, execution_arn: &str) -> Result<Option<String>, Failure> {
    let request = json!({
        "executionArn": execution_arn,
        "reverseOrder": true,
        "maxResults": LAST_EVENTS,
        "includeExecutionData": false,
    });
    let page = client.states("GetExecutionHistory", &request).await;
    // An express execution has no history.
    Ok(page.ok().and_then(|page| state_of(&page["events"])))
}

/// Follows the ids of previous events back from the last event, to the state that was entered and not left.
fn state_of(newest_first: &Value) -> Option<String> {
    let events = newest_first.as_array()?;
    let mut at = events.first()?;
    loop {
        let kind = at["type"].as_str()?;
        if kind.ends_with("StateExited") {
            return None;
        }
        if kind.ends_with("StateEntered") {
            let name = &at["stateEnteredEventDetails"]["name"];
            return name.as_str().map(str::to_owned);
        }
        let before = at["previousEventId"].as_u64()?;
        at = events.iter().find(|event| event["id"] == before)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_is_the_one_that_leads_to_the_last_event() {
        let entered = |id: u64, before: u64, name: &str| {
            json!({ "id": id, "previousEventId": before, "type": "TaskStateEntered",
                "stateEnteredEventDetails": { "name": name } })
        };
        let other = |id: u64, before: u64, kind: &str| json!({ "id": id, "previousEventId": before, "type": kind });
        // Two branches: the one whose state was entered later goes on; the other fails.
        let events = json!([
            other(6, 5, "ExecutionFailed"),
            other(5, 3, "TaskFailed"),
            entered(4, 2, "Ship"),
            entered(3, 2, "Pay"),
            other(2, 0, "ParallelStateStarted"),
        ]);
        assert_eq!(state_of(&events).as_deref(), Some("Pay"));
        assert_eq!(state_of(&json!([other(1, 0, "ExecutionStarted")])), None);
        assert_eq!(state_of(&json!([])), None);
    }
}
