//! When a call is said to start, one situation each.

use std::time::Duration;

use rampmeter_dispatch::{
    Explanation, Gate, Holder, Limit, Position, Priority, Scope, Share, Start, Throttle, Time,
    Waiting,
};

use crate::scenarios::{MINUTE, at, fill, for_all, gate};

const LATENCY: Duration = Duration::from_millis(100);

fn told(gate: &Gate, lane: Priority, ahead: u64, now: Time) -> Explanation {
    let position = Position {
        ahead,
        ..Position::first(lane)
    };
    gate.view(now)
        .explanation(position, Waiting::NONE, Some(LATENCY))
}

#[test]
fn a_call_to_a_closed_target_starts_when_the_vendor_opens_it_again() {
    let mut gate = gate([Limit::concurrency("account", 5)]);
    let hour = Some(Duration::from_secs(3_600));
    gate.feedback(at(0))
        .throttled(1, for_all(Throttle::Window { retry_after: hour }), 0);
    for ahead in [0, 1_000] {
        let told = told(&gate, Priority::High, ahead, at(1));
        assert_eq!(told.held_by, Holder::VendorPause);
        assert_eq!(told.until, Some(at(3_600)));
        let Start::About(moment) = told.starts else {
            panic!("{told:?}");
        };
        // 5 at once, each 100 ms: 50 a second.
        assert_eq!(moment, at(3_600 + i64::try_from(ahead / 50).unwrap()));
    }
}

#[test]
fn without_a_latency_a_queue_behind_a_closed_target_is_told_the_earliest_moment_alone() {
    let mut gate = gate([Limit::concurrency("account", 5)]);
    let minute = Some(MINUTE);
    let throttle = Throttle::Window {
        retry_after: minute,
    };
    gate.feedback(at(0)).throttled(1, for_all(throttle), 0);
    let position = Position {
        ahead: 9,
        ..Position::first(Priority::High)
    };
    let told = gate.view(at(1)).explanation(position, Waiting::NONE, None);
    assert_eq!(told.starts, Start::NotBefore(at(60)));
}

#[test]
fn a_call_under_a_used_up_window_starts_when_its_place_is_free() {
    let mut gate = gate([Limit::window("minute", 3, MINUTE)]);
    fill(&mut gate, Priority::High, at(0));
    (1..=3).for_each(|id| drop(gate.finish(id, at(id))));
    let starts = |ahead| told(&gate, Priority::High, ahead, at(5)).starts;
    assert_eq!(starts(0), Start::About(at(61)));
    assert_eq!(starts(2), Start::About(at(63)));
    let Start::About(later) = starts(3) else {
        panic!("three a minute are foretold");
    };
    assert!(later > at(63) && later <= at(126), "{later:?}");
}

#[test]
fn a_used_up_share_is_named_and_nobody_is_said_to_go_first() {
    let minute = Limit {
        share: Share {
            batch: Some(1),
            ..Share::default()
        },
        ..Limit::window("minute", 9, MINUTE)
    };
    let mut gate = gate([minute]);
    fill(&mut gate, Priority::Batch, at(0));
    gate.finish(1, at(2));
    let told = told(&gate, Priority::Batch, 0, at(3));
    let share = Holder::Share {
        limit: "minute".to_owned(),
        priority: Priority::Batch,
        used: 1,
        max: 1,
    };
    assert_eq!(told.held_by, share);
    assert_eq!(told.starts, Start::About(at(62)));
}

#[test]
fn a_paused_call_is_told_no_moment() {
    let mut gate = gate([Limit::concurrency("account", 5)]);
    gate.pause(Scope::Target);
    let told = told(&gate, Priority::High, 0, at(0));
    assert_eq!(told.starts, Start::Unknown);
    let told = told.with_reason("audit", Some(at(-60)));
    assert_eq!(
        told.words(at(0)),
        "a pause of the target (audit), for 60.0 s so far"
    );
}

#[test]
fn a_call_that_nothing_holds_starts_now_and_one_behind_it_after_its_places() {
    let mut gate = gate([Limit::concurrency("account", 2)]);
    let first = told(&gate, Priority::High, 0, at(0));
    assert!(first.is_admissible());
    assert_eq!(first.starts, Start::Now);
    fill(&mut gate, Priority::High, at(0));
    let last = told(&gate, Priority::High, 19, at(0));
    assert!(matches!(last.held_by, Holder::Limit { .. }));
    // Two at once, each 100 ms.
    assert_eq!(last.starts, Start::About(at(1)));
}
