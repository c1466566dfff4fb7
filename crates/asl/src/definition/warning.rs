//! AWS's warnings about a sound state in JSONPath: text that looks like an expression where none is
//! evaluated. The codes are AWS's; the texts are our own.

use serde_json::Value;

use super::object::{Object, child};
use crate::model::diagnostic::{Diagnostic, NO_DOLLAR, NO_PATH, STATIC_RESULT};
use crate::model::state_kind::StateKind;

/// The payload templates of a state.
const TEMPLATES: [&str; 4] = ["Parameters", "ResultSelector", "ItemSelector", "Assign"];
/// Fields of states that have a twin whose name ends with `Path`.
const WITH_TWIN: [&str; 2] = ["Error", "Cause"];

/// Adds the warnings about a state.
pub(super) fn add(kind: StateKind, state: &Object<'_>, warnings: &mut Vec<Diagnostic>) {
    for name in TEMPLATES {
        if let Some(template) = state.value(name) {
            in_template(template, &state.location_of(name), warnings);
        }
    }
    if kind == StateKind::Fail {
        for name in WITH_TWIN {
            in_field(name, state.value(name), &state.location(), warnings);
        }
    }
    if kind == StateKind::Choice
        && let Some(rules) = state.value("Choices")
    {
        in_rules(rules, &state.location_of("Choices"), warnings);
    }
    if kind == StateKind::Pass
        && let Some(result) = state.value("Result")
        && has_expression(result)
    {
        let message = "Result is passed on as it is written: use Parameters to evaluate the fields \
                       whose names end with '.$'";
        let location = state.location_of("Result");
        warnings.push(Diagnostic::warning(
            STATIC_RESULT,
            message.to_owned(),
            location,
        ));
    }
}

/// Fields of a template that hold an expression under a name without `.$`. The depth is bounded: the
/// definition was parsed.
fn in_template(value: &Value, location: &str, warnings: &mut Vec<Diagnostic>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let location = child(location, name);
                match value.as_str() {
                    Some(text) if !name.ends_with(".$") && is_expression(text) => {
                        let message = format!(
                            "The value of '{name}' looks like a JSONPath or an intrinsic function: \
                             the name must end with '.$' for it to be evaluated"
                        );
                        warnings.push(Diagnostic::warning(NO_DOLLAR, message, location));
                    }
                    _ => in_template(value, &location, warnings),
                }
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                in_template(item, &format!("{location}[{index}]"), warnings);
            }
        }
        _ => {}
    }
}

/// Comparisons of choice rules, at any depth, with what looks like a path.
fn in_rules(value: &Value, location: &str, warnings: &mut Vec<Diagnostic>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                if name.starts_with("String") && !name.ends_with("Path") && name != "StringMatches"
                {
                    in_field(name, Some(value), location, warnings);
                } else if name != "Assign" {
                    in_rules(value, &child(location, name), warnings);
                }
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                in_rules(item, &format!("{location}[{index}]"), warnings);
            }
        }
        _ => {}
    }
}

fn in_field(name: &str, value: Option<&Value>, location: &str, warnings: &mut Vec<Diagnostic>) {
    let text = value.and_then(Value::as_str);
    if text.is_some_and(is_path) {
        let message = format!(
            "The value of '{name}' looks like a JSONPath: use '{name}Path' for it to be evaluated"
        );
        warnings.push(Diagnostic::warning(NO_PATH, message, child(location, name)));
    }
}

fn has_expression(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields.iter().any(|(name, value)| {
            let is_one = name.ends_with(".$") && value.as_str().is_some_and(is_expression);
            is_one || has_expression(value)
        }),
        Value::Array(items) => items.iter().any(has_expression),
        _ => false,
    }
}

fn is_expression(text: &str) -> bool {
    is_path(text) || (text.starts_with("States.") && text.ends_with(')'))
}

fn is_path(text: &str) -> bool {
    text == "$"
        || ["$.", "$[", "$$."]
            .iter()
            .any(|start| text.starts_with(start))
}
