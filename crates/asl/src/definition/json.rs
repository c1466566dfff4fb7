//! Faults of the text itself: invalid JSON, and substitutions that nobody resolved.

use serde_json::Value;

use super::invalid_json;
use super::object::{Faults, child};
use crate::model::diagnostic::{Diagnostic, SCHEMA};
use rampmeter_expression::json_problem::{JsonFault, json_fault, source};

/// The diagnostic of a text that does not parse.
pub(super) fn fault(text: &str, error: &serde_json::Error) -> Diagnostic {
    let fault = json_fault(text).unwrap_or_else(|| JsonFault {
        message: error.to_string(),
        line: error.line(),
        column: error.column(),
    });
    let place = source(text, fault.line, fault.column);
    invalid_json(format!("{}\n at {place}", fault.message), place)
}

/// Reports each `${Name}` that is left anywhere but in a comment.
pub(super) fn check_substitutions(definition: &Value, faults: &Faults) {
    walk(definition, "", faults);
}

fn walk(value: &Value, location: &str, faults: &Faults) {
    match value {
        Value::String(text) => report(text, location, faults),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                walk(item, &format!("{location}[{index}]"), faults);
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields.iter().filter(|(name, _)| *name != "Comment") {
                let location = child(location, name);
                report(name, &location, faults);
                walk(field, &location, faults);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn report(text: &str, location: &str, faults: &Faults) {
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("${") {
        rest = after;
        let Some((name, _)) = after.split_once('}') else {
            continue;
        };
        let is_name = !name.is_empty()
            && name
                .chars()
                .all(|char| char.is_ascii_alphanumeric() || "_-.:".contains(char));
        if is_name {
            let message = format!("The substitution '${{{name}}}' has no value");
            faults.add(SCHEMA, message, location.to_owned());
        }
    }
}
