//! Functions on text: `Format`, `StringSplit`, `StringToJson`.

use serde_json::Value;

use super::{CallError, failed};
use crate::java_text;

/// A text argument.
pub(super) fn text(values: &[Value], index: usize) -> Result<&str, CallError> {
    match values.get(index) {
        Some(Value::String(text)) => Ok(text),
        _ => failed(format!("The argument at index {index} is not a string")),
    }
}

/// `States.Format(template, values...)`: each `{}` is replaced by the next value.
pub(super) fn format(values: &[Value]) -> Result<Value, CallError> {
    let template = text(values, 0)?;
    let mut arguments = values[1..].iter();
    let mut result = String::new();
    let mut chars = template.chars();
    while let Some(char) = chars.next() {
        match char {
            '\\' => match chars.next() {
                Some(escaped @ ('{' | '}' | '\\')) => result.push(escaped),
                Some(other) => result.extend(['\\', other]),
                None => result.push('\\'),
            },
            '{' if chars.as_str().starts_with('}') => {
                chars.next();
                match arguments.next() {
                    Some(value) => result.push_str(&java_text::write(value)),
                    None => return failed("The template has more '{}' than there are arguments"),
                }
            }
            '{' | '}' => {
                return failed("The template has a brace that is neither '{}' nor escaped");
            }
            other => result.push(other),
        }
    }
    if arguments.next().is_some() {
        return failed("There are more arguments than the template has '{}'");
    }
    Ok(Value::String(result))
}

/// `States.StringSplit(text, characters)`: splits at each of the characters and drops empty parts.
pub(super) fn split(values: &[Value]) -> Result<Value, CallError> {
    let (whole, separators) = (text(values, 0)?, text(values, 1)?);
    let parts = whole
        .split(|char| separators.contains(char))
        .filter(|part| !part.is_empty());
    Ok(Value::Array(parts.map(Value::from).collect()))
}

/// `States.StringToJson(text)`. An empty, blank or missing text stands for null.
pub(super) fn to_json(values: &[Value]) -> Result<Value, CallError> {
    if values[0].is_null() {
        return Ok(Value::Null);
    }
    match text(values, 0)?.trim() {
        "" => Ok(Value::Null),
        // A whole number, which has no negative zero.
        "-0" => Ok(Value::from(0)),
        text => {
            serde_json::from_str(text).or_else(|_| failed("Argument is not a valid JSON string"))
        }
    }
}
