//! Processes of two sets of rules at once, as there are while a new configuration is rolled out: what one counts the
//! other keeps, and what the earlier ones have in flight is handed over to their successors.
//!
//! The host decides who succeeds whom. A process that is succeeded starts nothing more and knows nothing about its
//! successor's limits. So it does not settle its calls in its own limits, but leaves the permits to be released, each
//! at the moment of its answer, in whatever limits exist then.

use std::collections::BTreeSet;

use super::Shared;
use crate::permit::PermitId;
use crate::rules::Rules;
use crate::time::Time;

impl Shared {
    /// Keeps the rows of the previous state that belong to limits which these rules do not have: the next process may
    /// have them again.
    pub fn keep_unknown(&mut self, before: &Shared, rules: &Rules) {
        let unknown = before.names_unknown_to(rules);
        let rows = before.windows.iter().filter(|row| {
            unknown.contains(row.limit.as_str()) && row.until > self.now && row.count > 0
        });
        self.windows.extend(rows.cloned());
    }

    /// The call of this permit was answered at this moment, as the one who made it says: whoever decides next releases it,
    /// in all limits that exist.
    pub fn answered(&mut self, id: PermitId, at: Time) {
        for permit in self.permits.iter_mut().filter(|permit| permit.id == id) {
            permit.held_until = permit.held_until.min(at.max(permit.started_at));
        }
    }

    /// The call of this permit never left.
    pub fn unused(&mut self, id: PermitId) {
        self.permits.retain(|permit| permit.id != id);
    }

    /// Names of windows that have rows here and no limit in these rules.
    pub(super) fn names_unknown_to(&self, rules: &Rules) -> BTreeSet<&str> {
        let names = self.windows.iter().map(|row| row.limit.as_str());
        names
            .filter(|name| rules.limits.iter().all(|limit| limit.name != *name))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::lane::Waiting;
    use crate::rules::Limit;
    use crate::{Decision, Priority};

    const BEGIN: Time = Time::from_millis(1_795_000_000_000);
    const UNHELD: Duration = Duration::from_secs(60);

    fn rules(name: &str, calls: u64) -> Rules {
        let window = Limit::window(name, calls, Duration::from_secs(10));
        Rules {
            limits: vec![window, Limit::concurrency("account", 4)],
            ..Rules::default()
        }
        .shared()
    }

    fn seconds(seconds: u64) -> Time {
        BEGIN.saturating_add(Duration::from_secs(seconds))
    }

    /// One call after another, as far as these rules let them; then what is written, read back.
    fn call_all(state: &Shared, rules: &Rules, now: Time, first: PermitId) -> (Shared, usize) {
        let mut gate = state.gate(rules, now);
        gate.release_holds(now);
        let mut started = 0;
        while gate.decide(Waiting::ALL, now) == Decision::Start(Priority::High) {
            let id = first + i64::try_from(started).expect("few");
            gate.start(id, Priority::High, Waiting::ALL, now);
            gate.finish(id, now);
            started += 1;
        }
        let mut next = Shared::of(&gate, UNHELD, [now; 3], now);
        next.keep_unknown(state, rules);
        let bytes = next.to_bytes(rules);
        (Shared::from_bytes(&bytes).expect("ours"), started)
    }

    #[test]
    fn windows_of_other_rules_are_kept_by_every_write_until_they_have_run_out() {
        let (one, other) = (rules("one", 5), rules("other", 3));
        let start = Shared {
            now: BEGIN,
            ..Shared::default()
        };
        let (state, started) = call_all(&start, &one, BEGIN, 1);
        assert_eq!(started, 5);
        let (state, started) = call_all(&state, &other, seconds(2), 10);
        assert_eq!(started, 3);
        // The first rules again, as after a deployment that was rolled back: their window is full still.
        let (state, started) = call_all(&state, &one, seconds(4), 20);
        assert_eq!(started, 0);
        let (state, _) = call_all(&state, &other, seconds(11), 30);
        assert_eq!(state.names_unknown_to(&other), BTreeSet::new());
        assert_eq!(call_all(&state, &one, seconds(12), 40).1, 5);
    }

    #[test]
    fn a_call_that_is_handed_over_takes_a_place_in_its_successors_window_from_its_answer_on() {
        let (one, other) = (rules("one", 5), rules("other", 1));
        let mut gate = Shared {
            now: BEGIN,
            ..Shared::default()
        }
        .gate(&one, BEGIN);
        for id in [1, 2] {
            assert_eq!(
                gate.decide(Waiting::ALL, BEGIN),
                Decision::Start(Priority::High)
            );
            gate.start(id, Priority::High, Waiting::ALL, BEGIN);
        }
        let mut state = Shared::of(&gate, UNHELD, [BEGIN; 3], BEGIN);
        state.unused(2);
        state.answered(1, seconds(3));
        let state = Shared::from_bytes(&state.to_bytes(&Rules::default())).expect("ours");
        assert_eq!(state.permits.len(), 1);
        // Ten seconds and the margin of the clocks after the answer, and no sooner.
        assert_eq!(call_all(&state, &other, seconds(13), 10).1, 0);
        assert_eq!(call_all(&state, &other, seconds(14), 10).1, 1);
    }
}
