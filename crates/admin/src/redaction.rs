//! `redact` of a target: the values of an answer that people are not shown.

use std::collections::BTreeMap;

use rampmeter_config::{Config, RedactPath, RedactSegment};
use serde_json::Value;

/// What is shown in place of a hidden value.
const HIDDEN: &str = "[redacted]";

/// The paths of every target that hides something.
#[derive(Debug, Default)]
pub(crate) struct Redaction(BTreeMap<String, Vec<RedactPath>>);

impl Redaction {
    /// What the targets of a configuration hide.
    pub(crate) fn of(config: &Config) -> Redaction {
        let targets = config.targets.values();
        let hiding = targets.filter(|target| !target.redact.is_empty());
        Redaction(
            hiding
                .map(|target| (target.name.clone(), target.redact.clone()))
                .collect(),
        )
    }

    /// Hides what the target hides in the answer of one of its calls.
    pub(crate) fn apply(&self, target: &str, told: &mut Value) {
        for path in self.0.get(target).into_iter().flatten() {
            hide(told, path.segments());
        }
    }
}

/// Hides what a path leads to. A text into which the path would continue is hidden whole: it may be the beginning of a
/// truncated JSON text, in which the value cannot be located. Names are compared without regard to case, as in headers.
fn hide(value: &mut Value, path: &[RedactSegment]) {
    let Some((segment, rest)) = path.split_first() else {
        *value = Value::String(HIDDEN.to_owned());
        return;
    };
    match (segment, value) {
        (RedactSegment::Descendants, value) => {
            hide(value, rest);
            match value {
                Value::Object(members) => {
                    members
                        .values_mut()
                        .for_each(|inner| hide_inside(inner, path));
                }
                Value::Array(items) => items.iter_mut().for_each(|inner| hide_inside(inner, path)),
                _ => {}
            }
        }
        (_, Value::String(text)) => HIDDEN.clone_into(text),
        (RedactSegment::Member(name), Value::Object(members)) => members
            .iter_mut()
            .filter(|(member, _)| member.to_lowercase() == name.to_lowercase())
            .for_each(|(_, inner)| hide(inner, rest)),
        (RedactSegment::Item(index), Value::Array(items)) => {
            if let Some(inner) = place(*index, items.len()).and_then(|at| items.get_mut(at)) {
                hide(inner, rest);
            }
        }
        (RedactSegment::Each, Value::Array(items)) => {
            items.iter_mut().for_each(|inner| hide(inner, rest));
        }
        (RedactSegment::Each, Value::Object(members)) => {
            members.values_mut().for_each(|inner| hide(inner, rest));
        }
        _ => {}
    }
}

/// Continues at any depth. Most texts on the way have nothing to hide, so a text is hidden only if it looks like the
/// beginning of a JSON text.
fn hide_inside(value: &mut Value, path: &[RedactSegment]) {
    match value {
        Value::String(text) if !may_hold_members(text) => {}
        other => hide(other, path),
    }
}

fn may_hold_members(text: &str) -> bool {
    text.trim_start().starts_with(['{', '['])
}

/// The position of the item with this index among `count`.
fn place(index: i64, count: usize) -> Option<usize> {
    match usize::try_from(index) {
        Ok(index) => Some(index),
        Err(_) => count.checked_sub(usize::try_from(index.unsigned_abs()).ok()?),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn hidden(mut told: Value, paths: &[&str]) -> Value {
        for path in paths {
            hide(&mut told, RedactPath::parse(path).unwrap().segments());
        }
        told
    }

    #[test]
    fn what_a_path_leads_to_is_hidden_and_nothing_else() {
        let told = json!({
            "ResponseBody": {"taxId": "1", "name": "n", "lines": [{"iban": "2", "x": 3}, {"iban": "4"}]}
        });
        assert_eq!(
            hidden(
                told,
                &[
                    "$.ResponseBody.taxId",
                    "$.ResponseBody.lines[*].iban",
                    "$.ResponseBody.none.deeper",
                    "$.RequestBody.taxId",
                ]
            ),
            json!({"ResponseBody": {
                "taxId": HIDDEN,
                "name": "n",
                "lines": [{"iban": HIDDEN, "x": 3}, {"iban": HIDDEN}],
            }})
        );
    }

    #[test]
    fn a_quoted_member_and_a_header_in_other_letters_are_hidden() {
        let told = json!({"ResponseBody": {"tax.id": "1"}, "Headers": {"X-Tax": ["2"]}});
        assert_eq!(
            hidden(told, &["$.ResponseBody['tax.id']", "$.Headers.x-tax"]),
            json!({"ResponseBody": {"tax.id": HIDDEN}, "Headers": {"X-Tax": HIDDEN}})
        );
    }

    #[test]
    fn a_name_is_hidden_at_any_depth() {
        let told = json!({
            "StatusText": "OK",
            "ResponseBody": {"taxId": {"taxId": "1"}, "a": [{"taxId": 2, "b": "c"}]},
        });
        assert_eq!(
            hidden(told, &["$..taxId"]),
            json!({
                "StatusText": "OK",
                "ResponseBody": {"taxId": HIDDEN, "a": [{"taxId": HIDDEN, "b": "c"}]},
            })
        );
    }

    #[test]
    fn a_text_that_was_cut_is_hidden_whole() {
        let cut = json!({"StatusCode": 400, "Truncated": true, "ResponseBody": "{\"taxId\":\"1"});
        for path in ["$.ResponseBody.taxId", "$.ResponseBody[*]", "$..taxId"] {
            assert_eq!(
                hidden(cut.clone(), &[path]),
                json!({"StatusCode": 400, "Truncated": true, "ResponseBody": HIDDEN}),
                "{path}"
            );
        }
        assert_eq!(
            hidden(json!("{\"ResponseBody\": {\"ta"), &["$.ResponseBody.taxId"]),
            HIDDEN
        );
        let text = json!({"ResponseBody": {"error": "no customer"}});
        assert_eq!(hidden(text.clone(), &["$.ResponseBody.taxId"]), text);
    }
}
