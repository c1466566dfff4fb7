//! How much work the expressions of one state may do. Counted in values visited and bytes copied, not
//! in time, so that the same execution fails at the same place everywhere.

use std::cell::Cell;

use serde_json::Value;

/// Enough for every state that stays within AWS's data limit by a factor of more than a hundred; far
/// below what would hold up other executions.
const LIMIT: usize = 32 * 1024 * 1024;

/// What is left. Once it is used up it stays so.
#[derive(Debug)]
pub struct Budget(Cell<usize>);

/// The budget is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exhausted;

impl Default for Budget {
    fn default() -> Self {
        Self::new()
    }
}

impl Budget {
    /// What one state may spend.
    #[must_use]
    pub fn new() -> Self {
        Self(Cell::new(LIMIT))
    }

    /// Takes units of work.
    ///
    /// # Errors
    /// When there are not so many left; none are left from then on.
    pub fn spend(&self, units: usize) -> Result<(), Exhausted> {
        let left = self.0.get().checked_sub(units);
        self.0.set(left.unwrap_or(0));
        left.map(|_| ()).ok_or(Exhausted)
    }
}

/// About how many bytes a value takes as text: exact for most, never more than the text has.
#[must_use]
pub fn text_size(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(true) => 4,
        Value::Bool(false) => 5,
        Value::Number(_) => 1,
        Value::String(text) => text.len() + 2,
        Value::Array(items) => {
            items.iter().map(text_size).sum::<usize>() + items.len().saturating_sub(1) + 2
        }
        Value::Object(fields) => {
            let content: usize = fields
                .iter()
                .map(|(name, value)| name.len() + 3 + text_size(value))
                .sum();
            content + fields.len().saturating_sub(1) + 2
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_budget_that_is_used_up_stays_so() {
        let budget = Budget::new();
        assert_eq!(budget.spend(LIMIT), Ok(()));
        assert_eq!(budget.spend(0), Ok(()));
        assert_eq!(budget.spend(1), Err(Exhausted));
        let budget = Budget::new();
        assert_eq!(budget.spend(LIMIT + 1), Err(Exhausted));
        assert_eq!(budget.spend(1), Err(Exhausted));
    }

    #[test]
    fn the_size_of_a_value_is_never_more_than_its_text() {
        for value in [
            json!(null),
            json!([true, false, null, 1, -1.5, "a\"b"]),
            json!({"a": {"b": []}, "c": {}}),
        ] {
            assert!(text_size(&value) <= value.to_string().len(), "{value}");
        }
        assert_eq!(text_size(&json!({"a": ["b", null]})), 16);
    }
}
