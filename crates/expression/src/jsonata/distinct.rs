//! `$distinct` of long arrays, in linear time: the engine compares each item with each one that it has kept.

use std::collections::BTreeSet;

use jlens_core::{Bindings, HostFunction};
use serde_json::Value;

/// The name of the function. No variable of a state machine begins like this.
const DISTINCT: &str = "_rampmeter_distinct";

/// `bindings` with the function.
pub(super) fn bind(bindings: Bindings) -> Bindings {
    let distinct = |arguments: &[Option<Value>], _: &jlens_core::HostCall<'_>| {
        Ok(arguments.first().cloned().flatten().map(first_of_each))
    };
    bindings.function(DISTINCT, HostFunction::new(1, distinct).without_input())
}

/// Each item of an array once, where it first occurred.
fn first_of_each(value: Value) -> Value {
    let Value::Array(mut items) = value else {
        return value;
    };
    let mut seen = BTreeSet::new();
    items.retain(|item| {
        let mut key = String::new();
        write_key(item, &mut key);
        seen.insert(key)
    });
    Value::Array(items)
}

/// A text that equal values share: the order of fields does not matter, nor how a number is written.
fn write_key(value: &Value, key: &mut String) {
    match value {
        Value::Number(number) => match number.as_f64() {
            Some(float) => key.push_str(&(float + 0.0).to_string()),
            None => key.push_str(&number.to_string()),
        },
        Value::Array(items) => {
            key.push('[');
            for item in items {
                write_key(item, key);
                key.push(',');
            }
            key.push(']');
        }
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| *name);
            key.push('{');
            for (name, field) in fields {
                key.push_str(&Value::from(name.as_str()).to_string());
                key.push(':');
                write_key(field, key);
                key.push(',');
            }
            key.push('}');
        }
        Value::String(_) | Value::Null | Value::Bool(_) => key.push_str(&value.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn equal_values_are_kept_once_however_they_are_written() {
        let items = json!([
            1, 1.0, "1", null, null, true, -0.0, 0, [1, 2], [1.0, 2], {"a": 1, "b": [2]}, {"b": [2.0], "a": 1}, {}, []
        ]);
        let kept = json!([1, "1", null, true, -0.0, [1, 2], {"a": 1, "b": [2]}, {}, []]);
        assert_eq!(first_of_each(items), kept);
        assert_eq!(first_of_each(json!(5)), json!(5));
    }
}
