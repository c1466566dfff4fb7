//! The rules of a Choice state.

use serde_json::Value;

use super::assign;
use super::object::Object;
use crate::model::choice::{Comparison, Condition, Operand, Pattern, Test, ValueKind};
use crate::model::machine::Rule;
use rampmeter_expression::timestamp;

const COMPOSITES: [&str; 3] = ["And", "Or", "Not"];

const COMPARISONS: [(&str, Comparison); 5] = [
    ("Equals", Comparison::Equals),
    ("LessThan", Comparison::LessThan),
    ("GreaterThan", Comparison::GreaterThan),
    ("LessThanEquals", Comparison::LessThanEquals),
    ("GreaterThanEquals", Comparison::GreaterThanEquals),
];

const KINDS: [(&str, ValueKind); 5] = [
    ("IsNull", ValueKind::Null),
    ("IsBoolean", ValueKind::Boolean),
    ("IsNumeric", ValueKind::Number),
    ("IsString", ValueKind::Text),
    ("IsTimestamp", ValueKind::Time),
];

/// The rules of a state.
pub(super) fn rules(state: &Object<'_>) -> Vec<Rule> {
    state
        .objects("Choices")
        .unwrap_or_default()
        .iter()
        .filter_map(rule)
        .collect()
}

fn rule(object: &Object<'_>) -> Option<Rule> {
    object.require(&["Next"]);
    let condition = condition(object, &["Next", "Assign", "Comment"]);
    Some(Rule {
        condition: condition?,
        assign: assign::variables(object),
        next: object.text("Next")?.to_owned(),
    })
}

/// One condition; `also` are the fields that may stand next to it.
fn condition(object: &Object<'_>, also: &[&str]) -> Option<Condition> {
    let composite = COMPOSITES.iter().find(|name| object.has(name));
    if let Some(&name) = composite {
        object.allow(&[&[name], also].concat());
        let nested = |name: &str| {
            let parts = object.objects(name)?;
            let parts: Vec<_> = parts
                .iter()
                .map(|part| condition(part, &["Comment"]))
                .collect();
            parts.into_iter().collect::<Option<Vec<_>>>()
        };
        return match name {
            "And" => nested(name).map(Condition::And),
            "Or" => nested(name).map(Condition::Or),
            _ => {
                let negated = condition(&object.object(name)?, &["Comment"])?;
                Some(Condition::Not(Box::new(negated)))
            }
        };
    }
    object.require(&["Variable"]);
    let operators: Vec<_> = object
        .names()
        .filter(|name| *name != "Variable" && !also.contains(name))
        .collect();
    let [operator] = operators.as_slice() else {
        object.fault("A choice rule has exactly one operator".to_owned());
        return None;
    };
    let test = test(object, operator);
    Some(Condition::Test {
        variable: object.path("Variable")?,
        test: test?,
    })
}

fn test(object: &Object<'_>, operator: &str) -> Option<Test> {
    if operator == "StringMatches" {
        return object
            .text(operator)
            .map(|text| Test::Matches(Pattern::parse(text)));
    }
    if operator == "IsPresent" {
        return object.boolean(operator).map(Test::IsPresent);
    }
    if let Some(&(_, kind)) = KINDS.iter().find(|entry| entry.0 == operator) {
        return object
            .boolean(operator)
            .map(|wanted| Test::Is(kind, wanted));
    }
    let name = operator.strip_suffix("Path").unwrap_or(operator);
    let has_path = name != operator;
    if name == "BooleanEquals" {
        return operand(object, operator, has_path, Value::as_bool, "Boolean").map(Test::Boolean);
    }
    let found = ["String", "Numeric", "Timestamp"]
        .into_iter()
        .find_map(|kind| {
            let comparison = name.strip_prefix(kind)?;
            let entry = COMPARISONS.iter().find(|entry| entry.0 == comparison)?;
            Some((kind, entry.1))
        });
    let Some((kind, comparison)) = found else {
        object.unsupported(operator);
        return None;
    };
    match kind {
        "String" => {
            let read = |value: &Value| value.as_str().map(str::to_owned);
            operand(object, operator, has_path, read, "String")
                .map(|operand| Test::Text(comparison, operand))
        }
        "Numeric" => {
            let read = |value: &Value| value.as_number().cloned();
            operand(object, operator, has_path, read, "Number")
                .map(|operand| Test::Number(comparison, operand))
        }
        _ => {
            let read = |value: &Value| value.as_str().and_then(timestamp::parse);
            operand(object, operator, has_path, read, "Timestamp")
                .map(|operand| Test::Time(comparison, operand))
        }
    }
}

fn operand<T>(
    object: &Object<'_>,
    operator: &str,
    has_path: bool,
    read: impl Fn(&Value) -> Option<T>,
    expected: &str,
) -> Option<Operand<T>> {
    if has_path {
        return object.path(operator).map(Operand::Path);
    }
    let literal = object.value(operator).and_then(read);
    if literal.is_none() {
        let message = if expected == "Timestamp" {
            "String does not match RFC3339 timestamp".to_owned()
        } else {
            format!("Expected value of type {expected}")
        };
        object.fault_at(operator, message);
    }
    literal.map(Operand::Literal)
}
