//! A permit that no call used: it is given back as if it had never been given.
//!
//! A host that must take permits before it knows the call (the queue is elsewhere, and may turn out
//! to be empty) returns them here. Its slot is free at once in every limit, also in windows, for
//! the vendor saw nothing; and the lanes it passed were not deferred.

use crate::gate::Gate;
use crate::lane::Waiting;
use crate::limit::WindowRow;
use crate::permit::PermitId;
use crate::priority::Priority;
use crate::time::Time;

impl Gate {
    /// Takes back a permit whose call never left. `admitted` is what [`GateView::admitted`](crate::GateView::admitted) said
    /// just before its start. Returns the rows that changed; one with a count of 0 means nothing any more.
    ///
    /// # Panics
    /// If the permit is not open.
    pub fn give_back(&mut self, id: PermitId, admitted: Waiting, now: Time) -> Vec<WindowRow> {
        self.advance(now);
        let (priority, rows) = self.free(id);
        self.lanes.not_started(priority, admitted, &self.bounds);
        rows
    }

    /// The call of this permit never reached the vendor: its slot is free at once in every limit, also in windows. The lanes
    /// that it passed were deferred all the same. Returns the rows that changed; one with a count of 0 means nothing any
    /// more.
    ///
    /// # Panics
    /// If the permit is not open.
    pub fn not_sent(&mut self, id: PermitId, now: Time) -> Vec<WindowRow> {
        self.advance(now);
        self.free(id).1
    }

    fn free(&mut self, id: PermitId) -> (Priority, Vec<WindowRow>) {
        let started_at = self.permits.started_at(id);
        let started_at = started_at.unwrap_or_else(|| panic!("permit {id} is not open"));
        if let Some(pause) = &mut self.vendor_pause {
            pause.held(id);
        }
        self.trouble.given_back(id);
        let closed = self.permits.close(id);
        let (priority, charges) = (closed.priority, closed.charges);
        self.freed.extend(charges.lines());
        let now = self.now;
        let rows = self
            .limits
            .iter_mut()
            .filter_map(|limit| limit.not_started(priority, &charges, started_at, now));
        (priority, rows.collect())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::{
        CountFrom, Decision, DeferralBound, Gate, Limit, MaxDeferrals, Priority, Reserve, Rules,
        Time, Waiting,
    };

    const NOW: Time = Time::from_millis(1_000);

    fn rules(limits: Vec<Limit>) -> Rules {
        Rules {
            limits,
            max_deferrals: MaxDeferrals::both(DeferralBound::at_most(3).expect("3 is not 0")),
            ..Rules::default()
        }
    }

    #[test]
    fn a_place_in_a_window_that_no_call_used_is_free_at_once() {
        for count_from in [CountFrom::Answer, CountFrom::Send] {
            let minute = Limit::window("minute", 2, Duration::from_secs(60));
            let limits = vec![Limit {
                count_from,
                ..minute
            }];
            let mut gate = Gate::new(rules(limits), NOW);
            let admitted = gate.view(NOW).admitted(Waiting::ALL);
            gate.start(1, Priority::High, Waiting::ALL, NOW);
            gate.start(2, Priority::High, Waiting::ALL, NOW);
            assert_eq!(
                gate.view(NOW).admitted(Waiting::ALL),
                Waiting::NONE,
                "{count_from:?}"
            );
            gate.give_back(2, admitted, NOW);
            assert_eq!(
                gate.decide(Waiting::ALL, NOW),
                Decision::Start(Priority::High)
            );
            gate.start(3, Priority::High, Waiting::ALL, NOW);
            assert!(
                !gate.view(NOW).admitted(Waiting::ALL).any(),
                "one place came back, not two"
            );
        }
    }

    #[test]
    fn a_call_that_never_left_frees_no_place_but_its_own() {
        let second = Duration::from_secs(1);
        let sent = Limit {
            count_from: CountFrom::Send,
            ..Limit::window("second", 1, second)
        };
        let mut gate = Gate::new(rules(vec![sent]), NOW);
        gate.start(1, Priority::High, Waiting::ALL, NOW);
        let later = NOW.saturating_add(second);
        gate.start(2, Priority::High, Waiting::ALL, later);
        assert!(gate.not_sent(1, later).is_empty());
        assert_eq!(gate.view(later).admitted(Waiting::ALL), Waiting::NONE);
    }

    #[test]
    fn a_start_that_was_none_defers_no_lane() {
        let limits = vec![Limit::concurrency("account", 9)];
        let mut gate = Gate::new(rules(limits), NOW);
        let before = gate.memory();
        for id in 0..20 {
            let admitted = gate.view(NOW).admitted(Waiting::ALL);
            let Decision::Start(lane) = gate.decide(Waiting::ALL, NOW) else {
                panic!("there is room");
            };
            assert_eq!(
                lane,
                Priority::High,
                "no lane is ever due by starts that were none"
            );
            gate.start(id, lane, Waiting::ALL, NOW);
            gate.give_back(id, admitted, NOW);
        }
        assert_eq!(gate.deferrals(), [0; 3]);
        assert_eq!(gate.in_flight(), 0);
        assert_ne!(before, gate.memory(), "starts are numbered all the same");
    }

    #[test]
    fn a_lane_that_was_due_and_a_reserve_are_as_they_were() {
        let mut account = Limit::concurrency("account", 3);
        account.reserve = Reserve {
            high: 1,
            ..Reserve::default()
        };
        let mut gate = Gate::new(rules(vec![account]), NOW);
        gate.start(1, Priority::Batch, Waiting::ALL, NOW);
        let admitted = gate.view(NOW).admitted(Waiting::ALL);
        gate.start(2, Priority::High, Waiting::ALL, NOW);
        // HIGH filled its own reserve, so BATCH may have the last slot.
        assert!(gate.view(NOW).admitted(Waiting::ALL).has(Priority::Batch));
        gate.give_back(2, admitted, NOW);
        gate.start(3, Priority::Batch, Waiting::ALL, NOW);
        let left = gate.view(NOW).admitted(Waiting::ALL);
        assert_eq!(
            left,
            Waiting::NONE.with(Priority::High),
            "the reserve is kept again"
        );
    }
}
