//! Checks one queued call of a definition: its idempotency key, its ordering key, its timeout.

use rampmeter_call::{KeyFault, Language, key_fault};
use serde_json::Value;

use super::code::{NO_IDEMPOTENCY_KEY, NO_TIMEOUT, NOT_A_MEMBER, OUTLIVES_ITS_MESSAGE, WEAK_KEY};
use super::{Finding, Subject};
use crate::definition::{Argument, State, argument};
use crate::resource::queue::RETENTION_SECONDS;

/// The problems of a state that sends a call to a queue.
pub(super) fn check(state: &State<'_>, at: &dyn Fn(&str) -> Subject) -> Vec<Finding> {
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
            let help = format!("add to its MessageBody: {}", key_line(state));
            let place = at(&format!("/{arguments}/MessageBody"));
            found.push(Finding::error(NO_IDEMPOTENCY_KEY, place, message, help));
        }
        Some(key) => {
            if let Some(fault) = fault_of(key, state) {
                let message = format!("the IdempotencyKey of {:?} {fault}", state.name);
                let help = format!("name the entry into the state: {}", key_line(state));
                let place = at(&format!("/{arguments}/MessageBody"));
                found.push(if fault.collides() {
                    Finding::error(WEAK_KEY, place, message, help)
                } else {
                    Finding::warning(WEAK_KEY, place, message, help)
                });
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

/// The line that names one entry into a state, for people to copy.
#[must_use]
pub fn key_line(state: &State<'_>) -> &'static str {
    match (state.language, state.scope.maps) {
        (_, 2..) => {
            "data of the item that no other item has, such as its order number, beside Execution.Id and State.EnteredTime"
        }
        (Language::JsonPath, 0) => {
            r#""IdempotencyKey.$": "States.Format('{}/{}/{}', $$.Execution.Id, $$.State.Name, $$.State.EnteredTime)""#
        }
        (Language::JsonPath, _) => {
            r#""IdempotencyKey.$": "States.Format('{}/{}/{}/{}', $$.Execution.Id, $$.State.Name, $$.State.EnteredTime, $$.Map.Item.Index)""#
        }
        (Language::Jsonata, 0) => {
            r#""IdempotencyKey": "{% $states.context.Execution.Id & '/' & $states.context.State.Name & '/' & $states.context.State.EnteredTime %}""#
        }
        (Language::Jsonata, _) => {
            r#""IdempotencyKey": "{% $states.context.Execution.Id & '/' & $states.context.State.Name & '/' & $states.context.State.EnteredTime & '/' & $states.context.Map.Item.Index %}""#
        }
    }
}

/// Why the key of a state does not name one entry into it; `None` if it does.
#[must_use]
pub fn fault_of(key: Argument<'_>, state: &State<'_>) -> Option<KeyFault> {
    match key {
        Argument::Literal(_) => Some(KeyFault::Constant),
        Argument::Expression(expression) => key_fault(expression, state.scope),
    }
}
