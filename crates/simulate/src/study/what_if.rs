//! What if the limit that binds were a little lower or higher?

use rampmeter_dispatch::LimitKind;

use crate::world;
use crate::world::figures::Figures;
use crate::world::result::Run;
use crate::world::scenario::{Order, Scenario, set_max};

/// Runs that differ in one limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WhatIf {
    /// The limit.
    pub(crate) limit: String,
    /// Whether it counts calls in flight.
    pub(crate) counts_slots: bool,
    /// From the lowest maximum to the highest; the configured one is among them.
    pub(crate) rows: Vec<Row>,
}

/// A run with one maximum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Row {
    /// The maximum.
    pub(crate) max: u64,
    /// Whether it is the configured one.
    pub(crate) current: bool,
    /// The resulting figures.
    pub(crate) figures: Figures,
}

/// Simulates the limit that binds at five sixths and at five quarters of its maximum; where none binds, the tightest
/// on calls in flight. `None` without a limit to change.
pub(crate) fn vary(scenario: &Scenario, run: &Run, figures: &Figures) -> Option<WhatIf> {
    let limits = &scenario.handling.rules.limits;
    let slots = limits
        .iter()
        .filter(|limit| matches!(limit.kind, LimitKind::Concurrency { .. }))
        .min_by_key(|limit| limit.max());
    let binding = run
        .binding()
        .and_then(|(name, _)| limits.iter().find(|limit| limit.name == name));
    let limit = binding.or(slots)?;
    let max = limit.max();
    let row = |max| {
        let figures = simulate(scenario, &limit.name, max)?;
        let current = false;
        Some(Row {
            max,
            current,
            figures,
        })
    };
    let current = Row {
        max,
        current: true,
        figures: *figures,
    };
    let rows = [row(lower(max)), Some(current), row(higher(max))];
    Some(WhatIf {
        limit: limit.name.clone(),
        counts_slots: matches!(limit.kind, LimitKind::Concurrency { .. }),
        rows: rows.into_iter().flatten().collect(),
    })
}

/// `None` where the rules would make no sense: a maximum of 0, or below what is reserved.
fn simulate(scenario: &Scenario, limit: &str, max: u64) -> Option<Figures> {
    let mut other = scenario.clone();
    let rules = &mut other.handling.rules;
    let limit = rules.limits.iter_mut().find(|one| one.name == limit)?;
    set_max(limit, max).ok()?;
    rules.validate().ok()?;
    Some(Figures::of(&world::run(&other, Order::ByPriority)))
}

fn lower(max: u64) -> u64 {
    (max * 5 / 6).min(max.saturating_sub(1))
}

fn higher(max: u64) -> u64 {
    (max * 5 / 4).max(max + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_neighbours_of_a_limit_are_always_other_numbers() {
        assert_eq!((lower(12), higher(12)), (10, 15));
        assert_eq!((lower(1), higher(1)), (0, 2));
        assert_eq!((lower(2), higher(2)), (1, 3));
        assert_eq!((lower(600), higher(600)), (500, 750));
    }
}
