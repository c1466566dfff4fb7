//! Jobs as vendors report them, and what is not a job.

use rampmeter_call::{Answer, Throttle, job::Polling};
use serde_json::{Value, json};
use url::Url;

use std::time::Duration;

use super::*;
use crate::job::{Jobs, MAX_MISSES};
use crate::vendor::Preset;

const JOB: &str = "/services/rest/async/v1/job/7";

fn profile(preset: Preset) -> Profile {
    let url = Url::parse("https://1.suitetalk.api.netsuite.com/").unwrap();
    let mut profile = Profile::new("netsuite", url, Duration::from_secs(60));
    profile.preset = preset;
    profile
}

fn monitored() -> Profile {
    let mut profile = profile(Preset::Http);
    profile.jobs = Some(Jobs::StatusMonitor);
    profile
}

fn answer(status: u16, headers: &[(&str, &str)], body: Value) -> Answer {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Answer {
        status,
        headers: headers.iter().map(own).collect(),
        body,
        ..Answer::default()
    }
}

fn success(body: Value) -> Outcome {
    Outcome::Success(answer(200, &[], body))
}

fn final_no(status: u16, body: Value) -> Outcome {
    Outcome::Final {
        answer: answer(status, &[], body),
        vendor_code: None,
    }
}

fn look(follow_up: &FollowUp, outcome: Outcome) -> PollResult {
    profile(Preset::NetSuite).poll_result(follow_up, outcome, SystemTime::UNIX_EPOCH)
}

fn wanted(profile: &Profile, answer: &Answer) -> Option<FollowUp> {
    profile.job_of(None, &Outcome::Success(answer.clone()))
}

fn next(look: PollResult) -> FollowUp {
    match look {
        PollResult::Next { follow_up, .. } => follow_up,
        other => panic!("{other:?}"),
    }
}

fn started() -> FollowUp {
    let accepted = answer(202, &[("location", JOB)], json!(""));
    wanted(&profile(Preset::NetSuite), &accepted).unwrap()
}

/// The place of the result of a job with one task that ended so.
fn at_result(well: bool) -> FollowUp {
    let word = if well { "succeeded" } else { "failed" };
    let job = json!({"completed": true, "progress": word});
    let tasks = next(look(&started(), success(job)));
    assert_eq!(tasks.path, format!("{JOB}/task"));
    let list = json!({"hasMore": false, "items": [{"id": "3"}]});
    next(look(&tasks, success(list)))
}

#[test]
fn a_job_is_followed_below_the_account_only() {
    let path = |status, location: &str| {
        let answer = answer(status, &[("location", location)], json!(""));
        wanted(&profile(Preset::NetSuite), &answer).map(|follow_up| follow_up.path)
    };
    let absolute = format!("https://1.suitetalk.api.netsuite.com{JOB}");
    assert_eq!(path(202, JOB).as_deref(), Some(JOB));
    assert_eq!(path(400, &absolute).as_deref(), Some(JOB));
    for location in [
        "https://evil.test/services/rest/async/v1/job/7",
        "//evil.test/async/v1/job/7",
        "/../async/v1/job/7",
        "/services/rest/record/v1/salesOrder/7",
        "",
    ] {
        assert_eq!(path(202, location), None, "{location}");
    }
    assert_eq!(path(204, JOB), None);
    let accepted = answer(202, &[("location", JOB)], json!(""));
    assert_eq!(wanted(&profile(Preset::Http), &accepted), None);
    let mut ignoring = profile(Preset::NetSuite);
    ignoring.jobs = Some(Jobs::None);
    assert_eq!(wanted(&ignoring, &accepted), None);
}

#[test]
fn a_location_is_read_as_one_of_the_host_and_followed_below_the_base_path() {
    let mut profile = monitored();
    profile.base_url = Url::parse("https://erp.test/sap/opu").unwrap();
    let path = |location: &str| {
        let answer = answer(202, &[("location", location)], json!(""));
        wanted(&profile, &answer).map(|follow_up| follow_up.path)
    };
    assert_eq!(path("/sap/opu/monitor/1").as_deref(), Some("/monitor/1"));
    assert_eq!(path("/other/monitor/1"), None);
}

#[test]
fn a_job_goes_on_until_it_says_that_it_has_ended() {
    for body in [
        json!({"completed": false, "progress": "pending"}),
        json!({"completed": false, "progress": "processing"}),
        json!("nonsense"),
    ] {
        let seen = look(&started(), success(body.clone()));
        assert_eq!(seen, PollResult::Pending { after: None }, "{body}");
    }
}

#[test]
fn the_links_of_a_job_lead_to_its_result() {
    let href = |path: &str| format!("https://1.suitetalk.api.netsuite.com{path}");
    let own = |path: &str| json!([{"rel": "self", "href": href(path)}]);
    let tasks = format!("{JOB}/task");
    let job = json!({"completed": true, "progress": "succeeded", "task": {"links": own(&tasks)}});
    let at_tasks = next(look(&started(), success(job)));
    assert_eq!(at_tasks.path, tasks);
    let list = json!({"items": [{"links": own(&format!("{tasks}/12"))}], "hasMore": false});
    let at_result = next(look(&at_tasks, success(list)));
    assert_eq!(at_result.path, format!("{tasks}/12/result"));
    assert_eq!(at_result.job, JOB);
    let evil = json!({"items": [{"links": [{"rel": "self", "href": "https://evil.test/async/v1/job/1"}]}]});
    assert!(matches!(
        look(&at_tasks, success(evil)),
        PollResult::Done(_)
    ));
}

#[test]
fn a_job_ends_with_the_answer_of_its_only_task() {
    let created = answer(204, &[("location", "/record/v1/salesOrder/5")], json!(""));
    let seen = look(&at_result(true), Outcome::Success(created.clone()));
    assert_eq!(seen, PollResult::Done(created));
}

#[test]
fn a_failed_job_ends_with_the_status_of_its_task() {
    let body = json!({"status": 400, "o:errorDetails": [{"o:errorCode": "INVALID_CONTENT"}]});
    match look(&at_result(false), success(body)) {
        PollResult::Final {
            answer,
            vendor_code,
        } => {
            assert_eq!(answer.status, 400);
            assert_eq!(vendor_code.as_deref(), Some("INVALID_CONTENT"));
        }
        other => panic!("{other:?}"),
    }
    let seen = look(&at_result(false), final_no(409, json!("")));
    assert!(matches!(seen, PollResult::Final { answer, .. } if answer.status == 409));
    let silent = look(&at_result(false), success(json!({"x": 1})));
    assert!(matches!(silent, PollResult::Failed { .. }));
}

#[test]
fn a_result_that_cannot_be_read_does_not_undo_what_the_job_did() {
    match look(&at_result(true), final_no(404, json!(""))) {
        PollResult::Done(answer) => {
            assert_eq!(answer.status, 200);
            assert_eq!(answer.body["progress"], "succeeded");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_job_of_several_tasks_ends_with_the_list_of_them() {
    let job = json!({"completed": true, "progress": "succeeded"});
    let tasks = next(look(&started(), success(job)));
    let list = json!({"items": [{"id": "1"}, {"id": "2"}]});
    let seen = look(&tasks, success(list.clone()));
    assert!(matches!(seen, PollResult::Done(answer) if answer.body == list));
}

#[test]
fn a_vendor_that_does_not_know_the_job_any_more_leaves_its_end_open() {
    match look(&started(), final_no(404, json!(""))) {
        PollResult::Lost { reason } => assert!(reason.contains(JOB) && reason.contains("404")),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_look_that_comes_to_nothing_is_repeated_and_one_at_a_result_not_for_ever() {
    let throttled = Outcome::Throttled {
        kind: Throttle::Concurrency,
        retry_after: None,
        for_all: false,
        answer: answer(429, &[], json!("")),
        vendor_code: None,
    };
    let mut job = started();
    job.misses = 1_000;
    assert_eq!(
        look(&job, throttled.clone()),
        PollResult::Missed(throttled.clone())
    );
    let mut result = at_result(true);
    assert_eq!(
        look(&result, throttled.clone()),
        PollResult::Missed(throttled.clone())
    );
    result.misses = MAX_MISSES;
    assert!(matches!(
        look(&result, throttled.clone()),
        PollResult::Done(_)
    ));
    let mut failed = at_result(false);
    failed.misses = MAX_MISSES;
    match look(&failed, throttled) {
        PollResult::Failed { answer, .. } => assert_eq!(answer.status, 429),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_status_monitor_answers_202_until_the_end() {
    let accepted = answer(202, &[("location", "/monitor/1")], json!(""));
    let monitor = wanted(&monitored(), &accepted).unwrap();
    let seen = |outcome| monitored().poll_result(&monitor, outcome, SystemTime::UNIX_EPOCH);
    let waiting = answer(202, &[("retry-after", "7")], json!(""));
    let seven = Some(Duration::from_secs(7));
    assert_eq!(
        seen(Outcome::Success(waiting)),
        PollResult::Pending { after: seven }
    );
    let done = seen(success(json!({"id": 1})));
    assert!(matches!(done, PollResult::Done(answer) if answer.body["id"] == 1));
    let failed = answer(200, &[("asyncresult", "409")], json!({}));
    match seen(Outcome::Success(failed)) {
        PollResult::Final { answer, .. } => assert_eq!(answer.status, 409),
        other => panic!("{other:?}"),
    }
    let moved = answer(202, &[("location", "/monitor/2")], json!(""));
    match seen(Outcome::Success(moved)) {
        PollResult::Next { follow_up, at_once } => {
            assert_eq!((follow_up.path.as_str(), at_once), ("/monitor/2", false));
        }
        other => panic!("{other:?}"),
    }
    let elsewhere = answer(303, &[("location", "https://evil.test/")], json!(""));
    let no = Outcome::Final {
        answer: elsewhere,
        vendor_code: None,
    };
    assert!(matches!(seen(no), PollResult::Lost { .. }));
}

#[test]
fn where_to_look_can_be_written_down() {
    for follow_up in [started(), at_result(true)] {
        let text = serde_json::to_string(&follow_up).unwrap();
        assert_eq!(serde_json::from_str::<FollowUp>(&text).unwrap(), follow_up);
    }
}

#[test]
fn looks_become_rarer() {
    let pauses = [0, 1, 2, 3, 4, 9, u32::MAX].map(|looks| Polling::USUAL.pause(looks).as_secs());
    assert_eq!(pauses, [2, 4, 8, 16, 30, 30, 30]);
}
