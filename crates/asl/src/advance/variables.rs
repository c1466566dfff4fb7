//! Variables: what a state assigns, in which scope, and how much of it there may be. The variables of
//! a frame are those of its own scope; a branch or an iteration reads those of the frames above it
//! and cannot assign them.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Run;
use super::failure::Failure;
use crate::execution::scope::outer_variable;
use crate::model::machine::State;
use rampmeter_expression::Payload;
use rampmeter_expression::Template;

/// AWS's limit on one variable and on all that one state assigns: 256 KiB of JSON text.
const ASSIGN_LIMIT: usize = 262_144;

/// AWS's limit on all variables of an execution: 10 MiB. Counted over one scope and those above it.
const TOTAL_LIMIT: usize = 10 * 1024 * 1024;

impl Run<'_, '_> {
    /// The variables that an `Assign` in JSONPath gives.
    pub(super) fn assign(
        &mut self,
        state: &State,
        assign: Option<&Template>,
        document: &Payload,
    ) -> Result<BTreeMap<String, Payload>, Failure> {
        let Some(template) = assign else {
            return Ok(BTreeMap::new());
        };
        let value = self
            .within(state, document, |scope| template.evaluate(scope))
            .map_err(|error| self.expression_failure(&error))?;
        let Value::Object(values) = value else {
            unreachable!("the definition was checked: Assign is an object")
        };
        let assigned = values
            .into_iter()
            .map(|(name, value)| (name, Payload::from_value(value)))
            .collect();
        self.allowed(assigned)
    }

    /// The variables that a state is about to assign, if it may: none of an outer scope, and within
    /// the limits.
    pub(super) fn allowed(
        &self,
        assigned: BTreeMap<String, Payload>,
    ) -> Result<BTreeMap<String, Payload>, Failure> {
        let mut size = 0;
        for (name, payload) in &assigned {
            self.measure(&self.frame.state, payload)?;
            size += payload.len();
            if outer_variable(self.frame, self.context, name).is_some() {
                return Err(self.runtime(&format!(
                    "The variable '{name}' belongs to an outer scope and cannot be assigned here"
                )));
            }
        }
        let kept: usize = self
            .frame
            .variables
            .iter()
            .filter(|(name, _)| !assigned.contains_key(*name))
            .map(|(_, payload)| payload.len())
            .sum();
        if size > ASSIGN_LIMIT || kept + size > TOTAL_LIMIT {
            return Err(Failure::too_much_data(&self.frame.state));
        }
        Ok(assigned)
    }

    /// Gives variables their new values, for all states that come after this one.
    pub(super) fn keep(&mut self, assigned: BTreeMap<String, Payload>) {
        self.frame.variables.extend(assigned);
    }
}
