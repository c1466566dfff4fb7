//! Windows whose slots are released in buckets: never over the limit, hardly under it, few rows.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestRunner};
use rampmeter_dispatch::{
    Decision, Gate, Limit, MAX_BUCKETS, PermitId, Priority, Rules, Time, Waiting, WindowRow,
};

use crate::differential::config;
use crate::vendor::{Seen, Vendor};
use crate::world::BEGIN;

/// A client that always has a call: what it did in a time.
#[derive(Default)]
struct Run {
    vendor: Vendor,
    slots: BTreeSet<u32>,
    calls: u64,
}

/// Calls as fast as the gate lets it; each is answered after one of the latencies, in turn. A
/// `restart` loses nothing.
fn greedy(rules: &Rules, time: Duration, latencies: &[Duration], restart: bool) -> Run {
    let waiting = Waiting::NONE.with(Priority::Batch);
    let end = BEGIN.saturating_add(time);
    let mut gate = Gate::new(rules.clone(), BEGIN);
    let mut run = Run::default();
    let mut rows = BTreeMap::new();
    let mut out: BTreeMap<(Time, PermitId), Time> = BTreeMap::new();
    let mut now = BEGIN;
    let mut id = 0;
    while now < end {
        let again = loop {
            match gate.decide(waiting, now) {
                Decision::Start(lane) => {
                    id += 1;
                    gate.start(id, lane, waiting, now);
                    let latency =
                        latencies[usize::try_from(id).expect("ids count from 1") % latencies.len()];
                    out.insert((now.saturating_add(latency), id), now);
                    run.calls += 1;
                }
                Decision::NotBefore(again) => break again,
                Decision::Idle => panic!("a call waits"),
            }
        };
        let answer = out.keys().next().map(|(answered, _)| *answered);
        now = again
            .into_iter()
            .chain(answer)
            .min()
            .expect("either an answer or time frees a place");
        while let Some(entry) = out.first_entry().filter(|entry| entry.key().0 <= now) {
            let ((ended, id), started) = entry.remove_entry();
            let counted_at = u8::try_from(id % 256).expect("it is below 256");
            run.vendor.sees(Seen {
                started,
                ended,
                counted_at,
            });
            for row in gate.finish(id, now) {
                run.slots.insert(row.slot);
                rows.insert(row.slot, row);
            }
        }
        if restart && out.is_empty() {
            let rows: Vec<WindowRow> = rows.values().cloned().collect();
            gate = Gate::restore(rules.clone(), Vec::new(), rows, now);
        }
    }
    run
}

fn window(calls: u64, per: Duration) -> Rules {
    Rules {
        limits: vec![Limit::window("w", calls, per)],
        ..Rules::default()
    }
}

#[test]
fn a_bucketed_window_is_never_over_and_at_most_a_thousandth_under() {
    let per = Duration::from_secs(1);
    let rules = window(5_000, per);
    // Answers at once: what is lost is lost to the buckets alone.
    let run = greedy(&rules, per * 20, &[Duration::ZERO], false);
    run.vendor.judge(&rules).unwrap();
    let possible = 5_000 * 20;
    assert!(
        run.calls * 1_000 >= possible * 999,
        "{} of {possible} calls",
        run.calls
    );
}

#[test]
fn an_exact_window_is_filled_to_the_last_call() {
    let per = Duration::from_millis(100);
    let rules = window(4_096, per);
    let run = greedy(&rules, per * 10, &[Duration::ZERO], false);
    run.vendor.judge(&rules).unwrap();
    assert_eq!(run.calls, 40_960);
    assert_eq!(run.slots.len(), 4_096);
}

#[test]
fn whatever_the_latencies_a_large_window_is_kept_and_its_rows_are_few() {
    let latency = (0_u64..400_000).prop_map(Duration::from_micros);
    let per = (100_000_u64..300_000).prop_map(Duration::from_micros);
    let strategy = (
        4_097_u64..5_000,
        per,
        proptest::collection::vec(latency, 1..40),
        any::<bool>(),
    );
    let mut runner = TestRunner::new(config(12));
    let result = runner.run(&strategy, |(calls, per, latencies, restart)| {
        let rules = window(calls, per);
        let run = greedy(&rules, per * 5, &latencies, restart);
        run.vendor.judge(&rules).map_err(TestCaseError::fail)?;
        prop_assert!(
            run.calls >= calls,
            "the first window alone admits {calls}, not {}",
            run.calls
        );
        prop_assert!(
            run.slots.len() <= MAX_BUCKETS as usize,
            "{} rows",
            run.slots.len()
        );
        prop_assert!(
            run.slots.iter().all(|slot| *slot < MAX_BUCKETS),
            "slots are numbered from 0"
        );
        Ok(())
    });
    if let Err(failure) = result {
        panic!("{failure}");
    }
}
