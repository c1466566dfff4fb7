//! What follows from polls of jobs, from the first to the last.

use std::path::Path;

use std::time::SystemTime;

use rampmeter_call::{Answer, Failed, OnUnknown, Outcome, Repeatable, Throttle};
use rampmeter_config::aws;
use rampmeter_dispatch::Whose;
use serde_json::{Value, json};

use super::*;

fn target() -> Target {
    let text = "[targets.t]\nbase_url = \"http://127.0.0.1:1\"\npreset = \"netsuite\"\n\
                jobs = { kind = \"netsuite\", initial = \"2s\", max = \"30s\", give_up = \"1d\" }\n";
    let config = aws::target(text, Path::new("t.toml"), "t", &Default::default());
    config.unwrap().targets.remove("t").unwrap()
}

fn answer(status: u16, body: Value) -> Answer {
    Answer {
        status,
        status_text: String::new(),
        headers: Vec::new(),
        body,
        ..Answer::default()
    }
}

fn at(seconds: i64) -> Time {
    Time::from_millis(seconds * 1_000)
}

fn job() -> Job {
    let path = "/services/rest/async/v1/job/7".to_owned();
    Job::accepted(FollowUp::at(None, path), at(1_000))
}

/// A poll, and the job after it. Failures are judged as the call's own trouble.
fn poll(job: Job, outcome: Outcome, seconds: i64) -> (Job, JobAction) {
    judged_look(job, outcome, Judgement::CALL, seconds)
}

fn judged_look(job: Job, outcome: Outcome, judgement: Judgement, seconds: i64) -> (Job, JobAction) {
    let target = target();
    let rules = target.call_rules(2, 0, u64::MAX, OnUnknown::Retry);
    let profile = &target.profile;
    let result = profile.poll_result(&job.follow_up, outcome, SystemTime::UNIX_EPOCH);
    let action = job.after_poll(&rules, result, judgement, at(seconds));
    (job, action)
}

fn pending() -> Outcome {
    Outcome::Success(answer(
        200,
        json!({"completed": false, "progress": "running"}),
    ))
}

fn again((job, polled): (Job, JobAction)) -> (Job, Duration) {
    match polled {
        JobAction::Again { follow_up, after } => (job.goes_on(follow_up), after),
        other => panic!("{other:?}"),
    }
}

fn failure((_, polled): (Job, JobAction)) -> Failed {
    match polled {
        JobAction::Failed(failed) => failed,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_job_is_looked_at_until_it_has_ended_and_its_result_is_the_answer_of_the_call() {
    let (job, after) = again(poll(job(), pending(), 1_002));
    assert_eq!(after, Duration::from_secs(4));
    let ended = Outcome::Success(answer(
        200,
        json!({"completed": true, "progress": "succeeded"}),
    ));
    let (job, after) = again(poll(job, ended, 1_006));
    assert_eq!(
        (job.follow_up.part, after),
        (rampmeter_call::job::Part::Tasks, Duration::ZERO)
    );
    let tasks = json!({"items": [{"links": [
        {"rel": "self", "href": "http://127.0.0.1:1/services/rest/async/v1/job/7/task/1"}]}]});
    let (job, after) = again(poll(job, Outcome::Success(answer(200, tasks)), 1_007));
    assert_eq!(after, Duration::ZERO);
    assert!(job.follow_up.path.ends_with("/task/1/result"), "{job:?}");
    let result = Outcome::Success(answer(200, json!({"id": 12})));
    let (_, JobAction::Done(answer)) = poll(job, result, 1_008) else {
        panic!("it has ended");
    };
    assert_eq!(answer.body, json!({"id": 12}));
}

#[test]
fn an_old_job_is_looked_at_less_often_so_that_its_message_is_not_received_too_often() {
    let target = target();
    let mut job = job();
    let (mut now, mut polls) = (1_000_000_u64, 0);
    let two_weeks = 14 * 24 * 3_600 * 1_000;
    while now < 1_000_000 + two_weeks {
        let time = Time::from_millis(i64::try_from(now).unwrap());
        job.polls = polls;
        let pause = job.pause(&target, time);
        assert!(
            pause <= Duration::from_secs(11 * 3_600),
            "SQS hides it so long"
        );
        now += u64::try_from(pause.as_millis()).unwrap();
        polls += 1;
    }
    assert!(polls < 400, "{polls}");
}

#[test]
fn a_job_that_does_not_end_is_given_up_and_nobody_says_that_it_was_not_done() {
    let failed = failure(poll(job(), pending(), 1_000 + 24 * 3_600));
    assert_eq!(failed.error, "Rampmeter.OutcomeUnknown");
    let reason = failed.reason.unwrap();
    assert!(reason.ends_with("has not ended for too long"), "{reason}");
    assert_eq!(failed.attempts, 2);
}

#[test]
fn a_look_that_comes_to_nothing_is_repeated_and_uses_up_no_attempt() {
    let nothing = || Outcome::Repeatable {
        reason: Repeatable::ServerError,
        answer: Some(answer(500, json!(""))),
        vendor_code: None,
    };
    let (job, first) = again(poll(job(), nothing(), 1_002));
    let (job, second) = again(poll(job, nothing(), 1_003));
    assert!(first > Duration::ZERO && second > first);
    assert_eq!(job.follow_up.misses, 2);
    let closed = Outcome::Throttled {
        kind: Throttle::Window,
        retry_after: None,
        for_all: false,
        answer: answer(429, json!("")),
        vendor_code: None,
    };
    let accounts = Judgement {
        whose: Whose::Account,
        closed_for: Some(Duration::from_secs(9)),
        ..Judgement::CALL
    };
    let (job, after) = again(judged_look(job, closed, accounts, 1_004));
    assert_eq!(
        after,
        Duration::ZERO,
        "the gate keeps it until the target opens"
    );
    let (job, _) = again(poll(job, pending(), 1_005));
    assert_eq!(job.follow_up.misses, 0);
}

#[test]
fn a_job_that_failed_fails_its_task_with_what_it_said() {
    let ended = Outcome::Success(answer(
        200,
        json!({"completed": true, "progress": "failed"}),
    ));
    let (job, _) = again(poll(job(), ended, 1_002));
    let (job, _) = again(poll(
        job,
        Outcome::Success(answer(
            200,
            json!({"items": [{"links": [
            {"rel": "self", "href": "http://127.0.0.1:1/services/rest/async/v1/job/7/task/1"}]}]}),
        )),
        1_003,
    ));
    let no = Outcome::Final {
        answer: answer(
            400,
            json!({"o:errorDetails": [{"o:errorCode": "USER_ERROR"}]}),
        ),
        vendor_code: Some("USER_ERROR".to_owned()),
    };
    let failed = failure(poll(job, no, 1_004));
    assert_eq!(failed.error, "Http.StatusCode.400");
    assert_eq!(failed.vendor_code.as_deref(), Some("USER_ERROR"));
    assert_eq!(failed.attempts, 3);
}

#[test]
fn what_is_remembered_of_a_job_is_read_back() {
    let job = job();
    let text = serde_json::to_string(&job).unwrap();
    assert_eq!(serde_json::from_str::<Job>(&text).unwrap(), job);
}
