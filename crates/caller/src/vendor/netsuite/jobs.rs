//! NetSuite's asynchronous requests: `/services/rest/async/v1/job/ID` says how far the job is, `/task` below it lists its
//! tasks, and `/result` below a task is the answer that the request would have had.

use std::time::SystemTime;

use rampmeter_call::{
    Answer, Outcome,
    job::{Ended, FollowUp, Part, PollResult},
};
use serde_json::Value;

use crate::job::{JobContext, JobProtocol, below, refused};

pub(in crate::vendor) static JOBS: JobProtocol = JobProtocol { job_of, poll };

const JOB_PATH: &str = "/async/v1/job/";

/// The Location of a 202, or of the 400 of a repeat under the same key.
fn job_of(context: &JobContext<'_>, answer: &Answer) -> Option<String> {
    if !matches!(answer.status, 202 | 400) {
        return None;
    }
    job_link(context, answer.header("location")?)
}

fn job_link(context: &JobContext<'_>, link: &str) -> Option<String> {
    below(context.base_url, link).filter(|path| path.contains(JOB_PATH))
}

fn poll(
    follow_up: &FollowUp,
    context: &JobContext<'_>,
    outcome: Outcome,
    _now: SystemTime,
) -> PollResult {
    match (&follow_up.ended, follow_up.part) {
        (Some(ended), Part::Tasks) => tasks(follow_up, context, ended, outcome),
        (Some(ended), Part::Result) => result(context, ended, outcome),
        _ => job(follow_up, context, &outcome),
    }
}

fn job(follow_up: &FollowUp, context: &JobContext<'_>, outcome: &Outcome) -> PollResult {
    let answer = match outcome {
        Outcome::Success(answer) => answer,
        other => return refused(follow_up, other.answer().map_or(0, |answer| answer.status)),
    };
    let Some(well) = ended(answer) else {
        return PollResult::Pending { after: None };
    };
    let tasks = answer.body.get("task").and_then(self_link);
    let path = tasks
        .and_then(|link| job_link(context, link))
        .unwrap_or_else(|| format!("{}/task", follow_up.job.trim_end_matches('/')));
    follow_up.then(Part::Tasks, path, Ended::of(well, &answer.body))
}

/// What a job says about itself: `completed`, and `progress` as a word. None while it goes on.
fn ended(answer: &Answer) -> Option<bool> {
    let completed = answer.body.get("completed").and_then(Value::as_bool);
    let progress = answer.body.get("progress").and_then(Value::as_str);
    let word = progress.unwrap_or_default().to_ascii_lowercase();
    match (completed, word.as_str()) {
        (_, "failed" | "cancelled") => Some(false),
        (Some(true), _) => Some(true),
        _ => None,
    }
}

/// A job with one task ends as that task did; a job with several ends with the list of them.
fn tasks(
    follow_up: &FollowUp,
    context: &JobContext<'_>,
    ended: &Ended,
    outcome: Outcome,
) -> PollResult {
    let Outcome::Success(answer) = outcome else {
        return context.own_word(ended);
    };
    let items = answer.body.get("items").and_then(Value::as_array);
    let more = answer.body.get("hasMore").and_then(Value::as_bool) == Some(true);
    let path = match items.map(Vec::as_slice) {
        Some([only]) if !more => result_path(follow_up, context, only),
        _ => None,
    };
    match path {
        Some(path) => follow_up.then(Part::Result, path, ended.clone()),
        None if ended.well => PollResult::Done(answer),
        None => PollResult::Failed {
            vendor_code: None,
            answer,
        },
    }
}

fn result_path(follow_up: &FollowUp, context: &JobContext<'_>, task: &Value) -> Option<String> {
    if let Some(link) = task.get("result").and_then(self_link) {
        return job_link(context, link);
    }
    let own = match self_link(task) {
        Some(link) => job_link(context, link)?,
        None => {
            let id = task.get("id").and_then(Value::as_str)?;
            let plain = id.chars().all(|c| c.is_ascii_alphanumeric());
            plain.then(|| format!("{}/{id}", follow_up.path.trim_end_matches('/')))?
        }
    };
    Some(format!("{}/result", own.trim_end_matches('/')))
}

/// The `href` of the link to itself that an object of NetSuite carries.
fn self_link(object: &Value) -> Option<&str> {
    let links = object.get("links")?.as_array()?;
    let own = links
        .iter()
        .find(|link| link.get("rel").and_then(Value::as_str) == Some("self"));
    own?.get("href")?.as_str()
}

/// The answer that the request would have had: that of a failed request is an error, whatever status it is read with.
fn result(context: &JobContext<'_>, ended: &Ended, outcome: Outcome) -> PollResult {
    match (ended.well, outcome) {
        (true, Outcome::Success(answer)) => PollResult::Done(answer),
        // That the result cannot be read does not undo what the job did.
        (true, _) => context.own_word(ended),
        (false, Outcome::Success(mut answer)) => {
            let status = answer.body.get("status").and_then(Value::as_u64);
            let status = status.and_then(|status| u16::try_from(status).ok());
            match status.filter(|status| (400..600).contains(status)) {
                Some(status) => {
                    answer.status = status;
                    answer.status_text = String::new();
                    let vendor_code = context.code_of(&answer);
                    PollResult::Final {
                        answer,
                        vendor_code,
                    }
                }
                None => PollResult::Failed {
                    vendor_code: None,
                    answer,
                },
            }
        }
        (
            false,
            Outcome::Final {
                answer,
                vendor_code,
            },
        ) => PollResult::Final {
            answer,
            vendor_code,
        },
        (false, _) => context.own_word(ended),
    }
}
