//! The fields of states in JSONata that JSONPath does not have, or has in another form.

use serde_json::Value;

use super::assign;
use super::object::Object;
use crate::model::machine::{JsonataFlow, Leaving, QueryRule};
use crate::model::state_kind::StateKind;
use rampmeter_expression::jsonata::Template;

/// The data flow of a state. Fields that its type does not have were noted as faults before.
pub(super) fn flow(state: &Object<'_>, kind: StateKind) -> JsonataFlow {
    let has_arguments = matches!(kind, StateKind::Task | StateKind::Parallel);
    JsonataFlow {
        arguments: has_arguments
            .then(|| state.jsonata("Arguments", ""))
            .flatten(),
        leaving: leaving(state, ""),
    }
}

/// `Output` and `Assign`. `place` is where the object stands in its state, such as `Catch[0]/`.
pub(super) fn leaving(object: &Object<'_>, place: &str) -> Leaving {
    Leaving {
        output: object.jsonata("Output", place),
        assign: assign::jsonata_variables(object, place),
    }
}

/// The rules of a Choice state.
pub(super) fn rules(state: &Object<'_>) -> Vec<QueryRule> {
    let listed = state.objects("Choices").unwrap_or_default();
    let rules = listed.iter().enumerate();
    rules
        .filter_map(|(index, rule)| read_rule(rule, &format!("Choices[{index}]/")))
        .collect()
}

fn read_rule(rule: &Object<'_>, place: &str) -> Option<QueryRule> {
    rule.allow(&["Condition", "Next", "Output", "Assign", "Comment"]);
    rule.require(&["Condition", "Next"]);
    let leaving = leaving(rule, place);
    let condition = rule.jsonata("Condition", place)?;
    if !matches!(
        condition,
        Template::Query(_) | Template::Literal(Value::Bool(_))
    ) {
        let message = "Expected value of type Boolean or a JSONata expression".to_owned();
        rule.fault_at("Condition", message);
    }
    Some(QueryRule {
        condition,
        leaving,
        next: rule.text("Next")?.to_owned(),
    })
}
