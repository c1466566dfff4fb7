//! A template as YAML, for people: CloudFormation's short tags, comments, long texts as blocks.
//!
//! It writes the part of YAML that templates need and never reads any. Whatever a reader might take for something other
//! than text (a date, `no`, `1e3`) is quoted.

use serde_json::{Map, Value};

/// Width that comments are wrapped to.
const WIDTH: usize = 110;

/// The text of a template.
pub(super) fn text(root: &Value) -> String {
    let mut out = String::new();
    if let Value::Object(map) = root {
        for (at, (name, section)) in map.iter().enumerate() {
            if at > 0 && section.is_object() {
                out.push('\n');
            }
            if name == "Resources" {
                resources(section, &mut out);
            } else {
                entry(map, name, section, 0, &mut out);
            }
        }
    }
    out
}

/// The resources, an empty line between them.
fn resources(section: &Value, out: &mut String) {
    out.push_str("Resources:\n");
    let Value::Object(map) = section else {
        return;
    };
    for (at, (id, resource)) in shown(map).enumerate() {
        if at > 0 {
            out.push('\n');
        }
        entry(map, id, resource, 2, out);
    }
}

fn shown(map: &Map<String, Value>) -> impl Iterator<Item = (&String, &Value)> {
    map.iter().filter(|(key, _)| !key.starts_with('#'))
}

fn entry(map: &Map<String, Value>, key: &str, value: &Value, indent: usize, out: &mut String) {
    if let Some(Value::String(text)) = map.get(&format!("#{key}")) {
        comment(text, indent, out);
    }
    blanks(indent, out);
    out.push_str(&scalar_text(key));
    out.push(':');
    after_mark(value, indent, out);
}

/// A value after `key:` or a tag.
fn after_mark(value: &Value, indent: usize, out: &mut String) {
    if let Some((tag, argument)) = intrinsic(value) {
        out.push_str(" !");
        out.push_str(tag);
        match argument {
            Value::Array(parts) if tag == "GetAtt" => {
                let parts: Vec<&str> = parts.iter().filter_map(Value::as_str).collect();
                out.push(' ');
                out.push_str(&parts.join("."));
                out.push('\n');
            }
            argument => after_mark(argument, indent, out),
        }
        return;
    }
    let line_so_far = out.len() - out.rfind('\n').map_or(0, |at| at + 1);
    if let Some(line) = flow(value).filter(|line| line_so_far + 1 + line.len() <= WIDTH) {
        out.push(' ');
        out.push_str(&line);
        out.push('\n');
        return;
    }
    match value {
        Value::Object(map) if shown(map).next().is_none() => out.push_str(" {}\n"),
        Value::Object(map) => {
            out.push('\n');
            for (key, value) in shown(map) {
                entry(map, key, value, indent + 2, out);
            }
        }
        Value::Array(items) if items.is_empty() => out.push_str(" []\n"),
        Value::Array(items) => {
            out.push('\n');
            for value in items {
                item(value, indent + 2, out);
            }
        }
        Value::String(text) if is_block(text) => block(text, indent + 2, out),
        scalar => {
            out.push(' ');
            out.push_str(&scalar_of(scalar));
            out.push('\n');
        }
    }
}

fn item(value: &Value, indent: usize, out: &mut String) {
    match value {
        Value::Object(map) if intrinsic(value).is_none() && shown(map).next().is_some() => {
            // The comment of the first key stands above the dash.
            for (at, (key, value)) in shown(map).enumerate() {
                if at > 0 {
                    entry(map, key, value, indent + 2, out);
                    continue;
                }
                if let Some(Value::String(text)) = map.get(&format!("#{key}")) {
                    comment(text, indent, out);
                }
                blanks(indent, out);
                out.push_str("- ");
                out.push_str(&scalar_text(key));
                out.push(':');
                after_mark(value, indent + 2, out);
            }
        }
        _ => {
            blanks(indent, out);
            out.push('-');
            after_mark(value, indent, out);
        }
    }
}

/// A list of short values on one line, where it can be read at a glance.
fn flow(value: &Value) -> Option<String> {
    let Value::Array(items) = value else {
        return None;
    };
    let items: Option<Vec<String>> = items.iter().map(inline).collect();
    Some(format!("[{}]", items?.join(", ")))
}

fn inline(value: &Value) -> Option<String> {
    if let Some((tag, argument)) = intrinsic(value) {
        return match (tag, argument) {
            ("Ref", Value::String(id)) => Some(format!("!Ref {id}")),
            (_, Value::Array(_)) if tag != "GetAtt" && tag != "Sub" => {
                Some(format!("!{tag} {}", flow(argument)?))
            }
            _ => None,
        };
    }
    match value {
        Value::Array(_) => flow(value),
        Value::Object(_) => None,
        Value::String(text) if text.len() > 40 || is_block(text) => None,
        scalar => Some(scalar_of(scalar)),
    }
}

/// The short tag of one of CloudFormation's functions, and its argument.
fn intrinsic(value: &Value) -> Option<(&str, &Value)> {
    let Value::Object(map) = value else {
        return None;
    };
    let (name, argument) = map.iter().next().filter(|_| map.len() == 1)?;
    match name.as_str() {
        "Ref" => Some(("Ref", argument)),
        name => Some((name.strip_prefix("Fn::")?, argument)),
    }
}

fn comment(text: &str, indent: usize, out: &mut String) {
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && indent + 2 + line.len() + 1 + word.len() > WIDTH {
            blanks(indent, out);
            out.push_str("# ");
            out.push_str(&line);
            out.push('\n');
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    blanks(indent, out);
    out.push_str("# ");
    out.push_str(&line);
    out.push('\n');
}

fn blanks(count: usize, out: &mut String) {
    out.extend(std::iter::repeat_n(' ', count));
}

/// Whether a text of several lines can stand as it is.
fn is_block(text: &str) -> bool {
    let plain = |c: char| c == '\n' || (!c.is_control() && c != '\u{feff}' && c != '\u{2028}');
    text.contains('\n') && !text.starts_with([' ', '\n']) && text.chars().all(plain)
}

fn block(text: &str, indent: usize, out: &mut String) {
    let body = text.trim_end_matches('\n');
    // One line break at the end is what `|` means; none is `|-`, more are `|+`.
    out.push_str(match text.len() - body.len() {
        0 => " |-\n",
        1 => " |\n",
        _ => " |+\n",
    });
    for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
        if !line.is_empty() {
            blanks(indent, out);
            out.push_str(line);
        }
        out.push('\n');
    }
}

fn scalar_of(value: &Value) -> String {
    match value {
        Value::String(text) => scalar_text(text),
        other => other.to_string(),
    }
}

/// A text on one line: plain where it cannot be mistaken for anything else.
fn scalar_text(text: &str) -> String {
    if is_plain(text) {
        text.to_owned()
    } else if text.chars().any(char::is_control) {
        Value::from(text).to_string()
    } else {
        format!("'{}'", text.replace('\'', "''"))
    }
}

fn is_plain(text: &str) -> bool {
    const WORDS: [&str; 10] = [
        "y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan",
    ];
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
    let inside = |c: char| c.is_ascii_alphanumeric() || "-_./:()$ +*=<>@;".contains(c);
    begins
        && text.chars().all(inside)
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !WORDS.contains(&text.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_written_as_people_write_them() {
        let value = json!({
            "Description": "one",
            "Resources": {
                "#A": "why it is there",
                "A": {
                    "Type": "AWS::SQS::Queue",
                    "Properties": {
                        "#Size": "a comment",
                        "Size": 3,
                        "On": true,
                        "List": ["a", { "#K": "of the item", "K": { "Ref": "B" }, "L": [] }, { "Fn::GetAtt": ["B", "Arn"] }],
                        "If": { "Fn::If": ["C", { "Fn::Sub": "${X}-y" }, { "Ref": "AWS::NoValue" }] },
                        "Not": { "Fn::Not": [{ "Fn::Equals": [{ "Ref": "P" }, ""] }] },
                        "Short": [1, "two", { "Ref": "X" }],
                        "Empty": {},
                    },
                },
                "B": { "Type": "T", "Text": "{\n  \"a\": 1\n}\n" },
            },
        });
        let expected = "\
Description: one

Resources:
  # why it is there
  A:
    Type: AWS::SQS::Queue
    Properties:
      # a comment
      Size: 3
      'On': true
      List:
        - a
        # of the item
        - K: !Ref B
          L: []
        - !GetAtt B.Arn
      If: !If
        - C
        - !Sub '${X}-y'
        - !Ref AWS::NoValue
      Not: !Not [!Equals [!Ref P, '']]
      Short: [1, two, !Ref X]
      Empty: {}

  B:
    Type: T
    Text: |
      {
        \"a\": 1
      }
";
        assert_eq!(text(&value), expected);
    }

    #[test]
    fn whatever_looks_like_something_else_is_quoted() {
        for (text, written) in [
            ("no", "'no'"),
            ("2012-10-17", "'2012-10-17'"),
            ("1e3", "'1e3'"),
            ("", "''"),
            ("it's", "'it''s'"),
            ("a: b", "'a: b'"),
            ("a #b", "'a #b'"),
            ("key:", "'key:'"),
            ("*", "'*'"),
            ("{a}", "'{a}'"),
            ("a\tb", "\"a\\tb\""),
            ("AWS::Region", "AWS::Region"),
            ("a plain text", "a plain text"),
            ("é", "'é'"),
        ] {
            assert_eq!(scalar_text(text), written);
        }
    }

    #[test]
    fn a_text_of_lines_keeps_its_end() {
        for (text, written) in [
            ("a\nb", " |-\n  a\n  b\n"),
            ("a\n\nb\n", " |\n  a\n\n  b\n"),
            ("a\n\n", " |+\n  a\n\n"),
        ] {
            let mut out = String::new();
            after_mark(&json!(text), 0, &mut out);
            assert_eq!(out, written);
        }
        let mut out = String::new();
        after_mark(&json!(" a\nb"), 0, &mut out);
        assert_eq!(out, " \" a\\nb\"\n");
    }

    #[test]
    fn long_comments_are_wrapped() {
        let mut out = String::new();
        comment(&"word ".repeat(40), 4, &mut out);
        assert!(out.lines().count() > 1 && out.lines().all(|line| line.len() <= WIDTH));
        assert!(out.lines().all(|line| line.starts_with("    # word")));
    }
}
