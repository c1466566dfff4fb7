//! Values as Java writes them into a text. AWS formats data with `toString`, so that an object is `{a=1, b=[x, y]}`;
//! where it writes JSON, numbers with a fraction still have Java's form: ten million is `1.0E7`.

use serde_json::{Number, Value};

/// The text of a value.
pub(crate) fn write(value: &Value) -> String {
    let mut text = String::new();
    add(value, &mut text);
    text
}

/// The JSON text of a value.
pub(crate) fn json(value: &Value) -> String {
    let mut text = String::new();
    add_json(value, &mut text);
    text
}

fn add_json(value: &Value, text: &mut String) {
    match value {
        Value::Number(own) => text.push_str(&number(own)),
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                text.push_str(if index > 0 { "," } else { "" });
                add_json(item, text);
            }
            text.push(']');
        }
        Value::Object(fields) => {
            text.push('{');
            for (index, (name, field)) in fields.iter().enumerate() {
                text.push_str(if index > 0 { "," } else { "" });
                text.push_str(&Value::from(name.as_str()).to_string());
                text.push(':');
                add_json(field, text);
            }
            text.push('}');
        }
        Value::String(_) | Value::Null | Value::Bool(_) => text.push_str(&value.to_string()),
    }
}

fn add(value: &Value, text: &mut String) {
    match value {
        Value::String(own) => text.push_str(own),
        Value::Number(own) => text.push_str(&number(own)),
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                separate(index, text);
                add(item, text);
            }
            text.push(']');
        }
        Value::Object(fields) => {
            text.push('{');
            for (index, (name, field)) in fields.iter().enumerate() {
                separate(index, text);
                text.push_str(name);
                text.push('=');
                add(field, text);
            }
            text.push('}');
        }
        Value::Null | Value::Bool(_) => text.push_str(&value.to_string()),
    }
}

fn separate(index: usize, text: &mut String) {
    if index > 0 {
        text.push_str(", ");
    }
}

/// Digits that are enough to identify any double.
const MAX_DOUBLE_DIGITS: usize = 17;

/// `Double.toString`: with an exponent below a thousandth and from ten million on.
fn number(number: &Number) -> String {
    let text = number.to_string();
    // A number with more digits than a double keeps is an id or an amount, and stays as it is.
    let is_long = text.bytes().filter(u8::is_ascii_digit).count() > MAX_DOUBLE_DIGITS;
    let float = number.as_f64().filter(|_| number.is_f64() && !is_long);
    let Some(float) = float else {
        return text;
    };
    let size = float.abs();
    if size == 0.0 || (1e-3..1e7).contains(&size) {
        return format!("{float:?}");
    }
    let scientific = format!("{float:E}");
    match scientific.split_once('E') {
        Some((digits, exponent)) if !digits.contains('.') => format!("{digits}.0E{exponent}"),
        _ => scientific,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_written_as_java_writes_them() {
        for (value, text) in [
            (json!({"Arg1": 1, "Arg2": []}), "{Arg1=1, Arg2=[]}"),
            (
                json!(["a", null, true, {"b": "c d"}]),
                "[a, null, true, {b=c d}]",
            ),
            (json!(1.1), "1.1"),
            (json!(1.0), "1.0"),
            (json!(1e7), "1.0E7"),
            (json!(1.25e-5), "1.25E-5"),
            (json!(-123_456_789.5), "-1.234567895E8"),
            (json!(10_000_000), "10000000"),
            (json!(" "), " "),
        ] {
            assert_eq!(write(&value), text);
        }
    }

    #[test]
    fn json_has_the_numbers_of_java() {
        let value = json!({"a \"b\"": [1, 1e20, 1.5, -0.0001, "x\n", null], "c": {"d": true}});
        assert_eq!(
            super::json(&value),
            r#"{"a \"b\"":[1,1.0E20,1.5,-1.0E-4,"x\n",null],"c":{"d":true}}"#
        );
    }
}
