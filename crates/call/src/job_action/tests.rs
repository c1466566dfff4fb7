//! What follows from each thing that a poll can show, and when a job is given up.

use serde_json::json;

use super::*;
use crate::job::Polling;
use crate::on_unknown::OnUnknown;
use crate::outcome::{Repeatable, Throttle};
use crate::retry::Retry;

const SECOND: Duration = Duration::from_secs(1);

const RULES: CallRules = CallRules {
    retry: Retry {
        max_attempts: 3,
        initial: SECOND,
        max: Duration::from_secs(8),
        max_throttles: 20,
    },
    on_unknown: OnUnknown::Retry,
    polling: Polling {
        initial: Duration::from_secs(2),
        max: Duration::from_secs(30),
        give_up: Duration::from_secs(3_600),
    },
    attempts: 1,
    refusals: 0,
    random: u64::MAX,
};

fn answer(status: u16) -> Answer {
    Answer {
        status,
        status_text: String::new(),
        headers: Vec::new(),
        body: json!({}),
        ..Answer::default()
    }
}

/// What follows from the third poll of a job, this many seconds after it was accepted.
fn after(result: PollResult, age: u64) -> JobAction {
    judged(result, age, Judgement::CALL)
}

/// The same, with what the gate says of the poll.
fn judged(result: PollResult, age: u64, judgement: Judgement) -> JobAction {
    let follow_up = FollowUp {
        misses: 1,
        ..FollowUp::at(None, "/job/1".to_owned())
    };
    let job = PolledJob {
        follow_up: &follow_up,
        polls: 2,
        age: Duration::from_secs(age),
        least_pause: Duration::ZERO,
    };
    RULES.after_poll(&job, result, judgement)
}

fn again(misses: u32, seconds: u32) -> JobAction {
    JobAction::Again {
        follow_up: FollowUp {
            misses,
            ..FollowUp::at(None, "/job/1".to_owned())
        },
        after: seconds * SECOND,
    }
}

fn failed(action: JobAction) -> Failed {
    match action {
        JobAction::Failed(failed) => failed,
        other => panic!("{other:?}"),
    }
}

fn missed(reason: Repeatable) -> PollResult {
    PollResult::Missed(Outcome::Repeatable {
        reason,
        answer: None,
        vendor_code: None,
    })
}

#[test]
fn a_job_that_goes_on_is_polled_again_no_sooner_than_its_vendor_says() {
    let pending = |after: Option<u64>| PollResult::Pending {
        after: after.map(Duration::from_secs),
    };
    assert_eq!(after(pending(None), 10), again(0, 8));
    assert_eq!(after(pending(Some(3)), 10), again(0, 8));
    assert_eq!(after(pending(Some(20)), 10), again(0, 20));
}

#[test]
fn the_result_of_a_job_that_has_ended_is_read_at_once() {
    let next = |at_once| PollResult::Next {
        follow_up: FollowUp::at(None, "/job/1".to_owned()),
        at_once,
    };
    assert_eq!(after(next(true), 10), again(0, 0));
    assert_eq!(after(next(false), 10), again(0, 8));
}

#[test]
fn a_poll_that_came_to_nothing_backs_off_like_any_call() {
    assert_eq!(after(missed(Repeatable::ServerError), 10), again(2, 2));
    for at_once in [Repeatable::GotReady, Repeatable::SignInExpired] {
        assert_eq!(after(missed(at_once), 10), again(2, 0));
    }
    let throttled = PollResult::Missed(Outcome::Throttled {
        kind: Throttle::Window,
        retry_after: Some(Duration::from_secs(9)),
        for_all: false,
        answer: answer(429),
        vendor_code: None,
    });
    assert_eq!(
        after(throttled.clone(), 10),
        again(2, 9),
        "its own throttle"
    );
    let closed = Judgement {
        whose: Whose::Account,
        is_proven: true,
        was_probe: false,
        closed_for: Some(Duration::from_secs(3)),
    };
    let JobAction::Again { after, .. } = judged(throttled, 10, closed) else {
        panic!("a throttled poll is made again");
    };
    assert_eq!(after, Duration::ZERO, "its target is closed");
}

#[test]
fn a_job_that_does_not_end_is_given_up_and_its_outcome_is_unknown() {
    let at_last = [
        PollResult::Pending { after: None },
        missed(Repeatable::ServerError),
    ];
    for result in at_last {
        let failed = failed(after(result, 3_600));
        assert_eq!(failed.error, OUTCOME_UNKNOWN);
        assert_eq!(failed.attempts, 1, "a poll is no attempt");
    }
    let done = PollResult::Done(answer(200));
    assert_eq!(after(done, 3_600), JobAction::Done(answer(200)));
}

#[test]
fn a_job_that_failed_says_how_and_counts_as_an_attempt() {
    let by_status = failed(after(
        PollResult::Final {
            answer: answer(400),
            vendor_code: Some("USER_ERROR".to_owned()),
        },
        10,
    ));
    assert_eq!(by_status.error, "Http.StatusCode.400");
    assert_eq!(by_status.vendor_code.as_deref(), Some("USER_ERROR"));
    assert_eq!(by_status.attempts, 2);
    let by_word = failed(after(
        PollResult::Failed {
            answer: answer(200),
            vendor_code: None,
        },
        10,
    ));
    assert_eq!(by_word.error, JOB_FAILED);
    assert_eq!(by_word.reason.as_deref(), Some("job /job/1 failed"));
}

#[test]
fn a_job_of_which_the_vendor_does_not_tell_is_of_unknown_outcome() {
    let lost = PollResult::Lost {
        reason: "404".to_owned(),
    };
    let failed = failed(after(lost, 10));
    assert_eq!(failed.error, OUTCOME_UNKNOWN);
    assert_eq!(failed.reason.as_deref(), Some("404"));
}
