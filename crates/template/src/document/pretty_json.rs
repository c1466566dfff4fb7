//! JSON within a template, laid out for people: whatever fits on a line is on one line.

use serde_json::Value;

/// Width of a line.
const WIDTH: usize = 100;

/// The text of a value, with a line break at its end.
pub(crate) fn pretty_json(value: &Value) -> String {
    let mut out = String::new();
    write(value, 0, 0, &mut out);
    out.push('\n');
    out
}

/// `used` characters are on the line before the value.
fn write(value: &Value, indent: usize, used: usize, out: &mut String) {
    let line = on_one_line(value);
    if used + line.len() <= WIDTH {
        out.push_str(&line);
        return;
    }
    let inner = indent + 2;
    match value {
        Value::Object(map) => {
            out.push('{');
            for (at, (key, value)) in map.iter().enumerate() {
                let key = Value::from(key.as_str()).to_string();
                new_line(at, inner, out);
                out.push_str(&key);
                out.push_str(": ");
                write(value, inner, inner + key.len() + 2, out);
            }
            end(indent, '}', out);
        }
        Value::Array(items) => {
            out.push('[');
            for (at, value) in items.iter().enumerate() {
                new_line(at, inner, out);
                write(value, inner, inner, out);
            }
            end(indent, ']', out);
        }
        _ => out.push_str(&line),
    }
}

fn new_line(at: usize, indent: usize, out: &mut String) {
    out.push_str(if at > 0 { ",\n" } else { "\n" });
    out.extend(std::iter::repeat_n(' ', indent));
}

fn end(indent: usize, bracket: char, out: &mut String) {
    out.push('\n');
    out.extend(std::iter::repeat_n(' ', indent));
    out.push(bracket);
}

fn on_one_line(value: &Value) -> String {
    match value {
        Value::Object(map) if !map.is_empty() => {
            let members = map.iter().map(|(key, value)| {
                format!("{}: {}", Value::from(key.as_str()), on_one_line(value))
            });
            format!("{{ {} }}", members.collect::<Vec<_>>().join(", "))
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(on_one_line).collect();
            format!("[{}]", items.join(", "))
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn it_is_the_same_value_in_short_lines() {
        let value = json!({
            "a": [1, "two", { "b": {} }],
            "long": ["x".repeat(60), "y".repeat(60)],
        });
        let text = pretty_json(&value);
        assert_eq!(serde_json::from_str::<Value>(&text).expect("JSON"), value);
        assert_eq!(
            text.lines().nth(1),
            Some("  \"a\": [1, \"two\", { \"b\": {} }],")
        );
        assert!(text.lines().all(|line| line.len() <= WIDTH), "{text}");
    }
}
