//! Random runs with every check on.

use std::cell::RefCell;
use std::collections::BTreeSet;

use proptest::test_runner::{Config, RngSeed, TestCaseError, TestRunner};

use crate::agreement::SITUATIONS;
use crate::command::{KINDS, commands, rules};
use crate::world::World;

/// Runs of one test, and commands of one run: 204,800 steps. `PROPTEST_CASES` asks for more runs.
const RUNS: u32 = 1_024;
const LENGTH: usize = 200;

/// The same runs each time, unless `PROPTEST_RNG_SEED` says otherwise: a failure must be the fault
/// of the change at hand.
pub(crate) fn config(runs: u32) -> Config {
    let asked = Config::default();
    Config {
        cases: if std::env::var_os("PROPTEST_CASES").is_some() {
            asked.cases
        } else {
            runs
        },
        rng_seed: match asked.rng_seed {
            RngSeed::Random => RngSeed::Fixed(1),
            fixed @ RngSeed::Fixed(_) => fixed,
        },
        failure_persistence: None,
        max_shrink_iters: 20_000,
        ..asked
    }
}

#[test]
fn the_gate_says_what_the_oracle_says_and_the_vendor_never_counts_too_many() {
    let done = RefCell::new([0_u64; KINDS]);
    let seen = RefCell::new(BTreeSet::new());
    let mut runner = TestRunner::new(config(RUNS));
    let result = runner.run(&(rules(), commands(LENGTH)), |(rules, commands)| {
        let mut world = World::new(rules);
        world.run(&commands).map_err(TestCaseError::fail)?;
        for (all, new) in done.borrow_mut().iter_mut().zip(world.done) {
            *all += new;
        }
        seen.borrow_mut().extend(world.seen);
        Ok(())
    });
    if let Err(failure) = result {
        panic!("{failure}");
    }
    let done = done.into_inner();
    assert!(
        done.iter().all(|times| *times > 0),
        "a kind of command never did anything: {done:?}"
    );
    let unseen: Vec<_> = SITUATIONS
        .iter()
        .filter(|situation| !seen.borrow().contains(*situation))
        .collect();
    assert!(unseen.is_empty(), "these never happened: {unseen:?}");
}
