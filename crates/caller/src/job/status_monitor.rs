//! The status monitor of HTTP and OData: 202 with a Location, which answers 202 while the work goes on and with the
//! answer when it has ended. OData gives the status of that answer in `AsyncResult`; others redirect to it.

use std::time::SystemTime;

use rampmeter_call::{
    Answer, Outcome,
    job::{FollowUp, PollResult},
};

use super::{JobContext, JobProtocol, below, refused};
use crate::answer::retry_after;

pub(crate) static STATUS_MONITOR: JobProtocol = JobProtocol { job_of, poll };

fn job_of(context: &JobContext<'_>, answer: &Answer) -> Option<String> {
    if answer.status != 202 {
        return None;
    }
    below(context.base_url, answer.header("location")?)
}

fn poll(
    follow_up: &FollowUp,
    context: &JobContext<'_>,
    outcome: Outcome,
    now: SystemTime,
) -> PollResult {
    match outcome {
        Outcome::Success(answer) if answer.status == 202 => {
            pending(follow_up, context, &answer, now)
        }
        Outcome::Success(answer) => ended(context, answer),
        Outcome::Final { answer, .. } if answer.status == 303 => {
            let link = answer.header("location");
            match link.and_then(|link| below(context.base_url, link)) {
                Some(path) => follow_up.moved(path),
                None => refused(follow_up, 303),
            }
        }
        Outcome::Final { answer, .. } => refused(follow_up, answer.status),
        other => PollResult::Missed(other),
    }
}

/// The work goes on, perhaps with a monitor that has moved.
fn pending(
    follow_up: &FollowUp,
    context: &JobContext<'_>,
    answer: &Answer,
    now: SystemTime,
) -> PollResult {
    let moved = answer.header("location");
    let moved = moved.and_then(|link| below(context.base_url, link));
    if let Some(path) = moved.filter(|path| *path != follow_up.path) {
        return follow_up.moved(path);
    }
    PollResult::Pending {
        after: retry_after::of(answer, now),
    }
}

fn ended(context: &JobContext<'_>, mut answer: Answer) -> PollResult {
    let told = answer.header("asyncresult");
    let status: Option<u16> = told.and_then(|text| text.trim().parse().ok());
    match status.filter(|status| (100..600).contains(status)) {
        Some(status) if status >= 400 => {
            answer.status = status;
            answer.status_text = String::new();
            let vendor_code = context.code_of(&answer);
            PollResult::Final {
                answer,
                vendor_code,
            }
        }
        Some(status) => {
            answer.status = status;
            answer.status_text = String::new();
            PollResult::Done(answer)
        }
        None => PollResult::Done(answer),
    }
}
