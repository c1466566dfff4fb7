//! Every way in which rules can be wrong, and the edges of what is right.

use std::time::Duration;

use super::*;
use crate::priority::Priority;

fn rules(limits: Vec<Limit>) -> Rules {
    Rules {
        limits,
        ..Rules::default()
    }
}

fn reserving(limit: Limit, high: u32, medium: u32, batch: u32) -> Limit {
    Limit {
        reserve: Reserve {
            high,
            medium,
            batch,
        },
        ..limit
    }
}

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn every_error_is_found_and_names_the_limit() {
    let name = || "x".to_owned();
    let micro = Duration::from_micros(1);
    let cases = [
        (
            vec![Limit::concurrency("", 1)],
            RulesError::NoName { position: 0 },
        ),
        (
            vec![Limit::concurrency("x", 1), Limit::window("x", 1, MINUTE)],
            RulesError::DuplicateName { name: name() },
        ),
        (
            vec![Limit::concurrency("x", 0)],
            RulesError::Zero {
                name: name(),
                what: "concurrency",
            },
        ),
        (
            vec![Limit::window("x", 0, MINUTE)],
            RulesError::Zero {
                name: name(),
                what: "calls",
            },
        ),
        (
            vec![Limit::window("x", 1 << 32, MINUTE)],
            RulesError::TooManyCalls {
                name: name(),
                calls: 1 << 32,
            },
        ),
        (
            vec![Limit::window("x", 1, MIN_WINDOW - micro)],
            RulesError::WindowTooShort {
                name: name(),
                per: MIN_WINDOW - micro,
            },
        ),
        (
            vec![Limit::window("x", 1, MAX_WINDOW + micro)],
            RulesError::WindowTooLong {
                name: name(),
                per: MAX_WINDOW + micro,
            },
        ),
        (
            vec![reserving(Limit::concurrency("x", 5), 4, 2, 0)],
            RulesError::ReserveOverLimit {
                name: name(),
                reserved: 6,
                max: 5,
            },
        ),
        (
            vec![reserving(
                Limit::window("x", 5, MINUTE),
                u32::MAX,
                u32::MAX,
                0,
            )],
            RulesError::ReserveOverLimit {
                name: name(),
                reserved: 2 * u64::from(u32::MAX),
                max: 5,
            },
        ),
        (
            vec![reserving(Limit::concurrency("x", 5), 0, 0, 1)],
            RulesError::ReserveForBatch { name: name() },
        ),
    ];
    for (limits, error) in cases {
        assert_eq!(rules(limits).validate(), Err(error));
    }
    assert_eq!(DeferralBound::at_most(0), Err(RulesError::ZeroDeferrals));
}

#[test]
fn the_edges_of_every_range_are_allowed() {
    let limits = vec![
        Limit::concurrency("one", 1),
        Limit::window("short", 1, MIN_WINDOW),
        Limit::window("long", u64::from(u32::MAX), MAX_WINDOW),
        reserving(Limit::concurrency("all kept", 5), 3, 2, 0),
    ];
    assert_eq!(rules(limits).validate(), Ok(()));
    assert_eq!(rules(Vec::new()).validate(), Ok(()));
}

#[test]
fn both_lower_lanes_have_twenty_deferrals_unless_told_otherwise_and_high_has_no_bound() {
    let bounds = Rules::default().max_deferrals;
    assert_eq!(
        bounds.of(Priority::Medium),
        DeferralBound::at_most(20).unwrap()
    );
    assert_eq!(
        bounds.of(Priority::Batch),
        DeferralBound::at_most(20).unwrap()
    );
    assert_eq!(bounds.of(Priority::High), DeferralBound::Unlimited);
}
