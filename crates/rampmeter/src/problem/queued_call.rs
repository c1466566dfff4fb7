//! The call messages of a definition: members that are unknown or missing, and idempotency keys that can be the same
//! for two different calls. The first would show only at run time, the second perhaps never.

use rampmeter_call::{Account, TemplateFault, template_fault};
use rampmeter_config::{Config, Target, Worker};
use rampmeter_dispatch::Priority;
use rampmeter_template::check::{fault_of, key_line};
use rampmeter_template::definition::{Argument, State, argument, states};
use serde_json::Value;
use url::Url;

use super::advice::Advice;

/// Two different calls can carry the same idempotency key.
pub(crate) const COLLIDING_KEY: &str = "RM1106";
/// A message could never be a call.
const BAD_MESSAGE: &str = "RM1107";

/// The problems of a definition's calls, once its substitutions are resolved. Without a configuration, the queues of
/// targets are recognised by the endings of their names.
pub(crate) fn on(definition: &Value, config: Option<&Config>) -> Vec<Advice> {
    states(definition)
        .iter()
        .flat_map(|(pointer, state)| of_state(pointer, state, config))
        .collect()
}

fn of_state(pointer: &str, state: &State<'_>, config: Option<&Config>) -> Vec<Advice> {
    let (Some(account), Some(body)) = (account(state, config), state.message_body()) else {
        return Vec::new();
    };
    let field = if state.fields.contains_key("Parameters") {
        "Parameters"
    } else {
        "Arguments"
    };
    let at = |member: Option<&str>| {
        let member = member.map(|name| format!("/{}", name.replace('~', "~0").replace('/', "~1")));
        format!(
            "{pointer}/{field}/MessageBody{}",
            member.unwrap_or_default()
        )
    };
    let mut found = Vec::new();
    let fault = template_fault(body, state.language, state.awaits_token(), &account);
    if let Some(TemplateFault {
        member,
        message,
        help,
    }) = fault
    {
        found.push(Advice::error(
            BAD_MESSAGE,
            at(member.as_deref()),
            message,
            &help.unwrap_or_else(|| "docs/message.md has every member".to_owned()),
        ));
    }
    let key = argument(body, "IdempotencyKey");
    let fault = key.and_then(|key| fault_of(key, state));
    if let Some(fault) = fault.filter(|fault| fault.collides()) {
        let written = match key {
            Some(Argument::Expression(_)) if body.contains_key("IdempotencyKey.$") => {
                "IdempotencyKey.$"
            }
            _ => "IdempotencyKey",
        };
        found.push(Advice::error(
            COLLIDING_KEY,
            at(Some(written)),
            format!("the IdempotencyKey {fault}: the vendor would take the second call for a repeat, and it would be lost"),
            &format!(
                "leave it out, and Rampmeter makes one for each entry into the state; for AWS, write {}",
                key_line(state)
            ),
        ));
    }
    found
}

/// The account that a state's message is for; `None` if it is not a call, or if somebody else drains its queue.
fn account(state: &State<'_>, config: Option<&Config>) -> Option<Account> {
    let sends = state
        .resource()
        .is_some_and(|resource| resource.contains("sqs:sendMessage"));
    let queue = argument(state.arguments()?, "QueueUrl").filter(|_| sends)?;
    if let Some(target) = config.and_then(|config| target_of(queue, config)) {
        return (target.worker == Worker::Embedded).then(|| target.account.clone());
    }
    let is_named_so = match queue {
        Argument::Literal(url) => ["-high", "-medium", "-batch"]
            .iter()
            .any(|ending| url.ends_with(ending)),
        Argument::Expression(_) => false,
    };
    if (config.is_none() && is_named_so) || state.is_call() {
        return anybody(state);
    }
    None
}

/// The account of an unknown target: it is taken to have whichever endpoint the message names.
fn anybody(state: &State<'_>) -> Option<Account> {
    let anywhere = Url::parse("https://vendor.invalid/").ok()?;
    let mut account = Account::new("a target", anywhere);
    let endpoint = state.message_body().and_then(|body| body.get("Endpoint"));
    if let Some(name) = endpoint.and_then(Value::as_str) {
        let place = Account {
            endpoint: Some(name.to_owned()),
            ..account.clone()
        };
        account.endpoints.insert(name.to_owned(), place);
    }
    Some(account)
}

/// The target whose queue is named, or computed from the common prefix of its queues.
fn target_of<'c>(queue: Argument<'_>, config: &'c Config) -> Option<&'c Target> {
    let is_meant = |target: &&Target| match queue {
        Argument::Literal(url) => {
            let name = url.rsplit('/').next().unwrap_or_default();
            Priority::ALL
                .iter()
                .any(|priority| target.queue(*priority) == name)
        }
        Argument::Expression(text) => {
            let start = format!("/{}", target.name);
            text.match_indices(&start).any(|(at, _)| {
                let after = &text[at + start.len()..];
                after.starts_with(['-', '\'', '"', '{'])
            })
        }
    };
    // One target's name can be a prefix of another's.
    config
        .targets
        .values()
        .filter(is_meant)
        .max_by_key(|target| target.name.len())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(definition: &Value) -> Vec<(&'static str, String)> {
        let found = on(definition, None).into_iter();
        found.map(|advice| (advice.code, advice.location)).collect()
    }

    fn call(body: &Value) -> Value {
        json!({
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "Parameters": {"QueueUrl": "http://127.0.0.1:4566/000000000000/vendor-high", "MessageBody": body},
            "End": true,
        })
    }

    fn message(member: &str, value: &str) -> Value {
        json!({"TaskToken.$": "$$.Task.Token", "Method": "POST", "Path": "/orders", member: value})
    }

    fn in_map(state: &Value) -> Value {
        let processor = json!({"StartAt": "B", "States": {"B": state}});
        json!({"StartAt": "A", "States": {"A": {"Type": "Map", "ItemProcessor": processor, "End": true}}})
    }

    #[test]
    fn a_target_that_is_not_known_has_whichever_endpoint_is_named() {
        let call = json!({"StartAt": "Call", "States": {"Call": {
            "Type": "Task", "End": true,
            "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "Parameters": {
                "QueueUrl": "https://queue.test/0/erp-high",
                "MessageBody": {
                    "TaskToken.$": "$$.Task.Token", "Method": "GET", "Path": "/x", "Endpoint": "restlets"
                },
            },
        }}});
        assert_eq!(told(&call), []);
    }

    #[test]
    fn a_key_of_an_iteration_without_its_item_is_refused_and_with_it_is_good() {
        let entry = "States.Format('{}/{}', $$.Execution.Id, $$.State.EnteredTime)";
        let state = call(&message("IdempotencyKey.$", entry));
        let place = "/States/A/ItemProcessor/States/B/Parameters/MessageBody/IdempotencyKey.$";
        assert_eq!(told(&in_map(&state)), [(COLLIDING_KEY, place.to_owned())]);
        let once = json!({"StartAt": "A", "States": {"A": state}});
        assert_eq!(told(&once), []);
        let item = "States.Format('{}/{}', $$.Execution.Id, $$.Map.Item.Index)";
        assert_eq!(told(&in_map(&call(&message("IdempotencyKey.$", item)))), []);
    }

    #[test]
    fn a_misspelt_member_is_refused_with_its_place() {
        let state = json!({"StartAt": "A", "States": {"A": call(&message("Boddy", "x"))}});
        let place = "/States/A/Parameters/MessageBody/Boddy";
        assert_eq!(told(&state), [(BAD_MESSAGE, place.to_owned())]);
    }

    #[test]
    fn a_message_for_another_queue_is_none_of_ours() {
        let mut state = call(&json!({"question": "may it be paid?"}));
        state["Parameters"]["QueueUrl"] = json!("http://127.0.0.1:4566/000000000000/people");
        assert_eq!(told(&json!({"StartAt": "A", "States": {"A": state}})), []);
    }
}
