//! Whose trouble it is, one situation each: the account's, which no call pays for, or a call's, which the account does not
//! pay for.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use rampmeter_dispatch::{
    CallId, Decision, Gate, Holder, Limit, MAX_PROBE_PAUSE, PermitId, Position, Priority,
    RAMP_ENDS_AT, Refusal, Throttle, Time, Trouble, Troubled, Waiting, Whose,
};

use crate::scenarios::{MINUTE, at, gate, only, rules};

const HIGH: Waiting = Waiting::NONE.with(Priority::High);

fn start(gate: &mut Gate, id: PermitId, now: Time) {
    assert_eq!(
        gate.decide(HIGH, now),
        Decision::Start(Priority::High),
        "{id}"
    );
    gate.start(id, Priority::High, HIGH, now);
}

/// The vendor refuses a call that asks it to wait for so long.
fn throttle(gate: &mut Gate, id: PermitId, seconds: u64, now: Time) -> Whose {
    let refusal = Refusal {
        throttle: Throttle::Window {
            retry_after: Some(Duration::from_secs(seconds)),
        },
        call: id,
        earlier: 0,
        for_all: false,
        overload: false,
    };
    let scope = gate.feedback(now).throttled(id, refusal, 0).whose;
    gate.finish(id, now);
    scope
}

fn unreachable(gate: &mut Gate, id: PermitId, call: CallId, now: Time) {
    let outcome = Troubled {
        call,
        kind: Trouble::Unreachable,
        reached: false,
    };
    gate.feedback(now).troubled(id, outcome, 7);
    assert!(gate.not_sent(id, now).iter().all(|row| row.count == 0));
}

/// A gate whose vendor went away under three calls.
fn shut() -> Gate {
    let mut gate = gate([
        Limit::concurrency("account", 10),
        Limit::window("minute", 600, MINUTE),
    ]);
    (1..=3).for_each(|id| start(&mut gate, id, at(0)));
    (1..=3).for_each(|id| unreachable(&mut gate, id, id, at(0)));
    gate
}

#[test]
fn an_outage_of_an_hour_burns_no_place_and_ends_with_a_ramp() {
    let mut gate = shut();
    let mut now = at(0);
    let mut probes = 0;
    let mut longest = Duration::ZERO;
    while now < at(3_600) {
        match gate.decide(HIGH, now) {
            Decision::Start(lane) => {
                probes += 1;
                let id = 100 + probes;
                gate.start(id, lane, HIGH, now);
                assert_eq!(gate.decide(HIGH, now), Decision::NotBefore(None));
                unreachable(
                    &mut gate,
                    id,
                    9,
                    now.saturating_add(Duration::from_millis(3)),
                );
            }
            Decision::NotBefore(Some(next)) => {
                longest = longest.max(next.saturating_since(now));
                now = next;
            }
            other => panic!("{other:?}"),
        }
    }
    assert!((60..150).contains(&probes), "{probes} probes");
    assert!(longest <= MAX_PROBE_PAUSE && longest >= MAX_PROBE_PAUSE / 2);
    assert!(gate.view(now).usage().iter().all(|limit| limit.used == 0));
    // The vendor is back.
    start(&mut gate, 1_000, now);
    gate.finish(1_000, now);
    assert_eq!(gate.trouble(), None);
    let mut out = VecDeque::new();
    let mut widths = Vec::new();
    for id in 1_001..1_200 {
        while gate.decide(HIGH, now) != Decision::Start(Priority::High) {
            widths.push(out.len());
            let answered = out.pop_front().expect("one is out");
            gate.finish(answered, now);
        }
        gate.start(id, Priority::High, HIGH, now);
        out.push_back(id);
    }
    assert_eq!(widths[..3], [1, 2, 3]);
    assert!(
        widths
            .iter()
            .all(|width| *width <= 10 && 10 < RAMP_ENDS_AT as usize)
    );
}

#[test]
fn what_a_shut_target_tells_names_the_trouble_and_the_next_probe() {
    let gate = shut();
    let told = gate
        .view(at(0))
        .explanation(Position::first(Priority::High), HIGH, None);
    let held_by = Holder::Trouble {
        kind: Trouble::Unreachable,
        probes: 0,
    };
    assert_eq!(told.held_by, held_by);
    assert_eq!(told.since, Some(at(0)));
    let words = told.words(at(0));
    assert_eq!(
        words,
        "the vendor, which cannot be reached; the next probe leaves in 0.5 s"
    );
}

#[test]
fn a_shut_target_stays_shut_over_a_restart_and_another_probe_goes_out() {
    let mut before = shut();
    let next = before.trouble().and_then(|trouble| trouble.next_probe);
    let next = next.expect("no probe is out");
    start(&mut before, 9, next);
    let memory = before.memory();
    let limits = [Limit::concurrency("account", 10)];
    let mut after = Gate::restore(rules(limits), Vec::new(), Vec::new(), next);
    after.recall(memory);
    let Decision::NotBefore(Some(probe)) = after.decide(HIGH, next) else {
        panic!("it is shut");
    };
    assert!(probe > next);
    start(&mut after, 10, probe);
    after.finish(10, probe);
    assert_eq!(after.trouble(), None);
}

#[test]
fn a_probe_without_an_answer_is_followed_by_another() {
    let mut gate = shut();
    start(&mut gate, 9, at(60));
    gate.hold(9, at(900));
    let Decision::NotBefore(Some(next)) = gate.decide(HIGH, at(60)) else {
        panic!("a probe without an answer is no good answer");
    };
    assert!(next > at(60) && next <= at(61), "{next:?}");
    start(&mut gate, 10, next);
}

#[test]
fn a_call_that_is_refused_while_others_succeed_is_set_back_alone() {
    let mut gate = gate([Limit::concurrency("account", 2)]);
    let mut done = 0;
    let mut throttles = 0;
    // One call of ten is always refused, for a day; it comes back each second.
    let mut waiting: VecDeque<CallId> = (1..=10).collect();
    let mut back: BTreeMap<CallId, Time> = BTreeMap::new();
    let mut permit = 0;
    for second in 0..60 {
        let now = at(second);
        back.retain(|call, due| {
            let is_due = *due <= now;
            if is_due {
                waiting.push_back(*call);
            }
            !is_due
        });
        while gate.decide(HIGH, now) == Decision::Start(Priority::High) {
            let Some(call) = waiting.pop_front() else {
                break;
            };
            permit += 1;
            gate.start(permit, Priority::High, HIGH, now);
            if call != 5 {
                gate.finish(permit, now);
                done += 1;
                continue;
            }
            let refusal = Refusal {
                throttle: Throttle::Window {
                    retry_after: Some(Duration::from_secs(86_400)),
                },
                call,
                earlier: throttles,
                for_all: false,
                overload: false,
            };
            let report = gate.feedback(now).throttled(permit, refusal, 0);
            gate.finish(permit, now);
            assert_eq!(report.whose, Whose::Call);
            assert!(report.under_our_limit && report.closed_until.is_none());
            throttles += 1;
            back.insert(call, at(second + 1));
        }
    }
    assert_eq!(done, 9, "every good call is done");
    assert!(throttles > 20);
}

#[test]
fn two_different_calls_throttled_in_a_row_shut_the_target() {
    let mut gate = gate([Limit::concurrency("account", 9)]);
    (1..=3).for_each(|id| start(&mut gate, id, at(0)));
    gate.finish(1, at(1));
    assert_eq!(throttle(&mut gate, 2, 30, at(1)), Whose::Call);
    assert_eq!(throttle(&mut gate, 3, 30, at(1)), Whose::Account);
    assert_eq!(gate.decide(HIGH, at(1)), Decision::NotBefore(Some(at(31))));
}

#[test]
fn a_pause_that_one_call_brought_ends_when_the_vendor_answers_another() {
    let mut gate = gate([Limit::concurrency("account", 9)]);
    (1..=3).for_each(|id| start(&mut gate, id, at(id)));
    assert_eq!(throttle(&mut gate, 2, 86_400, at(3)), Whose::Account);
    gate.finish(1, at(3));
    assert!(
        matches!(gate.decide(HIGH, at(3)), Decision::NotBefore(Some(_))),
        "the first call left before the refused one"
    );
    gate.finish(3, at(4));
    start(&mut gate, 4, at(4));
    assert_eq!(
        gate.decide(HIGH, at(4)),
        Decision::NotBefore(None),
        "it reopens with a ramp"
    );
}

#[test]
fn a_pause_that_the_vendor_means_for_everybody_is_kept() {
    let mut gate = gate([Limit::concurrency("account", 9)]);
    (1..=3).for_each(|id| start(&mut gate, id, at(0)));
    gate.finish(1, at(1));
    let refusal = Refusal {
        throttle: Throttle::Window {
            retry_after: Some(MINUTE),
        },
        call: 2,
        earlier: 0,
        for_all: true,
        overload: false,
    };
    let report = gate.feedback(at(1)).throttled(2, refusal, 0);
    gate.finish(2, at(1));
    assert_eq!(report.whose, Whose::Account);
    gate.finish(3, at(2));
    assert_eq!(gate.decide(HIGH, at(2)), Decision::NotBefore(Some(at(61))));
}

#[test]
fn a_throttle_under_a_full_window_of_ours_is_never_the_calls_own() {
    let mut gate = gate([Limit::window("minute", 2, MINUTE)]);
    start(&mut gate, 1, at(0));
    start(&mut gate, 2, at(0));
    gate.finish(1, at(1));
    assert_eq!(throttle(&mut gate, 2, 5, at(1)), Whose::Account);
}

#[test]
fn a_call_whose_concurrency_throttle_repeats_lowers_the_ceiling_once() {
    let mut gate = gate([Limit::concurrency("account", 5)]);
    let mut ceilings = Vec::new();
    for earlier in 0..4_u32 {
        let now = at(2 * i64::from(earlier));
        let (good, bad) = (i64::from(earlier) * 2 + 1, i64::from(earlier) * 2 + 2);
        start(&mut gate, good, now);
        gate.finish(good, now);
        start(&mut gate, bad, now);
        let refusal = Refusal {
            throttle: Throttle::Concurrency { retry_after: None },
            call: 77,
            earlier,
            for_all: false,
            overload: false,
        };
        gate.feedback(now).throttled(bad, refusal, 0);
        gate.finish(bad, now);
        ceilings.push(gate.view(now).learned_ceiling());
    }
    assert_eq!(ceilings, [Some(4); 4]);
    assert_eq!(
        gate.decide(only(Priority::Batch), at(9)),
        Decision::Start(Priority::Batch)
    );
}
