//! What must hold for every simulation, and what theory predicts for some.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use rampmeter_call::{OnUnknown, Retry};
use rampmeter_dispatch::{Limit, Priority, Reserve, Rules, Time};
use rampmeter_template::bill::Prices;

use super::quantity::{Share, Span};
use super::study::{Plan, Study};
use super::workload::{Failures, Foreign, Throttles, Workload};
use super::{report, world};
use crate::report::text;
use crate::workload::arrivals::{Arrival, Source};
use crate::workload::latency::Latency;
use crate::world::figures::Figures;
use crate::world::held::Obstacle;
use crate::world::result::{End, Run};
use crate::world::scenario::{Handling, Order, Scenario};

const SECOND: Duration = Duration::from_secs(1);

fn scenario(limits: Vec<Limit>, workload: Workload) -> Scenario {
    Scenario {
        handling: Handling {
            target: "vendor".to_owned(),
            rules: Rules {
                limits,
                ..Rules::default()
            },
            timeout: Duration::from_secs(60),
            hold_after_timeout: Duration::from_secs(60),
            retry: Retry::default(),
            on_unknown: OnUnknown::Retry,
        },
        workload,
        seed: 1,
    }
}

fn burst(priority: Priority, calls: u32, at: u64) -> Source {
    Source::Burst {
        priority,
        calls,
        at: Duration::from_secs(at),
        over: Duration::ZERO,
    }
}

fn rate(priority: Priority, per_second: f64) -> Source {
    Source::Rate {
        priority,
        per_second,
        curve: Vec::new(),
    }
}

fn workload(seconds: u64, sources: Vec<Source>, latency: Latency) -> Workload {
    Workload::new("a test", Duration::from_secs(seconds), sources, latency)
}

fn ends(run: &Run, how: End) -> u64 {
    let counts = Priority::ALL.map(|priority| run.ended(priority, Some(how)));
    counts.iter().sum()
}

fn plan() -> Plan {
    Plan {
        objectives: Vec::new(),
        replications: 2,
        versus_single_queue: true,
        as_configured: true,
        prices: Prices::built_in(),
    }
}

#[test]
fn a_burst_drains_in_as_many_rounds_as_the_slots_need() {
    let calls = workload(
        60,
        vec![burst(Priority::Batch, 100, 5)],
        Latency::Fixed(SECOND),
    );
    let run = world::run(
        &scenario(vec![Limit::concurrency("account", 12)], calls),
        Order::ByPriority,
    );
    assert_eq!(run.drain(Priority::Batch), Duration::from_secs(9));
    assert_eq!(run.waits(Priority::Batch).max, Duration::from_secs(8));
    let (limit, held) = run.binding().unwrap();
    assert_eq!((limit, held.total), ("account", Duration::from_secs(8)));
}

#[test]
fn a_pause_by_the_calendar_holds_its_lanes_and_no_others() {
    let text = "[targets.vendor]\nbase_url = \"https://vendor.test\"\nlimits = [{ name = \"account\", concurrency = 5 }]\n\
                pauses = [{ lanes = [\"BATCH\"], every = \"thursday 00:00-01:00 UTC\" }]";
    let place = std::path::Path::new("rampmeter.toml");
    let nothing = |_: &std::path::Path| Err(std::io::ErrorKind::NotFound.into());
    let config = rampmeter_config::Config::parse(text, place, &|_| None, &nothing);
    let config = config.unwrap_or_else(|report| panic!("{report}"));
    let sources = vec![burst(Priority::High, 5, 0), burst(Priority::Batch, 5, 0)];
    let mut paused = scenario(
        Vec::new(),
        workload(2 * 3_600, sources, Latency::Fixed(SECOND)),
    );
    paused.handling = Handling::of(&config.targets["vendor"]);
    let run = world::run(&paused, Order::ByPriority);
    assert_eq!(run.waits(Priority::High).max, Duration::ZERO);
    assert_eq!(run.waits(Priority::Batch).max, Duration::from_secs(3_600));
    let held: Vec<_> = run.held.iter().map(|held| (&held.by, held.total)).collect();
    assert_eq!(
        held,
        [(&Obstacle::PlannedPause, Duration::from_secs(3_600))]
    );
    let mut unpaused = paused.clone();
    unpaused.handling.rules.pauses.clear();
    assert_ne!(paused.hash(), unpaused.hash());
}

#[test]
fn a_window_spaces_the_calls_of_a_burst_from_their_answers_on() {
    let calls = workload(
        60,
        vec![burst(Priority::High, 5, 0)],
        Latency::Fixed(SECOND),
    );
    let limit = Limit::window("window", 2, Duration::from_secs(10));
    let run = world::run(&scenario(vec![limit], calls), Order::ByPriority);
    let starts: Vec<i64> = run
        .records
        .iter()
        .map(|record| record.first_start.unwrap().as_millis() / 1_000)
        .collect();
    assert_eq!(starts, [0, 0, 11, 11, 22]);
}

/// Pollaczek and Khinchine: with one server and a constant time of service s, calls wait u s / (2 (1 - u)) on average,
/// where u is the share of time in which it is busy.
#[test]
fn one_slot_and_random_arrivals_wait_as_queueing_theory_says() {
    let calls = workload(
        400_000,
        vec![rate(Priority::High, 0.5)],
        Latency::Fixed(SECOND),
    );
    let run = world::run(
        &scenario(vec![Limit::concurrency("account", 1)], calls),
        Order::ByPriority,
    );
    let waits = run.calls_of(Priority::High).map(|(arrival, record)| {
        let started = record.first_start.unwrap();
        started.saturating_since(arrival.at).as_secs_f64()
    });
    let mean = waits.sum::<f64>() / run.records.len() as f64;
    assert!((mean - 0.5).abs() < 0.02, "{mean}");
    assert!((run.mean(|step| step.in_flight) - 0.5).abs() < 0.01);
}

#[test]
fn high_calls_pass_a_backlog_that_one_queue_would_put_before_them() {
    let sources = vec![burst(Priority::Batch, 1_000, 0), rate(Priority::High, 0.5)];
    let scenario = scenario(
        vec![Limit::concurrency("account", 4)],
        workload(200, sources, Latency::Fixed(SECOND)),
    );
    let lanes = Figures::of(&world::run(&scenario, Order::ByPriority));
    let queue = Figures::of(&world::run(&scenario, Order::SingleQueue));
    assert!(lanes.waits[0].p95 <= SECOND, "{lanes:?}");
    assert!(queue.waits[0].p95 > 50 * SECOND, "{queue:?}");
    assert_eq!(lanes.calls, queue.calls);
}

#[test]
fn a_single_queue_is_first_come_first_served_and_keeps_nothing_for_anybody() {
    let mut limit = Limit::concurrency("account", 3);
    limit.reserve = Reserve {
        high: 2,
        ..Reserve::default()
    };
    let sources = vec![rate(Priority::High, 1.0), rate(Priority::Batch, 2.0)];
    let scenario = scenario(vec![limit], workload(300, sources, Latency::Fixed(SECOND)));
    let run = world::run(&scenario, Order::SingleQueue);
    assert!(run.records.is_sorted_by_key(|record| record.first_start));
    let peak = |order| {
        let steps = world::run(&scenario, order).steps;
        steps.iter().map(|step| step.in_flight).max()
    };
    assert_eq!(peak(Order::SingleQueue), Some(3));
}

#[test]
fn a_lost_answer_keeps_its_slot_until_timeout_and_hold_have_passed() {
    let mut calls = workload(
        10,
        vec![burst(Priority::High, 2, 0)],
        Latency::Fixed(SECOND),
    );
    calls.failures.lost = Share(1.0);
    let mut scenario = scenario(vec![Limit::concurrency("account", 1)], calls);
    scenario.handling.on_unknown = OnUnknown::Fail;
    let run = world::run(&scenario, Order::ByPriority);
    assert_eq!(ends(&run, End::Unknown), 2);
    assert_eq!(run.records[1].first_start, Some(Time::from_millis(120_000)));
    assert_eq!(
        run.records[0].end,
        Some((Time::from_millis(60_000), End::Unknown))
    );
}

#[test]
fn failures_that_may_pass_use_up_the_attempts_with_growing_pauses() {
    let mut calls = workload(
        10,
        vec![burst(Priority::High, 1, 0)],
        Latency::Fixed(SECOND),
    );
    calls.failures.repeatable = Share(1.0);
    let run = world::run(&scenario(Vec::new(), calls), Order::ByPriority);
    let (at, end) = run.records[0].end.unwrap();
    assert_eq!((end, run.records[0].starts), (End::Unavailable, 5));
    // Five attempts of a second each, with pauses of 1, 2, 4 and 8 s between them, of which jitter leaves at least
    // half.
    let served = Time::from_millis(12_500)..=Time::from_millis(20_000);
    assert!(served.contains(&at), "{at:?}");
}

#[test]
fn others_in_the_account_throttle_us_and_every_call_still_ends() {
    let mut calls = workload(600, vec![rate(Priority::High, 2.0)], Latency::Fixed(SECOND));
    calls.foreign = Some(Foreign {
        per_second: 2.0,
        latency: Latency::Fixed(SECOND),
    });
    calls.vendor_concurrency = Some(5);
    let scenario = scenario(vec![Limit::concurrency("account", 5)], calls);
    let run = world::run(&scenario, Order::ByPriority);
    assert!(run.throttles.under_our_limit > 0, "{:?}", run.throttles);
    assert!(run.others_refused > 0);
    assert_eq!(ends(&run, End::Succeeded), run.records.len() as u64);
    // A throttle uses up no attempt.
    assert!(run.records.iter().all(|record| record.attempts == 0));
}

#[test]
fn a_vendor_that_others_fill_for_ever_is_reported_and_not_waited_for() {
    let mut calls = workload(
        60,
        vec![burst(Priority::High, 1, 60)],
        Latency::Fixed(SECOND),
    );
    calls.vendor_concurrency = Some(1);
    calls.foreign = Some(Foreign {
        per_second: 1.0,
        latency: Latency::Fixed(400 * Duration::from_secs(86_400)),
    });
    let scenario = scenario(vec![Limit::concurrency("account", 5)], calls);
    let study = Study::of(scenario, &plan());
    assert_eq!(study.run.unfinished(), 1);
    assert!(!study.passed());
    assert!(text::text(&study).starts_with("FAIL   some calls never end"));
}

#[test]
fn a_day_of_sixty_thousand_calls_is_simulated_to_its_end() {
    let sources = vec![
        rate(Priority::High, 0.1),
        rate(Priority::Medium, 0.36),
        burst(Priority::Batch, 20_000, 3_600),
    ];
    let latency = Latency::log_normal(Duration::from_millis(1_400), 4 * SECOND).unwrap();
    let limits = vec![
        Limit::concurrency("account", 12),
        Limit::window("minute", 600, Duration::from_secs(60)),
    ];
    let run = world::run(
        &scenario(limits, workload(86_400, sources, latency)),
        Order::ByPriority,
    );
    assert!(
        run.records.len().abs_diff(60_000) < 1_000,
        "{}",
        run.records.len()
    );
    assert_eq!(ends(&run, End::Succeeded), run.records.len() as u64);
}

/// Any small scenario: limits of both kinds, reserves, and everything that can go wrong.
fn any_scenario() -> impl Strategy<Value = Scenario> {
    let call = (0..20_000_i64, 0..3_usize, 0..3_000_u64);
    let calls = prop::collection::vec(call, 1..60);
    let limits = (1..6_u32, 0..2_u32, 1..20_u64, 100..5_000_u64);
    let wrong = (0.0..0.3_f64, 0.0..0.2_f64, 0.0..0.2_f64, 0.0..0.2_f64);
    let rest = (any::<u64>(), any::<bool>(), prop::option::of(0.1..2.0_f64));
    (calls, limits, wrong, rest).prop_map(|(calls, limits, wrong, rest)| {
        let (slots, reserved, window, per) = limits;
        let mut account = Limit::concurrency("account", slots);
        account.reserve.high = reserved.min(slots - 1);
        let limits = vec![
            account,
            Limit::window("window", window, Duration::from_millis(per)),
        ];
        let mut arrivals: Vec<Arrival> = calls
            .into_iter()
            .map(|(at, priority, duration)| Arrival {
                at: Time::from_millis(at),
                priority: Priority::ALL[priority],
                duration: Some(Duration::from_millis(duration)),
            })
            .collect();
        arrivals.sort_by_key(|arrival| arrival.at);
        let latency = Latency::log_normal(SECOND, 3 * SECOND).unwrap();
        let mut calls = workload(20, vec![Source::Recorded(Arc::from(arrivals))], latency);
        calls.failures = Failures {
            repeatable: Share(wrong.0),
            refused: Share(wrong.1),
            lost: Share(wrong.2),
        };
        calls.throttles = Throttles {
            share: Share(wrong.3),
            retry_after: rest.1.then_some(Span(2 * SECOND)),
        };
        calls.foreign = rest.2.map(|per_second| Foreign {
            per_second,
            latency: Latency::Fixed(SECOND),
        });
        calls.vendor_concurrency = Some(slots);
        Scenario {
            seed: rest.0,
            ..scenario(limits, calls)
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn every_call_ends_once_and_in_order_of_its_life(scenario in any_scenario()) {
        let run = world::run(&scenario, Order::ByPriority);
        let all = [
            End::Succeeded,
            End::Refused,
            End::Unavailable,
            End::Throttled,
            End::Unknown,
        ];
        let ended: u64 = all.map(|how| ends(&run, how)).iter().sum();
        prop_assert_eq!(run.unfinished(), 0);
        prop_assert_eq!(ended, run.arrivals.len() as u64);
        for (arrival, record) in run.arrivals.iter().zip(&run.records) {
            let (started, (ended, _)) = (record.first_start.unwrap(), record.end.unwrap());
            prop_assert!(arrival.at <= started && started <= ended && ended <= run.end);
            prop_assert!(record.attempts <= scenario.handling.retry.max_attempts);
        }
    }

    #[test]
    fn no_more_calls_are_in_flight_than_the_limit_says(scenario in any_scenario()) {
        let slots = scenario.handling.slots().unwrap();
        for order in [Order::ByPriority, Order::SingleQueue] {
            let run = world::run(&scenario, order);
            for step in &run.steps {
                // The vendor never works on a call whose permit has ended: the holds are long enough.
                prop_assert!(step.at_vendor <= step.in_flight && step.in_flight <= slots);
            }
        }
    }

    #[test]
    fn no_window_has_more_starts_than_the_limit_says(scenario in any_scenario()) {
        let mut scenario = scenario;
        // First starts are recorded, so a call must have no second one.
        scenario.workload.failures = Failures::default();
        scenario.workload.throttles = Throttles::default();
        scenario.workload.foreign = None;
        let run = world::run(&scenario, Order::ByPriority);
        let limit = &scenario.handling.rules.limits[1];
        let rampmeter_dispatch::LimitKind::Window { calls, per } = limit.kind else {
            panic!("the second limit is a window");
        };
        let mut starts: Vec<Time> = run.records.iter().filter_map(|one| one.first_start).collect();
        starts.sort_unstable();
        for pair in starts.windows(usize::try_from(calls).unwrap() + 1) {
            prop_assert!(pair[pair.len() - 1].saturating_since(pair[0]) >= per);
        }
    }

}

proptest! {
    // Each case is ten simulations.
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn the_same_seed_gives_the_same_report(scenario in any_scenario()) {
        let reported = || {
            let study = Study::of(scenario.clone(), &plan());
            (report::json(&study).to_string(), text::text(&study), crate::report::picture::svg(&study))
        };
        prop_assert_eq!(reported(), reported());
    }
}
