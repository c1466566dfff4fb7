//! Situations a person would ask about, one each.

use std::num::NonZeroU32;
use std::time::Duration;

use rampmeter_dispatch::{
    CountFrom, Decision, DeferralBound, Gate, Holder, Limit, MaxDeferrals, Position, Priority,
    Refusal, Reserve, Rules, Scope, Throttle, Time, Waiting, WindowRow,
};

pub(crate) const MINUTE: Duration = Duration::from_secs(60);

pub(crate) fn at(seconds: i64) -> Time {
    Time::from_millis(seconds * 1_000)
}

/// What holds the first call of a lane.
fn held_by(gate: &Gate, lane: Priority, waiting: Waiting, now: Time) -> Holder {
    let position = Position::first(lane);
    gate.view(now).explanation(position, waiting, None).held_by
}

fn paused(scope: Scope) -> Holder {
    Holder::Pause {
        scope,
        reason: None,
    }
}

/// A throttle that means everybody.
pub(crate) fn for_all(throttle: Throttle) -> Refusal {
    Refusal {
        throttle,
        call: 0,
        earlier: 0,
        for_all: true,
        overload: false,
    }
}

pub(crate) fn rules(limits: impl Into<Vec<Limit>>) -> Rules {
    Rules {
        limits: limits.into(),
        ..Rules::default()
    }
}

pub(crate) fn gate(limits: impl Into<Vec<Limit>>) -> Gate {
    Gate::new(rules(limits), at(0))
}

pub(crate) fn only(priority: Priority) -> Waiting {
    Waiting::NONE.with(priority)
}

/// Starts calls of one lane until the gate refuses, and says how many.
pub(crate) fn fill(gate: &mut Gate, priority: Priority, now: Time) -> i64 {
    let mut started = 0;
    while gate.decide(only(priority), now) == Decision::Start(priority) {
        started += 1;
        let id = i64::try_from(gate.in_flight()).expect("few calls are open") + 1;
        gate.start(id, priority, only(priority), now);
    }
    started
}

#[test]
fn a_place_in_a_window_is_free_one_length_after_the_answer_and_not_a_microsecond_before() {
    let mut gate = gate([Limit::window("minute", 1, MINUTE)]);
    assert_eq!(fill(&mut gate, Priority::High, at(0)), 1);
    assert_eq!(
        gate.decide(Waiting::ALL, at(500)),
        Decision::NotBefore(None),
        "no answer yet"
    );
    let rows = gate.finish(1, at(500));
    let row = WindowRow {
        limit: "minute".to_owned(),
        slot: 0,
        until: at(560),
        count: 1,
        key: None,
    };
    assert_eq!(rows, [row]);
    assert_eq!(
        gate.decide(Waiting::ALL, Time::from_micros(559_999_999)),
        Decision::NotBefore(Some(at(560)))
    );
    assert_eq!(
        gate.decide(Waiting::ALL, at(560)),
        Decision::Start(Priority::High)
    );
}

#[test]
fn a_window_that_counts_from_the_send_frees_its_place_whatever_becomes_of_the_call() {
    let window = Limit {
        count_from: CountFrom::Send,
        ..Limit::window("minute", 1, MINUTE)
    };
    let mut gate = gate([window]);
    let rows = gate.start(1, Priority::High, only(Priority::High), at(0));
    assert_eq!(rows[0].until, at(60));
    gate.hold(1, at(1_000));
    assert_eq!(
        gate.decide(Waiting::ALL, at(59)),
        Decision::NotBefore(Some(at(60)))
    );
    assert_eq!(
        gate.decide(Waiting::ALL, at(60)),
        Decision::Start(Priority::High)
    );
    assert!(gate.finish(1, at(61)).is_empty());
}

#[test]
fn a_lost_call_keeps_its_slot_until_its_hold_ends_and_its_window_place_one_length_longer() {
    let mut gate = gate([
        Limit::concurrency("account", 1),
        Limit::window("minute", 1, MINUTE),
    ]);
    fill(&mut gate, Priority::Batch, at(0));
    gate.hold(1, at(900));
    assert_eq!(gate.held(), 1);
    assert_eq!(gate.view(at(5)).next_change(), Some(at(900)));
    assert!(gate.release_holds(at(899)).is_empty());
    let released = gate.release_holds(at(910));
    assert_eq!((released[0].id, released[0].rows[0].until), (1, at(960)));
    assert_eq!(gate.in_flight(), 0);
    assert_eq!(
        gate.decide(Waiting::ALL, at(910)),
        Decision::NotBefore(Some(at(960)))
    );
}

#[test]
fn a_hold_that_ends_in_the_past_ends_now() {
    let mut gate = gate([Limit::window("minute", 1, MINUTE)]);
    fill(&mut gate, Priority::Batch, at(100));
    gate.hold(1, at(10));
    let released = gate.release_holds(at(100));
    assert_eq!(released[0].rows[0].until, at(160));
}

#[test]
fn the_end_of_a_hold_is_a_change_though_no_limit_refuses_anybody() {
    let mut gate = gate([Limit::concurrency("account", 9)]);
    gate.start(1, Priority::High, Waiting::ALL, at(0));
    gate.hold(1, at(900));
    assert_eq!(gate.view(at(1)).next_change(), Some(at(900)));
}

#[test]
fn an_answer_that_comes_during_the_hold_ends_it() {
    let mut gate = gate([Limit::concurrency("account", 1)]);
    fill(&mut gate, Priority::Batch, at(0));
    gate.hold(1, at(900));
    gate.finish(1, at(10));
    assert_eq!((gate.held(), gate.view(at(10)).next_change()), (0, None));
    assert!(gate.release_holds(at(2_000)).is_empty());
}

#[test]
fn reserved_slots_are_left_to_the_priorities_they_are_kept_for() {
    let reserve = Reserve {
        high: 2,
        medium: 3,
        batch: 0,
    };
    let limit = Limit {
        reserve,
        ..Limit::concurrency("account", 12)
    };
    let mut gate = gate([limit]);
    assert_eq!(fill(&mut gate, Priority::Batch, at(0)), 7);
    assert_eq!(
        held_by(&gate, Priority::Batch, Waiting::NONE, at(0)),
        Holder::Reserve {
            limit: "account".to_owned(),
            used: 7,
            max: 12,
            kept: 5,
        }
    );
    assert_eq!(fill(&mut gate, Priority::Medium, at(0)), 3);
    assert_eq!(fill(&mut gate, Priority::High, at(0)), 2);
}

#[test]
fn a_reserve_in_a_window_remembers_across_a_restart_who_took_which_place() {
    let reserve = Reserve {
        high: 1,
        ..Reserve::default()
    };
    let limit = || Limit {
        reserve,
        ..Limit::window("minute", 3, MINUTE)
    };
    let mut gate = gate([limit()]);
    fill(&mut gate, Priority::High, at(0));
    let rows: Vec<WindowRow> = (1..=3)
        .flat_map(|id| gate.finish(id, at(id)))
        .take(1)
        .collect();
    let mut gate = Gate::restore(rules([limit()]), Vec::new(), rows, at(4));
    assert_eq!(
        fill(&mut gate, Priority::Batch, at(4)),
        2,
        "HIGH has used its reserve"
    );
}

#[test]
fn a_call_starts_in_all_limits_or_in_none() {
    let mut gate = gate([
        Limit::concurrency("wide", 9),
        Limit::window("narrow", 2, MINUTE),
    ]);
    assert_eq!(fill(&mut gate, Priority::High, at(0)), 2);
    assert_eq!(
        gate.view(at(0))
            .usage()
            .iter()
            .map(|limit| limit.used)
            .collect::<Vec<_>>(),
        [2, 2]
    );
}

#[test]
fn a_target_without_limits_starts_everything_by_priority() {
    let mut gate = gate([]);
    assert_eq!(
        gate.decide(Waiting::ALL, at(0)),
        Decision::Start(Priority::High)
    );
    assert_eq!(gate.decide(Waiting::NONE, at(0)), Decision::Idle);
    assert_eq!(gate.view(at(0)).next_change(), None);
}

#[test]
fn a_clock_that_goes_back_stands_still() {
    let mut gate = gate([Limit::window("minute", 1, MINUTE)]);
    fill(&mut gate, Priority::High, at(100));
    let rows = gate.finish(1, at(20));
    assert_eq!(rows[0].until, at(160));
    assert_eq!(
        gate.decide(Waiting::ALL, at(-5)),
        Decision::NotBefore(Some(at(160)))
    );
}

#[test]
fn a_lower_lane_that_is_due_is_named_to_the_higher_one_it_holds() {
    let bound = DeferralBound::AtMost(NonZeroU32::MIN);
    let max_deferrals = MaxDeferrals::both(bound);
    let mut gate = Gate::new(
        Rules {
            limits: Vec::new(),
            max_deferrals,
            ..Rules::default()
        },
        at(0),
    );
    let both = only(Priority::High).with(Priority::Batch);
    assert_eq!(
        held_by(&gate, Priority::Batch, both, at(0)),
        Holder::Lane(Priority::High)
    );
    gate.start(1, Priority::High, both, at(0));
    assert_eq!(
        held_by(&gate, Priority::High, both, at(0)),
        Holder::Lane(Priority::Batch)
    );
    assert_eq!(
        held_by(&gate, Priority::Batch, both, at(0)),
        Holder::Nothing
    );
    assert_eq!(gate.deferrals(), [0, 0, 1]);
}

#[test]
fn a_concurrency_throttle_lowers_the_ceiling_which_comes_back() {
    let mut gate = gate([Limit::concurrency("account", 3)]);
    fill(&mut gate, Priority::High, at(0));
    let report =
        gate.feedback(at(1))
            .throttled(1, for_all(Throttle::Concurrency { retry_after: None }), 0);
    assert_eq!(
        (report.learned_ceiling, report.closed_until),
        (Some(2), None)
    );
    assert!(!report.under_our_limit, "all three slots were in use");
    gate.finish(1, at(1));
    assert_eq!(
        gate.decide(Waiting::ALL, at(1)),
        Decision::NotBefore(Some(at(31)))
    );
    assert_eq!(
        gate.decide(Waiting::ALL, at(31)),
        Decision::Start(Priority::High)
    );
    assert_eq!(gate.view(at(31)).learned_ceiling(), None);
    gate.start(4, Priority::High, Waiting::ALL, at(31));
    assert_eq!(
        gate.decide(Waiting::ALL, at(31)),
        Decision::NotBefore(None),
        "the ceiling is the configured one again and rises no more"
    );
}

#[test]
fn the_refusals_of_one_burst_lower_the_ceiling_once() {
    let mut gate = gate([Limit::concurrency("account", 12)]);
    assert_eq!(fill(&mut gate, Priority::High, at(0)), 12);
    for id in 1..=12 {
        let now = Time::from_millis(1_000 + id);
        let report = gate.feedback(now).throttled(
            id,
            for_all(Throttle::Concurrency { retry_after: None }),
            0,
        );
        assert_eq!(
            (report.learned_ceiling, report.closed_until),
            (Some(11), None),
            "refusal {id}"
        );
        gate.finish(id, now);
        // The next calls leave while those of the burst are still being refused.
        if id > 1 {
            gate.start(id + 100, Priority::High, Waiting::ALL, now);
        }
    }
    let report = gate.feedback(at(3)).throttled(
        102,
        for_all(Throttle::Concurrency { retry_after: None }),
        0,
    );
    assert_eq!(report.learned_ceiling, Some(10), "it left after the burst");
}

#[test]
fn a_slow_call_does_not_keep_the_ceiling_from_falling() {
    let mut gate = gate([Limit::concurrency("account", 12)]);
    for id in [1, 2] {
        gate.start(id, Priority::High, Waiting::ALL, at(0));
    }
    gate.feedback(at(1))
        .throttled(1, for_all(Throttle::Concurrency { retry_after: None }), 0);
    gate.finish(1, at(1));
    gate.start(3, Priority::High, Waiting::ALL, at(2));
    let report =
        gate.feedback(at(3))
            .throttled(3, for_all(Throttle::Concurrency { retry_after: None }), 0);
    assert_eq!(report.learned_ceiling, Some(10), "call 2 is still out");
}

#[test]
fn a_concurrency_throttle_of_the_only_call_closes_the_target_for_longer_each_time() {
    let mut gate = gate([Limit::concurrency("account", 2)]);
    assert_eq!(fill(&mut gate, Priority::High, at(0)), 2);
    for id in [1, 2] {
        let report = gate.feedback(at(1)).throttled(
            id,
            for_all(Throttle::Concurrency { retry_after: None }),
            0,
        );
        assert_eq!(
            (report.learned_ceiling, report.closed_until),
            (Some(1), None)
        );
        gate.finish(id, at(1));
    }
    let mut now = at(1);
    // Half a second, then twice as long each time: the shortest pauses that jitter allows.
    for (id, pause) in [(3, 500), (4, 1_000), (5, 2_000), (6, 4_000)] {
        gate.start(id, Priority::High, Waiting::ALL, now);
        let reopens = now.saturating_add(Duration::from_millis(pause));
        let report = gate.feedback(now).throttled(
            id,
            for_all(Throttle::Concurrency { retry_after: None }),
            0,
        );
        assert_eq!(
            (report.learned_ceiling, report.closed_until),
            (Some(1), Some(reopens))
        );
        gate.finish(id, now);
        assert_eq!(
            gate.decide(Waiting::ALL, now),
            Decision::NotBefore(Some(reopens))
        );
        now = reopens;
    }
}

#[test]
fn a_throttle_while_there_is_room_is_reported_as_somebody_elses() {
    let mut gate = gate([
        Limit::concurrency("account", 3),
        Limit::window("minute", 2, MINUTE),
    ]);
    gate.start(1, Priority::High, Waiting::ALL, at(0));
    assert!(
        gate.feedback(at(1))
            .throttled(1, for_all(Throttle::Concurrency { retry_after: None }), 0)
            .under_our_limit
    );
    assert!(
        gate.feedback(at(1))
            .throttled(1, for_all(Throttle::Window { retry_after: None }), 0)
            .under_our_limit
    );
    gate.feedback(at(1)).forget_throttles();
    gate.start(2, Priority::High, Waiting::ALL, at(1));
    assert!(
        !gate
            .feedback(at(1))
            .throttled(1, for_all(Throttle::Window { retry_after: None }), 0)
            .under_our_limit
    );
}

#[test]
fn a_concurrency_throttle_without_a_limit_to_lower_closes_the_target_for_a_while() {
    let mut gate = gate([Limit::window("minute", 600, MINUTE)]);
    let report =
        gate.feedback(at(0))
            .throttled(1, for_all(Throttle::Concurrency { retry_after: None }), 0);
    assert_eq!(
        (report.learned_ceiling, report.closed_until),
        (None, Some(Time::from_millis(500)))
    );
}

#[test]
fn a_closed_target_starts_nothing_before_the_stated_time_and_then_one_call() {
    let mut gate = gate([Limit::concurrency("account", 9)]);
    let retry_after = Some(Duration::from_secs(30));
    let report = gate
        .feedback(at(0))
        .throttled(1, for_all(Throttle::Window { retry_after }), 7);
    assert_eq!(report.closed_until, Some(at(30)));
    assert_eq!(
        held_by(&gate, Priority::High, Waiting::NONE, at(1)),
        Holder::VendorPause
    );
    assert_eq!(
        gate.decide(Waiting::ALL, at(1)),
        Decision::NotBefore(Some(at(30)))
    );
    assert_eq!(fill(&mut gate, Priority::High, at(30)), 1);
    assert_eq!(
        held_by(&gate, Priority::High, Waiting::NONE, at(30)),
        Holder::Ramp { width: 1 }
    );
    gate.finish(1, at(31));
    assert_eq!(fill(&mut gate, Priority::High, at(31)), 2);
}

#[test]
fn a_pause_holds_one_lane_or_all_and_each_is_resumed_apart() {
    let mut gate = gate([]);
    gate.pause(Scope::Lane(Priority::High));
    assert_eq!(
        gate.decide(Waiting::ALL, at(0)),
        Decision::Start(Priority::Medium)
    );
    gate.pause(Scope::Target);
    assert_eq!(gate.decide(Waiting::ALL, at(0)), Decision::NotBefore(None));
    assert_eq!(
        held_by(&gate, Priority::Batch, Waiting::NONE, at(0)),
        paused(Scope::Target)
    );
    gate.resume(Scope::Target);
    assert_eq!(
        held_by(&gate, Priority::High, Waiting::NONE, at(0)),
        paused(Scope::Lane(Priority::High))
    );
}

#[test]
fn time_is_contended_only_while_a_slot_is_all_that_is_missing() {
    let mut gate = gate([
        Limit::concurrency("account", 1),
        Limit::window("minute", 2, MINUTE),
    ]);
    assert!(
        !gate.view(at(0)).contended(Waiting::ALL),
        "a call may start"
    );
    fill(&mut gate, Priority::High, at(0));
    assert!(gate.view(at(0)).contended(Waiting::ALL));
    assert!(!gate.view(at(0)).contended(Waiting::NONE), "nothing waits");
    gate.finish(1, at(1));
    gate.start(2, Priority::High, Waiting::ALL, at(1));
    assert!(
        !gate.view(at(1)).contended(Waiting::ALL),
        "the window is full too"
    );
}

#[test]
#[should_panic(expected = "a BATCH call starts that the gate does not admit")]
fn a_start_that_the_gate_did_not_offer_is_our_own_mistake() {
    let mut gate = gate([Limit::concurrency("account", 1)]);
    gate.start(1, Priority::Batch, Waiting::ALL, at(0));
    gate.start(2, Priority::Batch, Waiting::ALL, at(0));
}

#[test]
#[should_panic(expected = "permit 1 is closed but is not open")]
fn a_second_answer_to_one_permit_is_our_own_mistake() {
    let mut gate = gate([]);
    gate.start(1, Priority::Batch, Waiting::ALL, at(0));
    gate.finish(1, at(0));
    gate.finish(1, at(0));
}

#[test]
#[should_panic(
    expected = "the rules of a gate are checked before it is made: limit `account` admits nothing"
)]
fn a_gate_of_rules_that_were_not_checked_is_our_own_mistake() {
    gate([Limit::concurrency("account", 0)]);
}
