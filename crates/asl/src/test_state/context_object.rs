//! The context object of a test: the client's own, checked as AWS checks it, or a default one like
//! AWS's. A client's object replaces the whole; nothing is added to it.

use serde_json::{Map, Value, json};

use super::definition::Subject;
use super::{Refusal, Setting};
use rampmeter_expression::timestamp;

const TEXT: &str = "a string";
const NUMBER: &str = "a number";
const OBJECT: &str = "an object";
const TIME: &str = "a valid ISO 8601 timestamp";

/// A field, what it must be, and whether a value is that.
type Rule = (&'static str, &'static str, fn(&Value) -> bool);

fn anything(_: &Value) -> bool {
    true
}

fn is_time(value: &Value) -> bool {
    value
        .as_str()
        .is_some_and(|text| timestamp::parse(text).is_some())
}

const EXECUTION: &[Rule] = &[
    ("Id", TEXT, Value::is_string),
    ("Input", OBJECT, anything),
    ("Name", TEXT, Value::is_string),
    ("RoleArn", TEXT, Value::is_string),
    ("StartTime", TIME, is_time),
    ("RedriveCount", NUMBER, Value::is_number),
    ("RedriveTime", TIME, is_time),
];
const STATE: &[Rule] = &[
    ("EnteredTime", TIME, is_time),
    ("Name", TEXT, Value::is_string),
    ("RetryCount", NUMBER, Value::is_number),
];
const STATE_MACHINE: &[Rule] = &[
    ("Id", TEXT, Value::is_string),
    ("Name", TEXT, Value::is_string),
];
const TASK: &[Rule] = &[("Token", TEXT, Value::is_string)];

/// Reads a client's context object.
pub(super) fn read(text: &str, subject: &Subject) -> Result<Value, Refusal> {
    let parsed = serde_json::from_str::<Value>(text);
    let Ok(Value::Object(object)) = &parsed else {
        return Err(refused("Context must be a valid JSON object"));
    };
    for (name, value) in object {
        let rules = match name.as_str() {
            "Execution" => EXECUTION,
            "State" => STATE,
            "StateMachine" => STATE_MACHINE,
            "Task" if subject.waits_for_an_answer() => TASK,
            "Task" => {
                return Err(refused(
                    "Context object contains 'Task' when state is not a Task state with a '.sync' \
                     or '.waitForTaskToken' service integration pattern",
                ));
            }
            "Map" => {
                return Err(refused(
                    "'Map' field is not supported when mocking a Context object",
                ));
            }
            other => return Err(refused(&format!("Field '{other}' is not allowed"))),
        };
        let Value::Object(fields) = value else {
            return Err(refused(&format!("{name} must be {OBJECT}")));
        };
        check(name, fields, rules)?;
    }
    Ok(parsed.unwrap_or_default())
}

fn check(object: &str, fields: &Map<String, Value>, rules: &[Rule]) -> Result<(), Refusal> {
    for (name, value) in fields {
        let Some((_, wanted, is_right)) = rules.iter().find(|rule| rule.0 == name) else {
            return Err(refused(&format!("Field '{name}' is not allowed")));
        };
        if !is_right(value) {
            return Err(refused(&format!("{object}.{name} must be {wanted}")));
        }
    }
    Ok(())
}

fn refused(why: &str) -> Refusal {
    Refusal::Validation(format!("Invalid Context object provided: {why}"))
}

/// The context object of a test whose client gives none.
pub(super) fn made_up(
    setting: &Setting<'_>,
    subject: &Subject,
    input: &Value,
    retries: u32,
) -> Value {
    let now = timestamp::write(setting.now);
    let mut execution = json!({
        "Id": setting.execution_arn,
        "Input": input,
        "Name": setting.execution_name,
        "StartTime": now,
    });
    if let Some(role_arn) = setting.role_arn {
        execution["RoleArn"] = json!(role_arn);
    }
    let mut entered = json!({ "Name": subject.name, "EnteredTime": now });
    if subject.can_be_mocked() {
        entered["RetryCount"] = json!(retries);
    }
    let mut object = json!({
        "Execution": execution,
        "StateMachine": { "Id": setting.machine_arn, "Name": setting.machine_name },
        "State": entered,
    });
    if subject.waits_for_an_answer() {
        object["Task"] = json!({ "Token": setting.task_token });
    }
    object
}
