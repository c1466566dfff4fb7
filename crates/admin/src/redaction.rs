//! `redact` of a target: the values of an answer that people are not shown.

use std::collections::BTreeMap;

use rampmeter_config::Config;
use serde_json::Value;

/// What stands in the place of a value that is not shown.
const HIDDEN: &str = "[redacted]";

/// The paths of every target that hides something.
#[derive(Debug, Default)]
pub(crate) struct Redaction(BTreeMap<String, Vec<Vec<Step>>>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Member(String),
    Item(usize),
    Each,
}

impl Redaction {
    /// What the targets of a configuration hide.
    pub(crate) fn of(config: &Config) -> Redaction {
        let targets = config.targets.values();
        let hiding = targets.filter(|target| !target.redact.is_empty());
        Redaction(
            hiding
                .map(|target| {
                    let paths = target.redact.iter().map(|path| steps(path)).collect();
                    (target.name.clone(), paths)
                })
                .collect(),
        )
    }

    /// Hides what the target hides in the answer of one of its calls.
    pub(crate) fn apply(&self, target: &str, told: &mut Value) {
        for path in self.0.get(target).into_iter().flatten() {
            hide(told, path);
        }
    }
}

/// `$.a.b[*].c['d']` in its steps. What cannot be read as a step is taken as a member's name, which hides nothing more than
/// that.
fn steps(path: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let rest = path.strip_prefix('$').unwrap_or(path);
    for piece in rest.split(['.', '[']).filter(|piece| !piece.is_empty()) {
        let piece = piece.strip_suffix(']').unwrap_or(piece);
        let bare = piece.trim_matches(['\'', '"']);
        steps.push(match (piece, piece.parse()) {
            ("*", _) => Step::Each,
            (_, Ok(index)) => Step::Item(index),
            _ => Step::Member(bare.to_owned()),
        });
    }
    steps
}

fn hide(value: &mut Value, path: &[Step]) {
    let Some((step, rest)) = path.split_first() else {
        *value = Value::String(HIDDEN.to_owned());
        return;
    };
    match (step, value) {
        (Step::Member(name), Value::Object(members)) => {
            if let Some(inner) = members.get_mut(name) {
                hide(inner, rest);
            }
        }
        (Step::Item(index), Value::Array(items)) => {
            if let Some(inner) = items.get_mut(*index) {
                hide(inner, rest);
            }
        }
        (Step::Each, Value::Array(items)) => items.iter_mut().for_each(|inner| hide(inner, rest)),
        (Step::Each, Value::Object(members)) => {
            members.values_mut().for_each(|inner| hide(inner, rest));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_path_leads_to_is_hidden_and_nothing_else() {
        let mut told = json!({
            "ResponseBody": {"taxId": "1", "name": "n", "lines": [{"iban": "2", "x": 3}, {"iban": "4"}]}
        });
        for path in [
            "$.ResponseBody.taxId",
            "$.ResponseBody.lines[*].iban",
            "$.ResponseBody.none.deeper",
            "$.RequestBody.taxId",
        ] {
            hide(&mut told, &steps(path));
        }
        assert_eq!(
            told,
            json!({"ResponseBody": {
                "taxId": HIDDEN,
                "name": "n",
                "lines": [{"iban": HIDDEN, "x": 3}, {"iban": HIDDEN}],
            }})
        );
        assert_eq!(
            steps("$['a b'][0][*]"),
            [Step::Member("a b".to_owned()), Step::Item(0), Step::Each]
        );
    }
}
