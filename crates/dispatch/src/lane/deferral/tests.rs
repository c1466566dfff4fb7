//! The promises of the lanes, by trying everything an adversary could do to them.

use std::collections::BTreeSet;

use super::*;

/// All sets of eligible lanes with at least one.
fn eligible_sets() -> impl Iterator<Item = Waiting> {
    (1..8).map(|bits| Waiting::new([bits & 1 != 0, bits & 2 != 0, bits & 4 != 0]))
}

fn bounds(medium: u32, batch: u32) -> MaxDeferrals {
    let bound = |most| DeferralBound::at_most(most).unwrap();
    MaxDeferrals {
        medium: bound(medium),
        batch: bound(batch),
    }
}

/// What a bystander sees of the lanes: how often each was passed in a row while eligible, and who
/// started lately.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Bystander {
    passed: [u64; 3],
    /// For each recent start at which HIGH was eligible without interruption, whether it was
    /// HIGH's.
    high: Vec<bool>,
}

impl Bystander {
    fn sees(&mut self, started: Priority, eligible: Waiting, smallest: u32) {
        for lane in Priority::ALL {
            let passed = eligible.has(lane) && lane != started;
            self.passed[lane.index()] = if passed {
                self.passed[lane.index()] + 1
            } else {
                0
            };
        }
        if eligible.has(Priority::High) {
            self.high.push(started == Priority::High);
            let extra = self.high.len().saturating_sub(smallest as usize + 2);
            self.high.drain(..extra);
        } else {
            self.high.clear();
        }
    }

    fn is_content(&self, medium: u32, batch: u32) -> bool {
        let smallest = medium.min(batch) as usize;
        let kept = self.high.iter().filter(|high| **high).count();
        self.passed[Priority::Medium.index()] < u64::from(medium) + 2
            && self.passed[Priority::Batch.index()] < u64::from(batch) + 2
            && (self.high.len() < smallest + 2 || kept >= smallest)
    }
}

/// The lanes without the numbers that only grow, so that equal situations are found again.
type Situation = (Bystander, [u64; 2], [bool; 2], bool, [u64; 2]);

fn situation(lanes: &Lanes, bystander: &Bystander, smallest: u32) -> Situation {
    let due = [lanes.lanes[1].due_since, lanes.lanes[2].due_since];
    let forgotten = u64::from(smallest) + 3;
    let age =
        |start: Option<u64>| start.map_or(forgotten, |start| (lanes.starts - start).min(forgotten));
    (
        bystander.clone(),
        [lanes.lanes[1].deferrals, lanes.lanes[2].deferrals],
        due.map(|due| due.is_some()),
        due[0] <= due[1],
        lanes.past_high.map(age),
    )
}

#[test]
fn whatever_arrives_no_lane_waits_beyond_its_bound_and_high_keeps_its_share() {
    for medium in 1..=4 {
        for batch in medium..=8 {
            let bounds = bounds(medium, batch);
            let mut seen = BTreeSet::new();
            let mut open = vec![(Lanes::default(), Bystander::default())];
            while let Some((lanes, bystander)) = open.pop() {
                for eligible in eligible_sets() {
                    let (mut lanes, mut bystander) = (lanes.clone(), bystander.clone());
                    let started = lanes.first(eligible, &bounds).unwrap();
                    lanes.started(started, eligible, &bounds);
                    bystander.sees(started, eligible, medium);
                    assert!(
                        bystander.is_content(medium, batch),
                        "bounds {medium} and {batch}: {bystander:?} after {lanes:?}"
                    );
                    if seen.insert(situation(&lanes, &bystander, medium)) {
                        open.push((lanes, bystander));
                    }
                }
            }
            assert!(
                seen.len() > 20,
                "the search ended early: {} situations",
                seen.len()
            );
        }
    }
}

/// The lanes that start, one letter each, while all three are always eligible.
fn saturated(bounds: &MaxDeferrals, starts: usize) -> String {
    let mut lanes = Lanes::default();
    let mut order = String::new();
    for _ in 0..starts {
        let lane = lanes.first(Waiting::ALL, bounds).unwrap();
        lanes.started(lane, Waiting::ALL, bounds);
        order.push_str(&lane.as_str()[..1]);
    }
    order
}

#[test]
fn under_full_load_both_lower_lanes_start_once_in_each_round() {
    assert_eq!(saturated(&bounds(3, 3), 15), "HHHMBHHHMBHHHMB");
    assert_eq!(saturated(&bounds(1, 1), 9), "HMBHMBHMB");
}

#[test]
fn unequal_bounds_give_unequal_shares() {
    assert_eq!(saturated(&bounds(2, 5), 18), "HHMHHMBHHMHHMBHHMH");
}

#[test]
fn batch_uses_a_start_that_high_does_not_want_before_it_is_due() {
    let bounds = bounds(20, 20);
    let mut lanes = Lanes::default();
    let lower = Waiting::NONE.with(Priority::Medium).with(Priority::Batch);
    let mut order = String::new();
    for _ in 0..33 {
        let lane = lanes.first(lower, &bounds).unwrap();
        lanes.started(lane, lower, &bounds);
        order.push_str(&lane.as_str()[..1]);
    }
    let round = format!("{}B", "M".repeat(15));
    assert_eq!(order, format!("{round}{round}M"));
    // HIGH comes just then: it goes first, and so it does five times before BATCH is due.
    let mut lanes = Lanes::default();
    for _ in 0..15 {
        lanes.started(Priority::Medium, lower, &bounds);
    }
    let mut order = String::new();
    for _ in 0..7 {
        let lane = lanes.first(Waiting::ALL, &bounds).unwrap();
        lanes.started(lane, Waiting::ALL, &bounds);
        order.push_str(&lane.as_str()[..1]);
    }
    assert_eq!(order, "HHHHHBH");
}

#[test]
fn an_unlimited_bound_is_strict_priority() {
    let strict = MaxDeferrals::both(DeferralBound::Unlimited);
    assert_eq!(saturated(&strict, 50), "H".repeat(50));
}

#[test]
fn a_backlog_that_was_passed_for_long_is_not_promoted_all_at_once() {
    let bounds = bounds(2, 2);
    let mut lanes = Lanes::default();
    let high_and_batch = Waiting::NONE.with(Priority::High).with(Priority::Batch);
    let mut order = String::new();
    for _ in 0..9 {
        let lane = lanes.first(high_and_batch, &bounds).unwrap();
        lanes.started(lane, high_and_batch, &bounds);
        order.push_str(&lane.as_str()[..1]);
    }
    assert_eq!(order, "HHBHHBHHB");
}

#[test]
fn a_lane_that_is_not_eligible_is_neither_passed_nor_due() {
    let bounds = bounds(2, 2);
    let mut lanes = Lanes::default();
    let high = Waiting::NONE.with(Priority::High);
    for _ in 0..10 {
        lanes.started(Priority::High, high, &bounds);
    }
    assert_eq!(lanes.totals(), [0, 0, 0]);
    for _ in 0..2 {
        lanes.started(Priority::High, Waiting::ALL, &bounds);
    }
    assert_eq!(
        lanes.first(high, &bounds),
        Some(Priority::High),
        "BATCH is due, but not eligible"
    );
    assert_eq!(lanes.first(Waiting::NONE, &bounds), None);
}

#[test]
fn deferrals_are_counted_in_all_and_since_the_last_start() {
    let bounds = bounds(2, 5);
    let mut lanes = Lanes::default();
    for lane in [
        Priority::High,
        Priority::High,
        Priority::Medium,
        Priority::Batch,
    ] {
        lanes.started(lane, Waiting::ALL, &bounds);
    }
    assert_eq!(lanes.totals(), [0, 2, 3]);
    assert_eq!(lanes.lanes.each_ref().map(|lane| lane.deferrals), [0, 0, 0]);
}
