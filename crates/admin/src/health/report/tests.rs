//! Health reports from hand-made samples.

use super::*;
use rampmeter_dispatch::{Explanation, Scope, Trouble};
use rampmeter_engine::LimitState;
use rampmeter_engine::{FailureFigures, Histogram, OUTCOMES, TargetCounts, WorkflowFigures};
use std::collections::VecDeque;
use std::time::Duration;

const NOW: UnixMillis = UnixMillis(1_000_000);

fn target() -> TargetSample {
    let state = TargetState {
        name: "erp".to_owned(),
        allowed: Vec::new(),
        limits: vec![LimitState {
            name: "account".to_owned(),
            kind: "concurrency",
            per_ms: None,
            used: 0,
            max: 2,
            reserved: [0; 3],
            shares: [None; 3],
            pace: None,
            held: 0,
            learned_ceiling: None,
            configured: None,
            expires_at: None,
            reaches_per_second: None,
            nominal_per_second: None,
            counts: None,
            keys: None,
            vendor_may_count: None,
        }],
        waiting: [0; 3],
        in_flight: 0,
        held: 0,
        deferrals: [0; 3],
        paused: Vec::new(),
        planned_pauses: Vec::new(),
        mean_call: None,
        throttles: 0,
        throttles_under_our_limit: 0,
        reused_keys: 0,
        closed_by_headers: 0,
        vendor: None,
        errors: None,
        first: [None, None, None],
        at: NOW.into(),
        vendor_limits: Vec::new(),
        contended: Vec::new(),
    };
    TargetSample {
        state,
        oldest_ms: [None; 3],
        jobs: 0,
        dead_letters: 0,
        counts: TargetCounts::default(),
        answers: [0; OUTCOMES.len()],
    }
}

fn sample(target: TargetSample) -> Sample {
    Sample {
        at: NOW,
        targets: vec![target],
        ..Sample::default()
    }
}

fn told(verdict: &HealthReport) -> Value {
    verdict.to_json(Path::new("/data"))
}

fn waiting(oldest_ms: u64) -> TargetSample {
    let mut target = target();
    target.state.waiting = [0, 3, 0];
    target.oldest_ms[1] = Some(oldest_ms);
    target
}

/// A sample from so many seconds ago.
fn ago(seconds: i64, sample: Sample) -> Sample {
    Sample {
        at: UnixMillis(NOW.0 - seconds * 1_000),
        ..sample
    }
}

/// The report on a target that was as `before` a minute ago, when it became known.
fn judged(target: TargetSample, before: Option<TargetSample>) -> HealthReport {
    let before = before.map(|before| ago(60, sample(before)));
    judged_after(&sample(target), before)
}

fn judged_after(sample: &Sample, kept: impl IntoIterator<Item = Sample>) -> HealthReport {
    let kept: VecDeque<Sample> = kept.into_iter().collect();
    judge(&Objectives::default(), sample, History::latest(&kept), NOW)
}

#[test]
fn a_server_with_nothing_to_do_is_well() {
    let verdict = judged(target(), None);
    assert!(verdict.well());
    assert_eq!((verdict.succeeding, verdict.notices.len()), (None, 0));
}

#[test]
fn a_lane_that_waits_while_nothing_is_answered_does_not_flow() {
    assert!(judged(waiting(90_000), Some(waiting(30_000))).stuck.len() == 1);
    // Some calls were answered in that minute.
    let mut answered = waiting(90_000);
    answered.answers[0] = 1;
    assert!(judged(answered, Some(waiting(30_000))).stuck.is_empty());
    // There is no sample from a minute ago.
    assert!(judged(waiting(90_000), None).stuck.is_empty());
    assert!(judged(waiting(59_000), Some(waiting(1))).stuck.is_empty());
}

#[test]
fn an_objective_decides_where_there_is_one_and_what_the_engine_says_holds_the_lane_is_told() {
    let slo = Slo {
        wait_p95: None,
        oldest: Some(Duration::from_secs(5)),
    };
    let objectives = Objectives(BTreeMap::from([(Priority::Medium, slo)]));
    let mut late = waiting(6_000);
    // The limit has room, but the share is used up.
    let share = Holder::Share {
        limit: "account".to_owned(),
        priority: Priority::Medium,
        used: 1,
        max: 1,
    };
    late.state.first[1] = Some(Explanation::by_host(share, None, None));
    let none = VecDeque::new();
    let verdict = judge(&objectives, &sample(late), History::latest(&none), NOW);
    let [stuck] = &verdict.stuck[..] else {
        panic!("{verdict:?}");
    };
    assert_eq!(stuck.objective_ms, Some(5_000));
    let words =
        "limit account: 1 of the 1 places of the MEDIUM share used, until a call is answered";
    assert_eq!(stuck.held_by.as_deref(), Some(words));
    let told = &told(&verdict)["stuck"][0];
    assert_eq!(
        (&told["why"], &told["holder"]),
        (&words.into(), &"share".into())
    );
    assert!(
        told["text"]
            .as_str()
            .unwrap()
            .ends_with(&format!("; held by {words}"))
    );
    let in_time = judge(
        &objectives,
        &sample(waiting(5_000)),
        History::latest(&none),
        NOW,
    );
    assert!(in_time.well());
}

#[test]
fn a_target_that_the_vendor_closed_is_a_notice_in_the_words_of_the_explanation() {
    let mut closed = target();
    let until = Some(Time::from_millis(NOW.0 + 30_000));
    closed.state.vendor = Some(Explanation::by_host(Holder::VendorPause, None, until));
    closed.state.paused = vec!["MEDIUM"];
    assert_eq!(
        judged(closed, None).notices,
        [
            "erp MEDIUM is paused",
            "erp is held by the vendor, which closed the target for another 30.0 s"
        ]
    );
}

#[test]
fn a_target_whose_vendor_is_away_is_unwell_at_once_and_tells_why_since_when_and_what_to_do() {
    let mut away = waiting(10);
    let held_by = Holder::Trouble {
        kind: Trouble::Unreachable,
        probes: 3,
    };
    let (since, next) = (
        Time::from_millis(NOW.0 - 90_000),
        Time::from_millis(NOW.0 + 8_000),
    );
    away.state.vendor = Some(Explanation::by_host(held_by, Some(since), Some(next)));
    away.state.errors = Some(TargetErrors {
        last: "connection refused".to_owned(),
        at: Time::from_millis(NOW.0 - 2_000),
        since: Some(since),
        in_last_minute: 4,
    });
    let verdict = judged(away, None);
    assert!(!verdict.well());
    assert_eq!(verdict.notices, Vec::<String>::new());
    let told = &told(&verdict)["closed"][0];
    assert_eq!(told["holder"], "unreachable");
    assert_eq!(told["next"], "rampmeter target ping erp");
    assert_eq!(
        told["text"],
        "erp: held by the vendor, which cannot be reached, for 90.0 s so far; the next probe leaves in 8.0 s; \
         the last error, 2.0 s ago: connection refused; errors in the last minute: 4"
    );
}

#[test]
fn a_lane_that_a_person_paused_is_paused_and_not_stuck() {
    let mut paused = waiting(90_000);
    paused.state.paused = vec!["MEDIUM"];
    let pause = Holder::Pause {
        scope: Scope::Lane(Priority::Medium),
        reason: None,
    };
    paused.state.first[1] = Some(Explanation::by_host(pause, None, None));
    let verdict = judged(paused, Some(waiting(30_000)));
    assert!(verdict.well());
    assert_eq!(verdict.notices, ["erp MEDIUM is paused"]);
}

#[test]
fn one_bad_answer_of_a_quiet_target_is_well_and_so_is_a_target_that_has_recovered() {
    let mut quiet = target();
    quiet.answers = [0, 1, 0, 0, 0, 0];
    assert!(judged(quiet, None).well());
    let (mut first, mut minute_ago, mut now) = (target(), target(), target());
    first.answers = [0; OUTCOMES.len()];
    minute_ago.answers = [0, 0, 0, 50, 0, 0];
    now.answers = [30, 0, 0, 50, 0, 0];
    let kept = [ago(300, sample(first)), ago(60, sample(minute_ago))];
    assert!(judged_after(&sample(now.clone()), kept.clone()).well());
    // And it stays so when no more calls are made.
    let quiet = [100, 80, 20].map(|seconds| ago(seconds, sample(now.clone())));
    let [first, minute_ago] = kept;
    let kept = [first, ago(170, minute_ago)].into_iter().chain(quiet);
    assert!(judged_after(&sample(now), kept).well());
}

#[test]
fn success_is_counted_since_the_oldest_sample_and_without_throttles() {
    let (mut first, mut now) = (target(), target());
    first.answers = [10, 5, 0, 0, 0, 0];
    now.answers = [28, 7, 50, 0, 0, 0];
    let verdict = judged(now.clone(), Some(first));
    assert_eq!(verdict.succeeding, Some(0.9));
    assert!(!verdict.well());
    now.answers = [28, 0, 50, 0, 0, 0];
    assert_eq!(judged(now, None).succeeding, Some(1.0));
}

#[test]
fn an_old_sample_is_not_the_truth_of_now() {
    let (none, later) = (VecDeque::new(), UnixMillis(NOW.0 + 10_001));
    let verdict = judge(
        &Objectives::default(),
        &sample(target()),
        History::latest(&none),
        later,
    );
    assert!(!verdict.well());
    assert_eq!(told(&verdict)["fresh"], false);
}

#[test]
fn what_else_a_person_should_know_is_told() {
    let mut target = target();
    target.dead_letters = 1;
    target.state.throttles_under_our_limit = 2;
    target.state.reused_keys = 3;
    target.state.limits[0].configured = Some(4);
    let notices = judged(target, None).notices;
    assert!(notices[0].contains("erp/account is 2 by hand instead of 4"));
    assert!(notices[1].contains("someone else uses the account"));
    assert!(notices[2].contains("3 of our calls carried the IdempotencyKey of another one"));
    assert_eq!(notices[3], "erp has 1 dead letter");
}

#[test]
fn what_cannot_be_read_is_named() {
    let mut sample = sample(target());
    assert_eq!(damaged(&sample), None);
    sample.damaged = (1..=5)
        .map(|number| format!("message c-{number}"))
        .collect();
    let told = damaged(&sample).unwrap();
    assert!(
        told.ends_with("message c-1, message c-2, message c-3, and 2 more"),
        "{told}"
    );
}

#[test]
fn a_vendor_that_is_slower_than_the_timeout_is_told_apart_from_one_that_refuses() {
    let mut slow = target();
    slow.answers = [10, 1, 0, 0, 9, 0];
    let verdict = judged(slow, None);
    assert!(!verdict.well());
    let failing = &told(&verdict)["failing"][0];
    assert_eq!(
        failing["text"],
        "erp: 10 of 20 calls went wrong, 9 without an answer in time"
    );
    assert_eq!(failing["next"], "rampmeter target show erp");
    let hint = failing["hint"].as_str().unwrap();
    assert!(hint.contains("`timeout` of [targets.erp]"), "{hint}");
    assert!(hint.contains("rampmeter limit set erp/LIMIT MAX"), "{hint}");

    let mut refusing = target();
    refusing.answers = [10, 9, 0, 0, 1, 0];
    let failing = &told(&judged(refusing, None))["failing"][0];
    let hint = failing["hint"].as_str().unwrap();
    assert!(hint.contains("rampmeter dlq list --target erp"), "{hint}");
}

#[test]
fn refused_credentials_are_put_right_where_the_target_reads_them() {
    let mut refused = target();
    let held_by = Holder::Trouble {
        kind: Trouble::SignInRefused,
        probes: 3,
    };
    refused.state.vendor = Some(Explanation::by_host(held_by, None, None));
    let closed = &told(&judged(refused, None))["closed"][0];
    assert_eq!(closed["next"], "rampmeter target ping erp");
    let hint = closed["hint"].as_str().unwrap();
    assert!(hint.contains("`auth` of [targets.erp]"), "{hint}");
}

fn ended(succeeded: u64, failed: u64) -> Sample {
    let failure = FailureFigures {
        error: "Http.StatusCode.400".to_owned(),
        count: failed,
        last_at: UnixMillis(NOW.0 - 3_000),
        last_execution: "arn:aws:states:eu-central-1:000000000000:execution:orders:o-7".to_owned(),
    };
    let orders = WorkflowFigures {
        workflow: "orders".to_owned(),
        ended: [succeeded, failed, 0, 0],
        durations: Histogram::default(),
        failures: (failed > 0).then_some(failure).into_iter().collect(),
    };
    Sample {
        workflows: vec![orders],
        ..sample(target())
    }
}

#[test]
fn failed_executions_are_named_by_workflow_and_error_with_the_next_step() {
    let verdict = judged_after(&ended(8, 4), None);
    assert!(!verdict.well());
    let told = told(&verdict);
    let failed = &told["executions"][0];
    assert_eq!(
        failed["text"],
        "orders: 4 executions failed with Http.StatusCode.400, of 12 that ended; the last one 3.0 s ago"
    );
    let next = "rampmeter exec show arn:aws:states:eu-central-1:000000000000:execution:orders:o-7";
    assert_eq!(failed["next"], next);
    let hint = failed["hint"].as_str().unwrap();
    assert!(
        hint.ends_with("exec redrive --workflow orders --error Http.StatusCode.400 --rate 2/s"),
        "{hint}"
    );
    assert_eq!(told["succeeding"], false);
}

#[test]
fn one_failed_execution_is_told_and_well_and_old_ones_are_forgotten() {
    let verdict = judged_after(&ended(0, 1), None);
    assert!(verdict.well());
    assert_eq!(
        (verdict.executions.len(), verdict.executions[0].count),
        (1, 1)
    );
    // These had failed before the earliest sample.
    let verdict = judged_after(&ended(0, 4), [ago(900, ended(0, 4))]);
    assert!(verdict.well());
    assert_eq!(verdict.executions, []);
}

#[test]
fn what_failed_before_the_first_sample_of_a_young_process_is_told() {
    let kept = VecDeque::from([ago(5, ended(0, 4))]);
    let young = judge(
        &Objectives::default(),
        &ended(0, 4),
        History::whole(&kept),
        NOW,
    );
    assert!(!young.well());
    assert_eq!(young.executions[0].count, 4);
}

#[test]
fn a_workflow_that_succeeds_again_is_well_within_a_minute() {
    let kept = [ago(300, ended(0, 0)), ago(60, ended(0, 9))];
    let verdict = judged_after(&ended(5, 9), kept);
    assert!(verdict.well());
    assert_eq!(
        (verdict.executions.len(), verdict.executions[0].fails),
        (1, false)
    );
}

#[test]
fn a_disk_that_is_nearly_full_is_unwell_before_it_is_full_and_nothing_is_to_be_deleted() {
    let mut full = sample(target());
    full.disk = Some(Disk {
        free: 1 << 20,
        total: 1 << 30,
    });
    let verdict = judged_after(&full, None);
    assert!(!verdict.well());
    let disk = &told(&verdict)["disk"];
    assert_eq!(disk["next"], "df -h /data");
    assert!(
        disk["hint"]
            .as_str()
            .unwrap()
            .contains("delete nothing in the data directory")
    );
}

#[test]
fn dead_letters_that_a_workflow_took_up_are_nobodys_work() {
    let mut caught = target();
    caught.dead_letters = 5;
    caught.counts.handled_dead_letters = 5;
    let notices = judged(caught.clone(), None).notices;
    assert_eq!(
        notices,
        ["erp has 5 dead letters whose failure a Retry or a Catch took up"]
    );
    caught.dead_letters = 7;
    let notices = judged(caught, None).notices;
    assert_eq!(notices[0], "erp has 2 dead letters");
}

#[test]
fn calls_in_back_off_are_told_where_nothing_waits() {
    let mut later = target();
    later.counts.delayed = [1, 0, 3];
    assert_eq!(
        judged(later, None).notices,
        ["erp has 4 calls in back-off or delayed"]
    );
}
