//! A drainer with a successor: it starts nothing more, and leaves its calls in flight to drainers of the later
//! configuration.

use rampmeter_call::Judgement;
use rampmeter_dispatch::{Rules, Time};

use super::{Drainer, Plan, Writing};
use crate::ending::Ending;

impl Drainer {
    /// Whether drainers of a later configuration keep the item, as far as is known.
    pub(super) fn is_succeeded(&self) -> bool {
        let known = self.known.as_ref();
        known.is_some_and(|known| self.terms.generation.yields_to(known.generation))
    }

    /// Leaves calls in flight to drainers of a later configuration, whose limits are not known here: each permit with
    /// the time of its answer, so that they count from there on.
    pub(super) fn hand_over(&mut self, now: Time) -> Plan {
        let known = self.known.as_ref().expect("the item was read");
        let (mut shared, version) = (known.shared.clone(), known.version);
        let (generation, orders) = (known.generation, known.orders.clone());
        if self.pending.is_empty() {
            return Plan::Nothing {
                opens_at: None,
                waits: false,
            };
        }
        shared.now = shared.now.max(now);
        let mut judgements = Vec::new();
        for (id, ending) in &self.pending {
            match ending {
                Ending::Answered | Ending::UsedUp(_) => shared.answered(*id, shared.now),
                Ending::Wrong(_) => {
                    shared.answered(*id, shared.now);
                    judgements.push((*id, Judgement::CALL));
                }
                // The permit stays until the vendor must be done with the call.
                Ending::Lost => {}
                Ending::Unused => shared.unused(*id),
            }
        }
        Plan::Write(Writing {
            // All rows belong to rules other than ours.
            bytes: shared.to_bytes(&Rules::default()),
            version,
            generation,
            orders,
            hands_over: true,
            starts: Vec::new(),
            foreign_throttles: 0,
            judgements,
        })
    }
}
