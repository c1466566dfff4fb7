//! The comparison that shows what priorities are worth: the same calls, vendor, limits and gate, but one queue for all
//! priorities, first come, first served.

use crate::world;
use crate::world::figures::Figures;
use crate::world::scenario::{Order, Scenario};

/// The figures of a single queue, by the priority the calls would have had.
pub(crate) fn compare(scenario: &Scenario) -> Figures {
    Figures::of(&world::run(scenario, Order::SingleQueue))
}
