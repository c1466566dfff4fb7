//! How much work the expressions of one state, and of one advance, may do. Counted in values visited and bytes copied, not
//! in time, so that the same execution fails at the same place everywhere.

use std::cell::Cell;

use serde_json::Value;

/// Enough for every state that stays within AWS's data limit by a factor of more than a hundred; far
/// less than would hold up other executions.
const LIMIT: usize = 32 * 1024 * 1024;

/// How far an evaluation may go before it is abandoned without effect, to be started again where it may go further. Its
/// result does not depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// A few milliseconds: the evaluation holds up everything else meanwhile.
    Brief,
    /// Enough for ordinary work on a state's data.
    Long,
    /// All that a state may do. What reaches a bound then has failed.
    Full,
}

impl Reach {
    /// Units of work that the expressions of one advance may do together.
    fn units(self) -> usize {
        match self {
            Self::Brief => 256 * 1024,
            Self::Long => 64 * 1024 * 1024,
            Self::Full => usize::MAX,
        }
    }
}

/// What the expressions of one advance may do together, and whether that was too little.
#[derive(Debug)]
pub struct Effort {
    reach: Reach,
    left: Cell<usize>,
    exceeded: Cell<bool>,
}

impl Effort {
    /// What a reach allows.
    #[must_use]
    pub fn of(reach: Reach) -> Self {
        Self {
            reach,
            left: Cell::new(reach.units()),
            exceeded: Cell::new(false),
        }
    }

    /// The reach it was made for.
    #[must_use]
    pub fn reach(&self) -> Reach {
        self.reach
    }

    /// Whether more was requested than it allows: then the result of the evaluation is meaningless.
    #[must_use]
    pub fn is_exceeded(&self) -> bool {
        self.exceeded.get()
    }

    /// Units of work done.
    #[must_use]
    pub fn spent(&self) -> usize {
        self.reach.units() - self.left.get()
    }

    /// What the expressions of one state may spend of it.
    #[must_use]
    pub fn budget(&self) -> Budget {
        Budget::within(self.reach, self.left.get())
    }

    /// Adds what a budget has spent.
    pub fn settle(&self, budget: &Budget) {
        let spent = budget.granted - budget.left.get();
        self.left.set(self.left.get().saturating_sub(spent));
        if budget.exceeded.get() {
            self.exceeded.set(true);
        }
    }
}

/// What is left for a state. Once it is used up it stays so.
#[derive(Debug)]
pub struct Budget {
    reach: Reach,
    granted: usize,
    left: Cell<usize>,
    /// More was requested than the reach allows, though perhaps not more than a state may do.
    exceeded: Cell<bool>,
}

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
        Self::within(Reach::Full, LIMIT)
    }

    fn within(reach: Reach, left: usize) -> Self {
        let granted = left.min(LIMIT);
        Self {
            reach,
            granted,
            left: Cell::new(granted),
            exceeded: Cell::new(false),
        }
    }

    /// Takes units of work.
    ///
    /// # Errors If there are not that many left; none are left from then on.
    pub fn spend(&self, units: usize) -> Result<(), Exhausted> {
        let left = self.left.get().checked_sub(units);
        self.left.set(left.unwrap_or(0));
        left.map(|_| ()).ok_or_else(|| self.exceed())
    }

    /// How far one evaluation in JSONata that works on this many bytes may go. Such an evaluation has bounds of its own, so
    /// a state may make any number of them, unless it holds up others.
    ///
    /// # Errors If the reach allows no such evaluation.
    pub(crate) fn evaluation(&self, bytes: usize) -> Result<Reach, Exhausted> {
        if self.reach != Reach::Full {
            self.spend(bytes)?;
        }
        Ok(self.reach)
    }

    /// Notes that an evaluation reached its bounds.
    pub(crate) fn exceed(&self) -> Exhausted {
        if self.reach != Reach::Full {
            self.exceeded.set(true);
        }
        Exhausted
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
    fn the_states_of_an_advance_share_its_allowance() {
        let effort = Effort::of(Reach::Brief);
        for half in [false, true] {
            assert!(!effort.is_exceeded());
            let budget = effort.budget();
            assert_eq!(budget.spend(Reach::Brief.units() / 2), Ok(()));
            assert_eq!(budget.spend(usize::from(half)).is_err(), half);
            effort.settle(&budget);
        }
        assert!(effort.is_exceeded());
        assert_eq!(effort.spent(), Reach::Brief.units());
    }

    #[test]
    fn a_state_that_uses_up_its_own_budget_has_failed_and_asks_for_no_more() {
        let effort = Effort::of(Reach::Full);
        let budget = effort.budget();
        assert_eq!(budget.spend(LIMIT + 1), Err(Exhausted));
        effort.settle(&budget);
        assert!(!effort.is_exceeded());
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
