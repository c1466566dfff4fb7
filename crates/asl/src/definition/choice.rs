//! The rules of a Choice state.

use serde_json::Value;

use super::assign;
use super::grammar::{self, Owner};
use super::object::Object;
use crate::model::choice::{Comparison, Condition, Operand, Pattern, Test, ValueKind};
use crate::model::machine::{QueryLanguage, Rule};
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
    state.objects("Choices").iter().filter_map(rule).collect()
}

fn rule(object: &Object<'_>) -> Option<Rule> {
    grammar::check(object, Owner::Rule, QueryLanguage::JsonPath);
    object.require(&["Next"]);
    let condition = condition(object);
    Some(Rule {
        condition: condition?,
        assign: assign::variables(object),
        next: object.text("Next")?.to_owned(),
    })
}

/// One condition. It has one operator, and a variable unless the operator combines other
/// conditions.
fn condition(object: &Object<'_>) -> Option<Condition> {
    // A rule of the other language has already been noted as a fault.
    if object.has("Condition") {
        return None;
    }
    let composite = COMPOSITES.into_iter().find(|name| object.has(name));
    if composite.is_none() {
        object.require(&["Variable"]);
    } else if object.has("Variable") {
        object.unsupported("Variable");
    }
    let operators: Vec<_> = object
        .names()
        .filter(|name| *name != "Variable" && grammar::compares(name))
        .collect();
    let [operator] = operators.as_slice() else {
        // An unknown operator has already been noted as a fault.
        let is_bare = object.names().all(grammar::is_in_rule);
        if is_bare || operators.len() > 1 {
            object.fault("A choice rule has exactly one operator".to_owned());
        }
        return None;
    };
    let inner = |object: &Object<'_>| {
        grammar::check(object, Owner::InnerRule, QueryLanguage::JsonPath);
        condition(object)
    };
    let listed = || {
        let parts: Vec<_> = object.objects(operator).iter().map(inner).collect();
        parts.into_iter().collect::<Option<Vec<_>>>()
    };
    match *operator {
        "And" => listed().map(Condition::And),
        "Or" => listed().map(Condition::Or),
        "Not" => inner(&object.object("Not")?).map(|inner| Condition::Not(Box::new(inner))),
        operator => {
            let test = test(object, operator);
            Some(Condition::Test {
                variable: object.path("Variable")?,
                test: test?,
            })
        }
    }
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
        return operand(object, operator, has_path, Value::as_bool).map(Test::Boolean);
    }
    let found = ["String", "Numeric", "Timestamp"]
        .into_iter()
        .find_map(|kind| {
            let comparison = name.strip_prefix(kind)?;
            let entry = COMPARISONS.iter().find(|entry| entry.0 == comparison)?;
            Some((kind, entry.1))
        });
    let (kind, comparison) = found?;
    match kind {
        "String" => {
            let read = |value: &Value| value.as_str().map(str::to_owned);
            operand(object, operator, has_path, read).map(|operand| Test::Text(comparison, operand))
        }
        "Numeric" => {
            let read = |value: &Value| value.as_number().cloned();
            operand(object, operator, has_path, read)
                .map(|operand| Test::Number(comparison, operand))
        }
        _ => {
            let read = |value: &Value| value.as_str().and_then(timestamp::parse);
            operand(object, operator, has_path, read).map(|operand| Test::Time(comparison, operand))
        }
    }
}

fn operand<T>(
    object: &Object<'_>,
    operator: &str,
    has_path: bool,
    read: impl Fn(&Value) -> Option<T>,
) -> Option<Operand<T>> {
    if has_path {
        return object.path(operator).map(Operand::Path);
    }
    object.value(operator).and_then(read).map(Operand::Literal)
}
