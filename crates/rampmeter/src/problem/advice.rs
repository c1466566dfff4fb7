//! What is allowed but does harm: the advice that `check` gives on a valid definition, beyond AWS's own warnings. It
//! looks only at the definition as written, in both query languages, and never at data.

use serde_json::{Map, Value};

/// A task may wait for an answer that never comes.
const NO_TIMEOUT: &str = "RM1102";
/// A workflow repeats what the worker already repeats.
const DOUBLE_RETRY: &str = "RM1103";
/// A heartbeat runs out while a call waits in its queue.
const HEARTBEAT: &str = "RM1104";
/// Data of a definition comes close to what AWS takes.
const LARGE: &str = "RM1105";

/// AWS's limit on the data of a state, in bytes of JSON text.
const DATA_LIMIT: usize = 256 << 10;
/// Data written into a definition should leave a quarter of the limit for the data that arrives at run time.
const DATA_WARNING: usize = DATA_LIMIT / 4 * 3;

/// Errors of a call that the worker has repeated already when the workflow sees them. The catch-alls match them too.
const REPEATED: &[&str] = &["States.ALL", "States.TaskFailed", "Rampmeter.Unavailable"];

/// One piece of advice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Advice {
    /// Stable code.
    pub(crate) code: &'static str,
    /// It does harm for certain, and `check` fails for it.
    pub(crate) is_error: bool,
    /// JSON pointer to what it is about.
    pub(crate) location: String,
    /// What is wrong.
    pub(crate) message: String,
    /// What to do.
    pub(crate) help: String,
}

impl Advice {
    /// Advice on what is certain to do harm.
    pub(crate) fn error(
        code: &'static str,
        location: String,
        message: String,
        help: &str,
    ) -> Advice {
        Advice {
            code,
            is_error: true,
            location,
            message,
            help: help.to_owned(),
        }
    }
}

/// All advice on a definition, in its order.
pub(crate) fn on(definition: &Value) -> Vec<Advice> {
    let mut found = Vec::new();
    if let Some(graph) = definition.as_object() {
        on_graph(graph, "", &mut found);
    }
    found
}

/// Recursive; the parser has bounded the depth of a definition.
fn on_graph(graph: &Map<String, Value>, location: &str, found: &mut Vec<Advice>) {
    let states = graph.get("States").and_then(Value::as_object);
    for (name, state) in states.into_iter().flatten() {
        let Some(state) = state.as_object() else {
            continue;
        };
        let location = format!("{location}/States/{}", escaped(name));
        on_state(state, &location, found);
        let branches = state.get("Branches").and_then(Value::as_array);
        for (index, branch) in branches.into_iter().flatten().enumerate() {
            if let Some(branch) = branch.as_object() {
                on_graph(branch, &format!("{location}/Branches/{index}"), found);
            }
        }
        for field in ["ItemProcessor", "Iterator"] {
            if let Some(processor) = state.get(field).and_then(Value::as_object) {
                on_graph(processor, &format!("{location}/{field}"), found);
            }
        }
    }
}

fn on_state(state: &Map<String, Value>, location: &str, found: &mut Vec<Advice>) {
    let mut tell = |code, place: &str, message: String, help: &str| {
        found.push(Advice {
            code,
            is_error: false,
            location: format!("{location}{place}"),
            message,
            help: help.to_owned(),
        });
    };
    for field in [
        "Parameters",
        "Arguments",
        "Result",
        "ItemSelector",
        "Output",
    ] {
        let size = state.get(field).map_or(0, |value| value.to_string().len());
        if size >= DATA_WARNING {
            let message = format!(
                "{field} has {} KiB, and AWS takes 256 KiB for all data of a state",
                size >> 10
            );
            let help = "keep large data outside of the workflow and pass its address";
            tell(LARGE, &format!("/{field}"), message, help);
        }
    }
    if !awaits_token(state) {
        return;
    }
    let has =
        |field: &str| state.contains_key(field) || state.contains_key(&format!("{field}Path"));
    if !has("TimeoutSeconds") && !has("HeartbeatSeconds") {
        let message = "the task waits for its task token without TimeoutSeconds: when nobody answers, the \
                       execution waits for a year";
        let help = "add \"TimeoutSeconds\": 86400, or as long as an answer may take";
        tell(NO_TIMEOUT, "", message.to_owned(), help);
    }
    if !is_call(state) {
        return;
    }
    for field in ["HeartbeatSeconds", "HeartbeatSecondsPath"] {
        if state.contains_key(field) {
            let message = "the worker sends heartbeats only while the call runs: one that waits longer in its queue \
                           fails with States.HeartbeatTimeout";
            let help = "leave it out and bound the wait with TimeoutSeconds";
            tell(HEARTBEAT, &format!("/{field}"), message.to_owned(), help);
        }
    }
    let retriers = state.get("Retry").and_then(Value::as_array);
    for (index, retrier) in retriers.into_iter().flatten().enumerate() {
        if repeats_again(retrier) {
            let message = "the worker has repeated the call before the workflow sees this error: attempts multiply";
            let help = "retry only errors that the worker does not, such as States.Timeout, and set \
                        [targets.NAME.retry] for the rest";
            tell(
                DOUBLE_RETRY,
                &format!("/Retry/{index}"),
                message.to_owned(),
                help,
            );
        }
    }
}

fn awaits_token(state: &Map<String, Value>) -> bool {
    let resource = state.get("Resource").and_then(Value::as_str);
    resource.is_some_and(|resource| resource.ends_with(".waitForTaskToken"))
}

/// Whether a task sends a call to a target's queue: a message body with a method and a path or an endpoint.
fn is_call(state: &Map<String, Value>) -> bool {
    let resource = state.get("Resource").and_then(Value::as_str);
    let body = ["Parameters", "Arguments"]
        .iter()
        .find_map(|field| state.get(*field)?.get("MessageBody")?.as_object());
    let has = |body: &Map<String, Value>, name: &str| {
        body.contains_key(name) || body.contains_key(&format!("{name}.$"))
    };
    resource.is_some_and(|resource| resource.contains(":sqs:"))
        && body.is_some_and(|body| {
            has(body, "Method") && (has(body, "Path") || has(body, "ApiEndpoint"))
        })
}

/// Whether a retrier matches what the worker has repeated.
fn repeats_again(retrier: &Value) -> bool {
    let errors = retrier["ErrorEquals"].as_array();
    let names = errors.into_iter().flatten().filter_map(Value::as_str);
    retrier["MaxAttempts"] != 0 && names.into_iter().any(|name| REPEATED.contains(&name))
}

/// A name as part of a JSON pointer (RFC 6901).
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(state: &Value) -> Vec<(&'static str, String)> {
        let definition = json!({ "StartAt": "A", "States": { "A": state } });
        let found = on(&definition).into_iter();
        found.map(|advice| (advice.code, advice.location)).collect()
    }

    fn call(fields: &Value) -> Value {
        let mut state = json!({
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "Parameters": { "MessageBody": { "Method": "POST", "Path.$": "$.path" } },
            "TimeoutSeconds": 60,
        });
        for (name, value) in fields.as_object().expect("fields") {
            state[name] = value.clone();
        }
        state
    }

    #[test]
    fn a_call_with_a_time_out_and_no_more_is_good() {
        assert_eq!(told(&call(&json!({}))), []);
    }

    #[test]
    fn a_token_without_a_time_out_is_told() {
        let mut state = call(&json!({}));
        state
            .as_object_mut()
            .expect("a state")
            .remove("TimeoutSeconds");
        assert_eq!(told(&state), [(NO_TIMEOUT, "/States/A".to_owned())]);
        state["TimeoutSecondsPath"] = json!("$.timeout");
        assert_eq!(told(&state), []);
    }

    #[test]
    fn a_heartbeat_on_a_queued_call_is_told_and_on_another_task_is_not() {
        let heartbeat = json!({ "HeartbeatSeconds": 5 });
        let place = "/States/A/HeartbeatSeconds".to_owned();
        assert_eq!(told(&call(&heartbeat)), [(HEARTBEAT, place)]);
        let mut other = call(&heartbeat);
        other["Parameters"]["MessageBody"] = json!({ "question": "may it be paid?" });
        assert_eq!(told(&other), []);
    }

    #[test]
    fn a_retrier_of_what_the_worker_repeats_is_told() {
        let state = call(&json!({ "Retry": [
            { "ErrorEquals": ["States.Timeout"] },
            { "ErrorEquals": ["States.TaskFailed"], "MaxAttempts": 0 },
            { "ErrorEquals": ["States.ALL"] },
        ] }));
        assert_eq!(
            told(&state),
            [(DOUBLE_RETRY, "/States/A/Retry/2".to_owned())]
        );
    }

    #[test]
    fn large_data_is_told_in_every_depth() {
        let large = json!({ "Type": "Pass", "End": true, "Result": "x".repeat(200 << 10) });
        let processor = json!({ "StartAt": "B/1", "States": { "B/1": large } });
        let state = json!({ "Type": "Map", "ItemProcessor": processor, "End": true });
        let place = "/States/A/ItemProcessor/States/B~11/Result".to_owned();
        assert_eq!(told(&state), [(LARGE, place)]);
    }

    #[test]
    fn what_is_no_definition_has_no_advice() {
        for odd in [
            json!(null),
            json!({ "States": 1 }),
            json!({ "States": { "A": [] } }),
        ] {
            assert_eq!(on(&odd), []);
        }
    }
}
