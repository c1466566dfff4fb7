//! Tests of the tests: each mistake must be noticed by the vendor, and the same runs without it
//! must not.

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use rampmeter_dispatch::{By, CountFrom, Pace, Rules, Tariff};

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

/// The same runs, where each tenant has every limit for itself.
fn runs_by_key() -> Vec<(Rules, Vec<Command>)> {
    let mut runs = runs();
    for limit in runs.iter_mut().flat_map(|(rules, _)| &mut rules.limits) {
        limit.pace = Pace::Burst;
        limit.tariff = Tariff {
            by: Some(By::Member("/tenant".to_owned())),
            ..Tariff::default()
        };
    }
    runs
}

/// In how many runs the vendor counts too many.
fn noticed(mistake: Option<Mistake>) -> usize {
    noticed_in(&runs(), mistake)
}

fn noticed_in(runs: &[(Rules, Vec<Command>)], mistake: Option<Mistake>) -> usize {
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

#[test]
fn a_call_that_is_charged_less_than_it_costs_is_noticed() {
    assert!(noticed(Some(Mistake::ChargesOnePlace)) > 0);
}

#[test]
fn a_call_that_is_charged_under_another_key_is_noticed() {
    assert!(noticed(Some(Mistake::ConfusesKeys)) > 0);
}

#[test]
fn a_call_that_a_limit_of_some_calls_leaves_out_wrongly_is_noticed() {
    assert!(noticed(Some(Mistake::LeavesCallsOut)) > 0);
}

#[test]
fn charges_of_permits_that_are_not_persisted_are_noticed() {
    assert!(noticed(Some(Mistake::ForgetsCharges)) > 0);
}

#[test]
fn rows_that_are_persisted_without_their_key_are_noticed() {
    assert_eq!(noticed_in(&runs_by_key(), None), 0);
    assert!(noticed_in(&runs_by_key(), Some(Mistake::ForgetsKeysOfRows)) > 0);
}
