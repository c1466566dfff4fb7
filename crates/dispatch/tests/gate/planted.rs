//! Tests of the tests: each mistake must be noticed by the vendor, and the same runs without it
//! must not.

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use rampmeter_dispatch::{CountFrom, Rules};

use crate::command::{Command, commands, rules};
use crate::differential::config;
use crate::world::{Mistake, World};

const RUNS: usize = 200;

/// Random runs against vendors that count at any moment between permit and answer.
fn runs() -> Vec<(Rules, Vec<Command>)> {
    let mut runner = TestRunner::new(config(1));
    let strategy = (rules(), commands(150));
    let mut run = || {
        let (mut rules, commands) = strategy
            .new_tree(&mut runner)
            .expect("every value is allowed")
            .current();
        for limit in &mut rules.limits {
            limit.count_from = CountFrom::Answer;
        }
        (rules, commands)
    };
    (0..RUNS).map(|_| run()).collect()
}

/// In how many runs the vendor counts too many.
fn noticed(mistake: Option<Mistake>) -> usize {
    let runs = runs();
    let fails = |(rules, commands): &&(Rules, Vec<Command>)| {
        World::with_mistake(rules.clone(), mistake)
            .run_unwatched(commands)
            .is_err()
    };
    runs.iter().filter(fails).count()
}

#[test]
fn without_a_mistake_the_vendor_is_content() {
    assert_eq!(noticed(None), 0);
}

#[test]
fn a_place_that_is_freed_one_length_after_the_permit_is_noticed() {
    assert!(noticed(Some(Mistake::FreesAtSend)) > 0);
}

#[test]
fn permits_that_are_not_persisted_are_noticed() {
    assert!(noticed(Some(Mistake::ForgetsPermits)) > 0);
}

#[test]
fn rows_that_are_not_persisted_are_noticed() {
    assert!(noticed(Some(Mistake::ForgetsRows)) > 0);
}

#[test]
fn lost_calls_that_are_not_held_are_noticed() {
    assert!(noticed(Some(Mistake::NeverHolds)) > 0);
}

#[test]
fn a_window_that_is_too_short_is_noticed() {
    assert!(noticed(Some(Mistake::ShortWindow)) > 0);
}

#[test]
fn a_limit_that_is_off_by_one_is_noticed() {
    assert!(noticed(Some(Mistake::OneTooMany)) > 0);
}
