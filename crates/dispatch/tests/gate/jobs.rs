//! Calls that the vendor accepts and works on in the background: what a limit that counts jobs admits, and that the jobs
//! can always be polled.

use std::time::Duration;

use proptest::prelude::*;
use rampmeter_dispatch::{
    Counts, Decision, Gate, Limit, Priority, Reserve, Rules, RulesError, Share, Time, Waiting,
};

const SECOND: Duration = Duration::from_secs(1);

fn at(seconds: i64) -> Time {
    Time::from_millis(seconds * 1_000)
}

fn limit(counts: Counts, max: u32) -> Limit {
    Limit {
        counts,
        ..Limit::concurrency("account", max)
    }
}

fn gate(limits: Vec<Limit>) -> Gate {
    let rules = Rules {
        limits,
        ..Rules::default()
    };
    rules.validate().expect("the rules make sense");
    Gate::new(rules, at(0))
}

fn batch() -> Waiting {
    Waiting::NONE.with(Priority::Batch)
}

fn poll() -> Waiting {
    Waiting::NONE.with_poll(Priority::Batch)
}

fn start(gate: &mut Gate, id: i64, waiting: Waiting, now: i64) -> bool {
    if gate.decide(waiting, at(now)) != Decision::Start(Priority::Batch) {
        return false;
    }
    gate.start(id, Priority::Batch, waiting, at(now));
    true
}

#[test]
fn a_limit_on_requests_is_free_when_the_call_was_accepted() {
    let mut gate = gate(vec![limit(Counts::Requests, 1)]);
    assert!(start(&mut gate, 1, batch(), 0));
    assert!(!gate.counts_jobs());
    gate.finish(1, at(1));
    assert!(start(&mut gate, 2, poll(), 1));
    assert!(!start(&mut gate, 3, batch(), 1), "a poll is a request");
    gate.finish(2, at(2));
    assert!(start(&mut gate, 3, batch(), 2));
}

#[test]
fn a_limit_on_jobs_keeps_the_place_until_the_job_has_ended_and_polls_take_none() {
    let mut gate = gate(vec![
        limit(Counts::Jobs, 2),
        Limit::window("second", 100, SECOND),
    ]);
    assert!(gate.counts_jobs());
    for id in [1, 2] {
        assert!(start(&mut gate, id, batch(), 0));
        assert_eq!(gate.accepted(id, at(1)).len(), 1, "the request was counted");
    }
    assert_eq!(gate.in_flight(), 0);
    assert!(!start(&mut gate, 3, batch(), 2), "two jobs run");
    for id in 10..15 {
        assert!(start(&mut gate, id, poll(), 2));
    }
    assert!(
        gate.finish(1, at(2)).is_empty(),
        "its request is over already"
    );
    assert!(start(&mut gate, 3, batch(), 2));
}

#[test]
fn a_limit_on_both_keeps_a_place_for_the_polls() {
    let mut gate = gate(vec![limit(Counts::RequestsAndJobs, 3)]);
    for id in [1, 2] {
        assert!(start(&mut gate, id, batch(), 0));
        gate.accepted(id, at(1));
    }
    assert!(!start(&mut gate, 3, batch(), 1));
    assert!(start(&mut gate, 4, poll(), 1));
    assert!(!start(&mut gate, 5, poll(), 1), "three places are taken");
    gate.finish(4, at(2));
    gate.finish(1, at(2));
    assert!(start(&mut gate, 6, batch(), 2));
}

#[test]
fn a_job_that_fills_the_share_of_its_priority_can_be_asked_after() {
    let mut gate = gate(vec![Limit {
        share: Share {
            batch: Some(1),
            ..Share::default()
        },
        ..limit(Counts::RequestsAndJobs, 4)
    }]);
    assert!(start(&mut gate, 1, batch(), 0));
    gate.accepted(1, at(1));
    assert!(!start(&mut gate, 2, batch(), 1));
    assert!(start(&mut gate, 3, poll(), 1));
}

#[test]
fn a_job_keeps_its_place_over_a_restart() {
    let mut gate = gate(vec![limit(Counts::Jobs, 1)]);
    gate.restore_job(7, Priority::Batch, at(0));
    assert!(!start(&mut gate, 8, batch(), 1));
    gate.finish(7, at(2));
    assert!(start(&mut gate, 8, batch(), 2));
}

#[test]
fn a_limit_on_both_needs_room_for_a_call_and_a_poll() {
    let refused = |limit: Limit| {
        let rules = Rules {
            limits: vec![limit],
            ..Rules::default()
        };
        rules.validate()
    };
    assert_eq!(
        refused(limit(Counts::RequestsAndJobs, 1)),
        Err(RulesError::NoPlaceForPolls {
            name: "account".to_owned(),
            needed: 2
        })
    );
    let reserve = Reserve {
        high: 2,
        ..Reserve::default()
    };
    let reserved = Limit {
        reserve,
        ..limit(Counts::RequestsAndJobs, 3)
    };
    assert!(refused(reserved).is_err());
    assert!(refused(limit(Counts::Jobs, 1)).is_ok());
}

#[test]
fn a_lane_whose_next_call_is_a_poll_is_written_down_as_one() {
    let waiting = Waiting::NONE
        .with(Priority::High)
        .with_poll(Priority::Batch);
    let text = serde_json::to_string(&waiting).unwrap();
    assert_eq!(serde_json::from_str::<Waiting>(&text).unwrap(), waiting);
    assert_eq!(
        serde_json::to_string(&batch()).unwrap(),
        "[false,false,true]"
    );
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Call(Priority),
    Poll(Priority),
    /// A call in flight is answered: it became a job, or it did not.
    Answer(u8, bool),
    EndJob(u8),
}

fn step() -> impl Strategy<Value = Step> {
    let priority = || prop::sample::select(Priority::ALL.to_vec());
    prop_oneof![
        4 => priority().prop_map(Step::Call),
        3 => priority().prop_map(Step::Poll),
        4 => (any::<u8>(), any::<bool>()).prop_map(|(pick, job)| Step::Answer(pick, job)),
        1 => any::<u8>().prop_map(Step::EndJob),
    ]
}

/// Removes one of them, if there is any.
fn pick(ids: &mut Vec<i64>, pick: u8) -> Option<i64> {
    (!ids.is_empty()).then(|| ids.swap_remove(usize::from(pick) % ids.len()))
}

proptest! {
    /// The vendor counts requests and jobs for itself. Whatever happens, it never counts more than the limit, and
    /// whenever nothing is in flight, every lane can poll its job.
    #[test]
    fn no_limit_is_exceeded_and_no_job_is_stuck(
        counts in prop::sample::select(vec![Counts::Requests, Counts::Jobs, Counts::RequestsAndJobs]),
        (max, high) in (2_u32..8).prop_flat_map(|max| (Just(max), 0..=max - 2)),
        steps in prop::collection::vec(step(), 1..200),
    ) {
        let reserve = Reserve { high, ..Reserve::default() };
        let mut gate = gate(vec![Limit { reserve, ..limit(counts, max) }]);
        let (mut calls, mut polls, mut jobs) = (Vec::new(), Vec::new(), Vec::new());
        for (id, step) in (0_i64..).zip(steps) {
            let now = at(id);
            match step {
                Step::Call(lane) => {
                    let waiting = Waiting::NONE.with(lane);
                    if let Decision::Start(lane) = gate.decide(waiting, now) {
                        gate.start(id, lane, waiting, now);
                        calls.push(id);
                    }
                }
                Step::Poll(lane) => {
                    let waiting = Waiting::NONE.with_poll(lane);
                    if let Decision::Start(lane) = gate.decide(waiting, now) {
                        gate.start(id, lane, waiting, now);
                        polls.push(id);
                    }
                }
                Step::Answer(which, becomes_job) => {
                    if let Some(poll) = pick(&mut polls, which) {
                        gate.finish(poll, now);
                    } else if let Some(call) = pick(&mut calls, which) {
                        if becomes_job && gate.counts_jobs() {
                            gate.accepted(call, now);
                            jobs.push(call);
                        } else {
                            gate.finish(call, now);
                        }
                    }
                }
                Step::EndJob(which) => {
                    if let Some(job) = pick(&mut jobs, which) {
                        gate.finish(job, now);
                    }
                }
            }
            let (calls, polls, jobs) = (calls.len(), polls.len(), jobs.len());
            let counted = match counts {
                Counts::Requests => calls + polls,
                Counts::Jobs => calls + jobs,
                Counts::RequestsAndJobs => calls + polls + jobs,
            };
            prop_assert!(counted <= max as usize, "{counted} of {max}");
            if calls + polls == 0 {
                for lane in Priority::ALL {
                    let waiting = Waiting::NONE.with_poll(lane);
                    prop_assert_eq!(gate.decide(waiting, now), Decision::Start(lane));
                }
            }
        }
    }
}
