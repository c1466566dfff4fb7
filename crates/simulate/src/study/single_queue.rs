//! The comparison people need for their boss: the same calls, the same vendor, the same limits and the same gate,
//! but one queue for all priorities, first come, first served.

use crate::world;
use crate::world::figures::Figures;
use crate::world::scenario::{Order, Scenario};

/// The figures of a single queue, by the priority the calls would have had.
pub(crate) fn compare(scenario: &Scenario) -> Figures {
    Figures::of(&world::run(scenario, Order::SingleQueue))
}
