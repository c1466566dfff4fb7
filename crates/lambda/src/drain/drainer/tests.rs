//! Drainers in a simulated world: writes get lost, writes succeed and look lost, drainers die with calls in flight,
//! clocks differ, a configuration is deployed over another. Nothing may exceed a limit, and every message is served.

mod world;

use proptest::prelude::*;
use rampmeter_call::Reach;
use rampmeter_dispatch::{Limit, Trouble, Whose};
use rampmeter_orders::Given;

use super::*;
use world::{BEGIN, SECOND, Seen, World, millis, terms};

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn drainers_together_exceed_nothing_and_serve_every_message(
        seed in any::<u64>(),
        slots in 1_u32..12,
        calls in 2_u64..80,
        messages in proptest::collection::vec(0_usize..3, 1..160),
        trouble in prop_oneof![Just(0_u64), Just(20)],
    ) {
        let per = Duration::from_secs(1);
        let limits = vec![Limit::concurrency("account", slots), Limit::window("second", calls, per)];
        let mut world = World::new(limits, seed, trouble);
        for lane in &messages {
            world.send(Priority::ALL[*lane]);
        }
        world.run(Duration::from_secs(3_600));
        prop_assert!(
            world.is_over(),
            "{} of {} messages were served; ends: {:?}",
            world.served.len(), messages.len(), world.ends
        );
        world.judge(slots as usize, usize::try_from(calls).expect("below 80"), per)?;
    }

    /// A deployment while drainers run: at every moment the vendor sees no more than the wider of the two configurations, and
    /// each call that starts after the later one took over finds room in that one.
    #[test]
    fn drainers_of_two_configurations_exceed_neither_and_serve_every_message(
        seed in any::<u64>(),
        slots in (1_u32..12, 1_u32..12),
        calls in (2_u64..40, 2_u64..40),
        renamed in any::<bool>(),
        messages in proptest::collection::vec(0_usize..3, 40..200),
        deployed in 0_u64..20_000,
        trouble in prop_oneof![Just(0_u64), Just(20)],
    ) {
        let per = Duration::from_secs(1);
        let limits = |slots, calls, name: &str| {
            vec![Limit::concurrency("account", slots), Limit::window(name, calls, per)]
        };
        let mut world = World::new(limits(slots.0, calls.0, "second"), seed, trouble);
        let later = Rules {
            limits: limits(slots.1, calls.1, if renamed { "other" } else { "second" }),
            ..Rules::default()
        };
        world.later = Some((BEGIN.saturating_add(millis(deployed)), later.shared()));
        for lane in &messages {
            world.send(Priority::ALL[*lane]);
        }
        world.run(Duration::from_secs(3_600));
        prop_assert!(
            world.is_over(),
            "{} of {} messages were served; ends: {:?}",
            world.served.len(), messages.len(), world.ends
        );
        let most = usize::try_from(calls.0.max(calls.1)).expect("below 40");
        // A window under a new name knows nothing of calls made before it existed, as on one machine.
        let windows = if renamed { usize::try_from(calls.0 + calls.1).expect("few") } else { most };
        world.judge(slots.0.max(slots.1) as usize, windows, per)?;
        world.judge_later(slots.1 as usize, usize::try_from(calls.1).expect("below 40"), per, renamed)?;
    }
}

#[test]
fn a_drainer_that_is_succeeded_starts_nothing_and_leaves_its_calls_to_its_successors() {
    let rules = Rules {
        limits: vec![Limit::concurrency("account", 1)],
        ..Rules::default()
    };
    let terms = terms(rules, 10);
    let mut drainer = Drainer::new(terms, 9, None, BEGIN);
    drainer.step(BEGIN, 0);
    drainer.has_read(None, BEGIN).unwrap();
    let Action::Write { state, .. } = drainer.step(BEGIN, 0) else {
        panic!("it takes permits");
    };
    drainer.has_written(Written::Done, BEGIN, 0);
    let Action::Receive { lane, permits } = drainer.step(BEGIN, 0) else {
        panic!("it receives");
    };
    let used = drainer.has_received(lane, &permits, permits.len(), BEGIN);
    // A later configuration takes over the item while the call is in flight.
    let later = Item {
        state,
        version: 2,
        generation: Generation::begun(SECOND, BEGIN.saturating_add(millis(5))),
        orders: Orders::default(),
    };
    drainer.ended(used[0], Ending::Answered);
    let now = BEGIN.saturating_add(millis(300));
    assert!(matches!(
        drainer.step(now, 0),
        Action::Write { .. } | Action::Receive { .. }
    ));
    drainer.has_written(Written::Lost, now, 0);
    let now = now.saturating_add(millis(5));
    assert_eq!(drainer.step(now, 0), Action::Read);
    drainer.has_read(Some(&later), now).unwrap();
    let Action::Write {
        state, generation, ..
    } = drainer.step(now, 0)
    else {
        panic!("it hands its call over");
    };
    assert_eq!(generation, later.generation);
    let shared = Shared::from_bytes(&state).unwrap();
    let held = shared.permits.iter().find(|permit| permit.id == used[0]);
    assert_eq!(held.map(|permit| permit.held_until), Some(now));
    drainer.has_written(Written::Done, now, 0);
    // The permit is still there for its successors, and is not taken for one that can be used.
    let item = Item { state, ..later };
    drainer.has_read(Some(&item), now).unwrap();
    let mut steps = (0..10).map(|_| drainer.step(now, 0));
    assert!(steps.any(|step| step == Action::End(End::Succeeded)));
}

#[test]
fn an_urgent_message_passes_a_backlog_and_the_backlog_is_not_starved() {
    let mut world = World::new(vec![Limit::concurrency("account", 1)], 7, 0);
    for _ in 0..60 {
        world.send(Priority::Batch);
        world.send(Priority::High);
    }
    world.run(Duration::from_secs(600));
    assert!(world.is_over());
    let first_half = &world.order[..60];
    let high = first_half
        .iter()
        .filter(|lane| **lane == Priority::High)
        .count();
    assert!(high >= 50, "{high} of the first 60 are HIGH");
    assert!(high < 60, "BATCH is due after 20 deferrals");
}

#[test]
fn a_write_for_each_call_is_enough_where_one_drainer_is_at_work() {
    let mut world = World::new(vec![Limit::concurrency("account", 8)], 3, 0);
    for _ in 0..400 {
        world.send(Priority::Medium);
    }
    world.run(Duration::from_secs(600));
    assert!(world.is_over());
    let writes = world.counts.writes;
    assert!(writes <= 2 * 400, "{writes} writes for 400 calls");
}

#[test]
fn a_target_that_is_closed_for_long_sends_its_drainer_home() {
    let mut world = World::new(
        vec![Limit::window("hour", 1, Duration::from_secs(3_600))],
        5,
        0,
    );
    world.send(Priority::High);
    world.send(Priority::High);
    world.run(Duration::from_secs(60));
    let closed = |end: &End| matches!(end, End::Closed { .. });
    assert!(world.ends.iter().any(closed), "{:?}", world.ends);
    assert_eq!(world.served.len(), 1);
}

#[test]
fn what_an_unacknowledged_write_took_is_taken_up_and_not_taken_twice() {
    let rules = Rules {
        limits: vec![Limit::concurrency("account", 1)],
        ..Rules::default()
    };
    let terms = terms(rules, 10);
    let mut drainer = Drainer::new(terms, 9, Some(Priority::High), BEGIN);
    assert_eq!(drainer.step(BEGIN, 0), Action::Read);
    drainer.has_read(None, BEGIN).unwrap();
    let Action::Write {
        state,
        version,
        generation,
        orders,
    } = drainer.step(BEGIN, 0)
    else {
        panic!("it takes a permit");
    };
    assert_eq!(version, None);
    // Written, but not acknowledged.
    drainer.has_written(Written::Lost, BEGIN, 0);
    assert_eq!(drainer.step(BEGIN, 0), Action::Read);
    let item = Item {
        state,
        version: 1,
        generation,
        orders,
    };
    drainer.has_read(Some(&item), BEGIN).unwrap();
    assert!(matches!(drainer.step(BEGIN, 0), Action::UseHand { .. }));
    assert!(matches!(drainer.step(BEGIN, 0), Action::Wait(_)));
}

#[test]
fn calls_that_cannot_connect_close_the_target_for_every_drainer_and_hear_whose_trouble_it_is() {
    let rules = Rules {
        limits: vec![Limit::concurrency("account", 3)],
        ..Rules::default()
    };
    let terms = terms(rules.clone(), 10);
    let mut drainer = Drainer::new(terms, 9, None, BEGIN);
    let mut item: Option<Item> = None;
    let mut now = BEGIN;
    let mut calls = 0;
    let mut heard: Vec<Judgement> = Vec::new();
    while heard
        .last()
        .is_none_or(|judgement| judgement.closed_for.is_none())
    {
        match drainer.step(now, 0) {
            Action::Read => {
                drainer.has_read(item.as_ref(), now).unwrap();
            }
            Action::Write {
                state,
                version,
                generation,
                orders,
            } => {
                item = Some(Item {
                    state,
                    version: version.map_or(1, |version| version + 1),
                    generation,
                    orders,
                });
                drainer.has_written(Written::Done, now, 0);
            }
            Action::Receive { lane, permits } => {
                for permit in drainer.has_received(lane, &permits, permits.len(), now) {
                    calls += 1;
                    let wrong = WentWrong {
                        end: PermitEnd::Troubled {
                            kind: Trouble::Unreachable,
                            reach: Reach::NotSent,
                        },
                        call: calls,
                        refusals: 0,
                    };
                    drainer.ended(permit, Ending::Wrong(wrong));
                }
            }
            Action::Wait(until) => now = until,
            other => panic!("{other:?}"),
        }
        let judgements = drainer.take_judgements().into_iter();
        heard.extend(judgements.map(|(_, judgement)| judgement));
        assert!(calls < 20, "{heard:?}");
    }
    assert!(
        heard
            .iter()
            .all(|judgement| judgement.whose == Whose::Account)
    );
    let item = item.expect("it was written");
    let shared = Shared::from_bytes(&item.state).unwrap();
    let trouble = shared.gate(&rules, now).trouble();
    assert_eq!(
        trouble.map(|trouble| trouble.kind),
        Some(Trouble::Unreachable)
    );
}

#[test]
fn writes_without_a_condition_are_seen_to_break_the_limit() {
    let broken = (0..20).filter(|seed| {
        let mut world = World::new(vec![Limit::concurrency("account", 2)], *seed, 20);
        world.unconditional = true;
        for _ in 0..120 {
            world.send(Priority::High);
            world.send(Priority::Batch);
        }
        world.run(Duration::from_secs(600));
        world.judge(2, 1_000, Duration::ZERO).is_err()
    });
    assert!(broken.count() > 0, "the judge of this test sees nothing");
}

#[test]
fn a_pause_and_a_lower_limit_hold_from_the_next_start_on_and_a_resume_within_a_second() {
    let mut world = World::new(vec![Limit::concurrency("account", 8)], 11, 0);
    let configured = world.terms.rules.clone();
    for _ in 0..200 {
        world.send(Priority::Medium);
    }
    world.run_on(Duration::from_secs(2));
    assert!(!world.is_over(), "there is work left");
    let order = |world: &mut World, change: &dyn Fn(&mut Orders)| {
        let item = world.item.as_mut().expect("it was written");
        change(&mut item.orders);
        item.version += 1;
        world.now
    };
    let given = || Given::new(0, "anna", "close");
    let paused_at = order(&mut world, &|orders| orders.pause(None, given()));
    world.run_on(Duration::from_secs(30));
    let started_since = |world: &World, from: Time, to: Time| {
        let calls = world.seen.iter();
        calls
            .filter(|call| call.started > from && call.started < to)
            .count()
    };
    // A call that had its permit may still leave; no new permit is given.
    let late = paused_at.saturating_add(millis(1_000));
    assert_eq!(started_since(&world, late, world.now), 0);
    let resumed_at = order(&mut world, &|orders| {
        orders.resume(None);
        orders
            .lower(&configured, "account", 2, given())
            .expect("lower");
    });
    world.run_on(Duration::from_secs(600));
    assert!(world.is_over());
    let soon = resumed_at.saturating_add(Duration::from_secs(31));
    assert!(
        started_since(&world, resumed_at, soon) > 0,
        "a resume is noticed"
    );
    let later: Vec<Seen> = world
        .seen
        .iter()
        .copied()
        .filter(|call| call.started > resumed_at)
        .collect();
    for call in &later {
        let beside = |seen: &&Seen| seen.started <= call.started && seen.ended > call.started;
        assert!(
            later.iter().filter(beside).count() <= 2,
            "the limit is lowered"
        );
    }
}
