//! What survives when a gate is restored or is given other rules.

use rampmeter_dispatch::{
    Decision, DeferralBound, Gate, Limit, MaxDeferrals, Memory, OpenPermit, Priority, Rules, Scope,
    Throttle, Waiting, WindowRow,
};

use crate::scenarios::{MINUTE, at, fill, for_all, gate, rules};

#[test]
fn what_was_learned_survives_a_restart_that_recalls_it() {
    let limits = [Limit::concurrency("account", 3)];
    let mut before = gate(limits.clone());
    before
        .feedback(at(0))
        .throttled(1, for_all(Throttle::Concurrency { retry_after: None }), 0);
    before.feedback(at(0)).throttled(
        1,
        for_all(Throttle::Window {
            retry_after: Some(MINUTE),
        }),
        0,
    );
    before.pause(Scope::Lane(Priority::Batch));
    let mut after = Gate::restore(rules(limits), Vec::new(), Vec::new(), at(1));
    assert_eq!(after.memory(), Memory::default());
    after.recall(before.memory());
    assert_eq!(after.memory(), before.memory());
    assert_eq!(after.view(at(1)).learned_ceiling(), Some(2));
    assert_eq!(
        after.decide(Waiting::ALL, at(1)),
        Decision::NotBefore(Some(at(60)))
    );
}

#[test]
fn rows_of_a_former_larger_limit_still_count_and_give_way_one_by_one() {
    let mut before = gate([Limit::window("minute", 5, MINUTE)]);
    fill(&mut before, Priority::High, at(0));
    let rows: Vec<WindowRow> = (1..=5).flat_map(|id| before.finish(id, at(id))).collect();
    let mut after = Gate::restore(
        rules([Limit::window("minute", 2, MINUTE)]),
        Vec::new(),
        rows,
        at(6),
    );
    assert_eq!(after.view(at(6)).usage()[0].used, 5);
    assert_eq!(
        after.decide(Waiting::ALL, at(6)),
        Decision::NotBefore(Some(at(64))),
        "four must go first"
    );
    assert_eq!(fill(&mut after, Priority::High, at(64)), 1);
    let rows = after.finish(1, at(64));
    assert!(rows[0].slot != 4, "slot 4 still cools");
}

#[test]
fn other_rules_hold_at_once_and_keep_what_is_out_and_what_cools() {
    let mut gate = gate([
        Limit::concurrency("account", 5),
        Limit::window("minute", 5, MINUTE),
    ]);
    assert_eq!(fill(&mut gate, Priority::High, at(0)), 5);
    let rows: Vec<WindowRow> = (1..=2).flat_map(|id| gate.finish(id, at(id))).collect();
    let lower = rules([
        Limit::concurrency("account", 2),
        Limit::window("minute", 5, MINUTE),
    ]);
    gate.amend(lower, at(3));
    assert_eq!(gate.view(at(3)).rows(), rows);
    assert_eq!((gate.in_flight(), gate.held()), (3, 0));
    assert_eq!(
        gate.view(at(3))
            .usage()
            .iter()
            .map(|limit| limit.used)
            .collect::<Vec<_>>(),
        [3, 5]
    );
    gate.amend(rules([Limit::window("minute", 6, MINUTE)]), at(3));
    assert_eq!(
        gate.decide(Waiting::ALL, at(3)),
        Decision::Start(Priority::High)
    );
    gate.finish(3, at(4));
    assert_eq!(
        gate.view(at(61)).rows().len(),
        2,
        "the first place is free again"
    );
}

fn bounded(most: u32) -> Rules {
    let bound = DeferralBound::at_most(most).expect("it is not 0");
    Rules {
        limits: Vec::new(),
        max_deferrals: MaxDeferrals::both(bound),
        ..Rules::default()
    }
}

#[test]
fn a_lane_that_is_within_its_new_bound_is_not_due_any_more() {
    let mut gate = Gate::new(bounded(1), at(0));
    gate.start(1, Priority::High, Waiting::ALL, at(0));
    assert_eq!(
        gate.decide(Waiting::ALL, at(0)),
        Decision::Start(Priority::Medium)
    );
    gate.amend(bounded(2), at(0));
    assert_eq!(
        gate.decide(Waiting::ALL, at(0)),
        Decision::Start(Priority::High)
    );
    gate.amend(bounded(1), at(0));
    assert_eq!(
        gate.decide(Waiting::ALL, at(0)),
        Decision::Start(Priority::Medium)
    );
}

#[test]
fn deferrals_survive_a_restart_and_are_held_to_the_bounds_of_the_new_rules() {
    let mut before = Gate::new(bounded(1), at(0));
    before.start(1, Priority::High, Waiting::ALL, at(0));
    for (most, first) in [(1, Priority::Medium), (2, Priority::High)] {
        let mut after = Gate::new(bounded(most), at(0));
        after.recall(before.memory());
        assert_eq!(after.deferrals(), [0, 1, 1]);
        assert_eq!(after.decide(Waiting::ALL, at(0)), Decision::Start(first));
    }
}

#[test]
fn a_clock_that_went_back_across_the_restart_stands_still() {
    let open = OpenPermit {
        id: 1,
        priority: Priority::High,
        started_at: at(50),
        held_until: at(60),
        charges: Default::default(),
    };
    let limits = [Limit::window("minute", 1, MINUTE)];
    let mut gate = Gate::restore(rules(limits), vec![open], Vec::new(), at(0));
    let rows = gate.finish(1, at(1));
    assert_eq!(
        rows[0].until,
        at(110),
        "the call was answered after it started"
    );
}

#[test]
fn rows_and_permits_of_limits_that_are_gone_do_no_harm() {
    let row = WindowRow {
        limit: "gone".to_owned(),
        slot: u32::MAX,
        until: at(99),
        count: u32::MAX,
        key: None,
    };
    let corrupt = WindowRow {
        limit: "minute".to_owned(),
        ..row
    };
    let open = OpenPermit {
        id: 7,
        priority: Priority::High,
        started_at: at(50),
        held_until: at(60),
        charges: Default::default(),
    };
    let limits = [Limit::window("minute", 2, MINUTE)];
    let mut gate = Gate::restore(rules(limits), vec![open], vec![row, corrupt], at(0));
    assert_eq!(
        gate.decide(Waiting::ALL, at(1)),
        Decision::NotBefore(Some(at(99)))
    );
    assert_eq!(gate.release_holds(at(60)).len(), 1);
}
