//! Faults of the text itself: invalid JSON, and substitutions that nobody resolved.

use serde_json::Value;

use super::invalid_json;
use super::object::{Faults, child};
use crate::model::diagnostic::{Diagnostic, SCHEMA};
use rampmeter_expression::json_problem::unrecognized;

/// How much of the text AWS repeats in its message.
const QUOTED_LIMIT: usize = 500;

/// The diagnostic of a text that does not parse. For an unknown word it has AWS's text exactly.
pub(super) fn fault(text: &str, error: &serde_json::Error) -> Diagnostic {
    let quoted: String = text.chars().take(QUOTED_LIMIT).collect();
    let start = text.len() - text.trim_start().len();
    let word: String = text[start..]
        .chars()
        .take_while(|char| char.is_alphanumeric())
        .collect();
    if word.is_empty() || serde_json::from_str::<Value>(&word).is_ok() {
        let (line, column) = (error.line(), error.column());
        let place = format!("[Source: (String)\"{quoted}\"; line: {line}, column: {column}]");
        return invalid_json(format!("{error}\n at {place}"), place);
    }
    let before = &text[..start];
    let line = before.matches('\n').count() + 1;
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let column = text[line_start..start].chars().count() + word.chars().count() + 1;
    let place = format!("[Source: (String)\"{quoted}\"; line: {line}, column: {column}]");
    let message = format!("{}\n at {place}", unrecognized(&word));
    invalid_json(message, place)
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
