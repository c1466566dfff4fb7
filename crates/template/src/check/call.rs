//! One queued call of a definition: its key, its time-out.

use serde_json::Value;

use super::code::{NO_IDEMPOTENCY_KEY, NO_TIMEOUT, NOT_A_MEMBER, OUTLIVES_ITS_MESSAGE, WEAK_KEY};
use super::{Finding, FindingPlace};
use crate::definition::{Argument, State, argument};
use crate::resource::queue::RETENTION_SECONDS;

/// What stands against a state that drops a call into a queue.
pub(super) fn check(
    state: &State<'_>,
    is_jsonata: bool,
    at: &dyn Fn(&str) -> FindingPlace,
) -> Vec<Finding> {
    let mut found = Vec::new();
    let arguments = if state.fields.contains_key("Parameters") {
        "Parameters"
    } else {
        "Arguments"
    };
    let body = state
        .message_body()
        .and_then(|body| argument(body, "IdempotencyKey"));
    match body {
        None => {
            let message = format!("the call of {:?} has no IdempotencyKey", state.name);
            let help = format!("add to its MessageBody: {}", key_line(state, is_jsonata));
            let place = at(&format!("/{arguments}/MessageBody"));
            found.push(Finding::error(NO_IDEMPOTENCY_KEY, place, message, help));
        }
        Some(key) => {
            if let Some(why) = weakness(key, state) {
                let message = format!("the IdempotencyKey of {:?} {why}", state.name);
                let help = format!(
                    "name the entry into the state: {}",
                    key_line(state, is_jsonata)
                );
                let place = at(&format!("/{arguments}/MessageBody"));
                found.push(Finding::warning(WEAK_KEY, place, message, help));
            }
        }
    }
    let is_ordered = state
        .message_body()
        .is_some_and(|body| argument(body, "OrderingKey").is_some());
    if is_ordered {
        let message = format!(
            "the OrderingKey of {:?} is refused on AWS: a standard queue has no order, and no worker sees another's calls",
            state.name
        );
        let help = "let one execution make the calls that must follow each other, without OrderingKey in its MessageBody; \
                    with it, run the workflow on one machine";
        let place = at(&format!("/{arguments}/MessageBody"));
        found.push(Finding::error(NOT_A_MEMBER, place, message, help));
    }
    if !state.awaits_token() {
        return found;
    }
    match state.fields.get("TimeoutSeconds").map(Value::as_u64) {
        None if !state.fields.contains_key("TimeoutSecondsPath") => {
            let message = format!("the call of {:?} has no TimeoutSeconds", state.name);
            let help =
                "add to the state: \"TimeoutSeconds\": 86400, or as long as the answer may take";
            found.push(Finding::error(NO_TIMEOUT, at(""), message, help));
        }
        Some(Some(seconds)) if seconds > RETENTION_SECONDS => {
            let message = format!(
                "{:?} waits for {seconds} s, and SQS keeps its message for {RETENTION_SECONDS} s",
                state.name
            );
            let help = "the worker gives up nothing before that, but what is older is deleted: wait for 14 days at most";
            found.push(Finding::warning(
                OUTLIVES_ITS_MESSAGE,
                at("/TimeoutSeconds"),
                message,
                help,
            ));
        }
        _ => {}
    }
    found
}

/// The line that names one entry into a state, to be copied.
fn key_line(state: &State<'_>, is_jsonata: bool) -> &'static str {
    match (is_jsonata, state.in_map) {
        (false, false) => {
            r#""IdempotencyKey.$": "States.Format('{}/{}/{}', $$.Execution.Id, $$.State.Name, $$.State.EnteredTime)""#
        }
        (false, true) => {
            r#""IdempotencyKey.$": "States.Format('{}/{}/{}/{}', $$.Execution.Id, $$.State.Name, $$.State.EnteredTime, $$.Map.Item.Index)""#
        }
        (true, false) => {
            r#""IdempotencyKey": "{% $states.context.Execution.Id & '/' & $states.context.State.Name & '/' & $states.context.State.EnteredTime %}""#
        }
        (true, true) => {
            r#""IdempotencyKey": "{% $states.context.Execution.Id & '/' & $states.context.State.Name & '/' & $states.context.State.EnteredTime & '/' & $states.context.Map.Item.Index %}""#
        }
    }
}

/// Why a key does not name one entry into its state; none if it may.
fn weakness(key: Argument<'_>, state: &State<'_>) -> Option<&'static str> {
    let expression = match key {
        Argument::Literal(_) => return Some("is the same for every call"),
        Argument::Expression(expression) => expression,
    };
    if expression.contains("Task.Token") {
        return Some("is another one for each attempt");
    }
    // Data of the item, its number or a variable tells the iterations apart.
    let data = expression
        .replace("$$.Map.Item", "$item")
        .replace("$states.context.Map.Item", "$item");
    let data = data.replace("$$.", "").replace("$states.context.", "");
    (state.in_map && !data.contains('$') && !data.contains("UUID"))
        .then_some("is the same for every item of the Map")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn why(expression: &str, in_map: bool) -> Option<&'static str> {
        let fields = json!({});
        let state = State {
            name: "A",
            fields: fields.as_object().expect("an object"),
            in_map,
        };
        weakness(Argument::Expression(expression), &state)
    }

    #[test]
    fn a_key_names_one_entry() {
        let entry = "States.Format('{}/{}', $$.Execution.Id, $$.State.EnteredTime)";
        let jsonata = "{% $states.context.Execution.Id & $states.context.State.EnteredTime %}";
        for expression in [entry, jsonata] {
            assert_eq!(why(expression, false), None);
            assert_eq!(
                why(expression, true),
                Some("is the same for every item of the Map")
            );
        }
        for expression in [
            "States.Format('{}/{}', $$.Execution.Id, $$.Map.Item.Index)",
            "States.Format('{}/{}', $$.Execution.Id, $.order)",
            "{% $states.context.Execution.Id & $states.input.order %}",
            "{% $states.context.Map.Item.Index %}",
            "$order",
        ] {
            assert_eq!(why(expression, true), None, "{expression}");
        }
        let token = "$$.Task.Token";
        assert_eq!(why(token, false), Some("is another one for each attempt"));
    }
}
