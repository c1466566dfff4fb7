//! Checks a definition for AWS: its queued calls, its size, the names in it, and rights that its role cannot be given.

use rampmeter_config::Workflow;
use serde_json::Value;

use super::code::{LOCAL_NAME, TOO_LARGE, UNKNOWN_RIGHT};
use super::{Finding, Subject, call, counted};
use crate::definition::{State, states};
use crate::deployment::Deployment;
use crate::rights::Rights;

/// The most bytes of a definition.
const MAX_DEFINITION_BYTES: usize = 1 << 20;
/// The most bytes of the data of a state, as JSON.
const MAX_DATA_BYTES: usize = 256 << 10;
/// Fields whose data is in the definition.
const DATA: [&str; 5] = [
    "Parameters",
    "Arguments",
    "Result",
    "ItemSelector",
    "Output",
];
/// Texts that name the embedded host: its account, and this machine.
const LOCAL: [&str; 4] = [
    ":000000000000:",
    "/000000000000/",
    "://127.0.0.1",
    "://localhost",
];

/// The problems of a workflow.
pub(super) fn check(deployment: &Deployment<'_>, workflow: &Workflow) -> Vec<Finding> {
    let mut found = of_definition(&workflow.name, &workflow.definition);
    for (pointer, what) in Rights::of(deployment.config(), workflow).unknown {
        let place = Subject::Definition {
            workflow: workflow.name.clone(),
            pointer,
        };
        let message = format!("the role of {} gets no right to do {what}", workflow.name);
        let help = "add the right to the role in the template, named for what it is used on";
        found.push(Finding::warning(UNKNOWN_RIGHT, place, message, help));
    }
    found
}

/// The problems of a definition, whatever the configuration is.
pub fn of_definition(workflow: &str, text: &str) -> Vec<Finding> {
    let at = |pointer: String| Subject::Definition {
        workflow: workflow.to_owned(),
        pointer,
    };
    let mut found = Vec::new();
    if text.len() > MAX_DEFINITION_BYTES {
        let message = format!(
            "the definition has {}, and AWS takes 1 MiB",
            counted(text.len(), "byte")
        );
        let help = "make several workflows of it that start one another";
        found.push(Finding::error(TOO_LARGE, at(String::new()), message, help));
    }
    let Ok(definition) = serde_json::from_str::<Value>(text) else {
        return found;
    };
    for (pointer, state) in states(&definition) {
        let here = |below: &str| at(format!("{pointer}{below}"));
        found.extend(data(&state, &here));
        found.extend(local_names(&state, &here));
        if state.is_call() {
            found.extend(call::check(&state, &here));
        }
    }
    found
}

fn data(state: &State<'_>, at: &dyn Fn(&str) -> Subject) -> Vec<Finding> {
    let mut found = Vec::new();
    for field in DATA {
        let size = state
            .fields
            .get(field)
            .map_or(0, |value| value.to_string().len());
        if size > MAX_DATA_BYTES {
            let message = format!(
                "{field} has {} KiB, and AWS takes 256 KiB for all data of a state",
                size >> 10
            );
            let help = "keep large data outside of the workflow and pass its address";
            found.push(Finding::error(
                TOO_LARGE,
                at(&format!("/{field}")),
                message,
                help,
            ));
        }
    }
    found
}

/// Texts that name the machine or its account.
fn local_names(state: &State<'_>, at: &dyn Fn(&str) -> Subject) -> Vec<Finding> {
    let mut found = Vec::new();
    for field in ["Resource", "Parameters", "Arguments"] {
        let local = state.fields.get(field).and_then(local_text);
        if let Some(text) = local {
            let message = format!("{:?} names {text:?}, which is not there on AWS", state.name);
            let help = "use what is predefined on both hosts: \"${NetsuiteHigh}\" for a queue, \"${OrderSyncArn}\" for a workflow, the plain name for a function";
            found.push(Finding::error(
                LOCAL_NAME,
                at(&format!("/{field}")),
                message,
                help,
            ));
        }
    }
    found
}

fn local_text(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) if LOCAL.iter().any(|part| text.contains(part)) => Some(text),
        Value::Array(items) => items.iter().find_map(local_text),
        Value::Object(map) => map.values().find_map(local_text),
        _ => None,
    }
}
