//! The shared state: it is read back as it was written, and always fits.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::feedback::{Refusal, Throttle, Trouble, Troubled};
use crate::rules::Limit;
use crate::rules::Reserve;
use crate::{Decision, PermitId};

/// A throttle that means everybody.
fn for_all(throttle: Throttle) -> Refusal {
    Refusal {
        throttle,
        call: 0,
        earlier: 0,
        for_all: true,
        overload: false,
    }
}

/// 2026-11-26, so that moments have as many digits as they will have.
const BEGIN: Time = Time::from_millis(1_795_000_000_000);

fn limits() -> impl Strategy<Value = Vec<Limit>> {
    let kind = prop_oneof![
        (1_u32..40).prop_map(|max| (u64::from(max), None)),
        (1_u64..200, 100_u64..3_000).prop_map(|(calls, per)| (calls, Some(per))),
        (1_u64..3_000_000, 1_000_u64..2_678_400_000).prop_map(|(calls, per)| (calls, Some(per))),
    ];
    let limit = (kind, any::<bool>());
    proptest::collection::vec(limit, 1..4).prop_map(|limits| {
        let named = limits.into_iter().enumerate();
        named
            .map(|(number, ((places, per), reserved))| {
                let name = format!("limit-{number}");
                let mut limit = match per {
                    None => Limit::concurrency(name, u32::try_from(places).expect("below 40")),
                    Some(per) => Limit::window(name, places, Duration::from_millis(per)),
                };
                if reserved && places > 1 {
                    limit.reserve = Reserve {
                        high: 1,
                        ..Reserve::default()
                    };
                }
                limit
            })
            .collect()
    })
}

/// A step of a process: how long after the step before, what it does.
fn steps() -> impl Strategy<Value = Vec<(u64, u8)>> {
    proptest::collection::vec((0_u64..4_000_000, any::<u8>()), 1..300)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    /// Through every step of a target at work the state has at most 4 KiB, and what was read back
    /// is written again to the last byte.
    #[test]
    fn the_state_fits_and_is_read_back_as_it_was_written(limits in limits(), steps in steps()) {
        let rules = Rules { limits, ..Rules::default() }.shared();
        let Ok(ceiling) = rules.shared_ceiling() else { return Ok(()) };
        let unheld = Duration::from_secs(90_000);
        let mut state = Shared { now: BEGIN, ..Shared::default() };
        let mut now = BEGIN;
        let mut next: PermitId = 0x7fff_ffff << 32 | 0xffff_0000;
        let mut out: Vec<PermitId> = Vec::new();
        for (after, what) in steps {
            now = now.saturating_add(Duration::from_micros(after));
            let mut gate = state.gate(&rules, now);
            out.retain(|id| gate.is_open(*id));
            let place = usize::from(what) % out.len().max(1);
            match what % 8 {
                0 if !out.is_empty() => { gate.finish(out.swap_remove(place), now); }
                1 if !out.is_empty() => { gate.hold(out[place], now.saturating_add(unheld)); }
                2 if !out.is_empty() => {
                    let kind = Throttle::Window { retry_after: Some(Duration::from_millis(300)) };
                    gate.feedback(now).throttled(out[place], for_all(kind), u64::from(what));
                    gate.finish(out.swap_remove(place), now);
                }
                4 if !out.is_empty() => {
                    let id = out.swap_remove(place);
                    let outcome = Troubled { call: id, kind: Trouble::Unreachable, reached: false };
                    gate.feedback(now).troubled(id, outcome, u64::from(what));
                    gate.not_sent(id, now);
                }
                3 if !out.is_empty() => {
                    gate.give_back(out.swap_remove(place), Waiting::ALL, now);
                }
                _ => while let Decision::Start(lane) = gate.decide(Waiting::ALL, now) {
                    if gate.in_flight() >= u64::from(ceiling.in_flight) {
                        break;
                    }
                    gate.start(next, lane, Waiting::ALL, now);
                    out.push(next);
                    next += 1;
                }
            }
            gate.release_holds(now);
            let written = Shared::of(&gate, unheld, [now; 3], now).to_bytes(&rules);
            prop_assert!(written.len() <= MAX_SHARED_BYTES, "{} bytes", written.len());
            state = Shared::from_bytes(&written).expect("it was just written");
            prop_assert_eq!(&state.to_bytes(&rules), &written);
            prop_assert!(postcard::to_allocvec(&state.memory).expect("plain").len() <= ceiling::MEMORY);
            prop_assert_eq!(state.permits.len() as u64, gate.in_flight());
        }
    }

    /// Whatever the bytes, reading them ends with a state or a reason.
    #[test]
    fn no_bytes_bring_the_reader_down(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _ = Shared::from_bytes(&bytes);
        let mut with_form = vec![1];
        with_form.extend(bytes);
        let _ = Shared::from_bytes(&with_form);
    }
}

#[test]
fn the_fullest_state_there_can_be_fits() {
    let mut minute = Limit::window("minute", u64::from(u32::MAX), Duration::from_secs(3_600));
    minute.reserve = Reserve {
        high: 5,
        medium: 5,
        batch: 0,
    };
    let limits = vec![Limit::concurrency("account", 4_000), minute];
    let rules = Rules {
        limits,
        ..Rules::default()
    }
    .shared();
    let ceiling = rules.shared_ceiling().unwrap();
    let permits = (0..ceiling.in_flight).map(|number| OpenPermit {
        id: i64::from(0x7fff_ffff_u32 - number) << 32 | i64::from(u32::MAX - number),
        priority: Priority::Batch,
        started_at: Time::from_millis(BEGIN.as_millis() - 3_500_000),
        held_until: BEGIN.saturating_add(Duration::from_secs(90_000)),
        charges: Default::default(),
    });
    let grid = Duration::from_millis(57_147);
    let windows = (1..=64).flat_map(|bucket| {
        Priority::ALL.map(|priority| {
            let until = BEGIN.saturating_add(grid * bucket);
            WindowRow::of("minute", priority, bucket, until, u32::MAX / 300)
        })
    });
    let state = Shared {
        now: BEGIN,
        permits: permits.collect(),
        windows: windows.collect(),
        memory: Memory::default(),
        empty_until: [Time::MAX; 3],
    };
    let bytes = state.to_bytes(&rules);
    assert!(
        bytes.len() + ceiling::MEMORY <= MAX_SHARED_BYTES,
        "{}",
        bytes.len()
    );
    assert!(
        bytes.len() > MAX_SHARED_BYTES / 2,
        "the test is about a full state"
    );
}

#[test]
fn another_form_is_refused_and_what_is_no_state_is_said_to_be_damaged() {
    assert_eq!(Shared::from_bytes(&[9, 1, 2]), Err(Undecodable::Form(9)));
    assert!(matches!(
        Shared::from_bytes(&[1, 2]),
        Err(Undecodable::Damaged(_))
    ));
}

#[test]
fn a_closed_target_says_until_when_and_a_full_one_does_not() {
    let limits = vec![
        Limit::concurrency("account", 1),
        Limit::window("hour", 2, Duration::from_secs(3_600)),
    ];
    let rules = Rules {
        limits,
        ..Rules::default()
    }
    .shared();
    let mut gate = Gate::new(rules.clone(), BEGIN);
    let unheld = Duration::from_secs(100_000);
    gate.start(1, Priority::High, Waiting::ALL, BEGIN);
    let full = Shared::of(&gate, unheld, [BEGIN; 3], BEGIN);
    assert_eq!(
        full.closed_until(&rules, BEGIN),
        None,
        "an answer would open it"
    );
    gate.finish(1, BEGIN);
    gate.start(2, Priority::High, Waiting::ALL, BEGIN);
    gate.finish(2, BEGIN);
    let closed = Shared::of(&gate, unheld, [BEGIN; 3], BEGIN);
    let hour = Duration::from_secs(3_600) + CLOCK_MARGIN;
    assert_eq!(
        closed.closed_until(&rules, BEGIN),
        Some(BEGIN.saturating_add(hour))
    );
}

#[test]
fn a_lane_that_somebody_found_empty_waits_again_after_a_while() {
    let later = BEGIN.saturating_add(Duration::from_millis(250));
    let state = Shared {
        now: BEGIN,
        empty_until: [later, BEGIN, BEGIN],
        ..Shared::default()
    };
    assert!(!state.waiting(BEGIN).has(Priority::High));
    assert!(state.waiting(BEGIN).has(Priority::Batch));
    assert_eq!(state.waiting(later), Waiting::ALL);
}

#[test]
fn a_ramp_is_as_narrow_after_a_write_as_before() {
    let rules = Rules {
        limits: vec![Limit::concurrency("account", 9)],
        ..Rules::default()
    }
    .shared();
    let mut gate = Gate::new(rules.clone(), BEGIN);
    gate.start(1, Priority::High, Waiting::ALL, BEGIN);
    let kind = Throttle::Window {
        retry_after: Some(Duration::from_secs(1)),
    };
    gate.feedback(BEGIN).throttled(1, for_all(kind), 0);
    gate.finish(1, BEGIN);
    let open = BEGIN.saturating_add(Duration::from_secs(1));
    gate.start(2, Priority::High, Waiting::ALL, open);
    let unheld = Duration::from_secs(60);
    let state = Shared::of(&gate, unheld, [open; 3], open);
    let mut again = Shared::from_bytes(&state.to_bytes(&rules))
        .unwrap()
        .gate(&rules, open);
    assert!(
        !again.view(open).admitted(Waiting::ALL).any(),
        "one call is out already"
    );
    again.finish(2, open);
    assert!(again.view(open).admitted(Waiting::ALL).any());
}

#[test]
fn a_lane_that_pauses_by_the_calendar_is_closed_until_the_end_of_its_pause_and_the_target_is_not() {
    let midnight = jiff::civil::Time::midnight();
    let pause = crate::PlannedPause {
        lanes: [false, false, true],
        days: [true; 7],
        from: midnight,
        to: midnight,
        zone: jiff::tz::TimeZone::UTC,
        reason: String::new(),
    };
    let rules = Rules {
        pauses: vec![pause],
        ..Rules::default()
    };
    let shared = Shared::default();
    assert_eq!(shared.closed_until(&rules, BEGIN), None);
    assert_eq!(
        shared.lane_closed_until(Priority::High, &rules, BEGIN),
        None
    );
    let until = shared.lane_closed_until(Priority::Batch, &rules, BEGIN);
    let day = Duration::from_secs(24 * 60 * 60);
    assert!(until.is_some_and(|until| until > BEGIN && until.saturating_since(BEGIN) <= day));
}
