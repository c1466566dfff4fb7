//! Variables: what a state may assign, in which scope, and how much of it there may be. The variables of
//! a frame are those of its own scope; a branch or an iteration reads those of the frames above it
//! and cannot assign them.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::Fields;
use crate::advance::failure::Failure;
use crate::execution::scope::outer_variable;
use rampmeter_expression::Payload;

/// AWS's limit on one variable and on all that one state assigns: 256 KiB of JSON text.
const ASSIGN_LIMIT: usize = 262_144;

/// AWS's limit on all variables of an execution: 10 MiB. Counted over one scope and those above it.
const TOTAL_LIMIT: usize = 10 * 1024 * 1024;

impl Fields<'_, '_> {
    /// The variables that a state is about to assign, if it may: none of an outer scope, and within
    /// the limits.
    pub(super) fn assignable(
        &self,
        values: Map<String, Value>,
    ) -> Result<BTreeMap<String, Payload>, Failure> {
        let assigned: BTreeMap<String, Payload> = values
            .into_iter()
            .map(|(name, value)| (name, Payload::from_value(value)))
            .collect();
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
}
