//! The fields of states in JSONata that JSONPath does not have, or has in another form.

use super::assign;
use super::grammar::{self, Owner};
use super::object::Object;
use crate::model::machine::{JsonataFlow, Leaving, QueryLanguage, QueryRule};
use crate::model::state_kind::StateKind;

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

/// `Output` and `Assign`. `place` is where the object is in its state, such as `Catch[0]/`.
pub(super) fn leaving(object: &Object<'_>, place: &str) -> Leaving {
    Leaving {
        output: object.jsonata("Output", place),
        assign: assign::jsonata_variables(object, place),
    }
}

/// The rules of a Choice state.
pub(super) fn rules(state: &Object<'_>) -> Vec<QueryRule> {
    let listed = state.objects("Choices");
    let rules = listed.iter().enumerate();
    rules
        .filter_map(|(index, rule)| read_rule(rule, &format!("Choices[{index}]/")))
        .collect()
}

fn read_rule(rule: &Object<'_>, place: &str) -> Option<QueryRule> {
    grammar::check(rule, Owner::Rule, QueryLanguage::Jsonata);
    rule.require(&["Condition", "Next"]);
    let leaving = leaving(rule, place);
    let condition = rule.jsonata("Condition", place)?;
    Some(QueryRule {
        condition,
        leaving,
        next: rule.text("Next")?.to_owned(),
    })
}
