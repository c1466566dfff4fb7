//! What a workflow gets of an answer's body: the part that its target or its message selects. Done beside the writer, for
//! a body may be long; a body in a file is read and the file dropped, if what is selected fits into a workflow's data.

use std::time::SystemTime;

use rampmeter_asl::Selector;
use rampmeter_call::{
    Answer, Outcome,
    job::{FollowUp, PollResult},
};
use rampmeter_caller::{Profile, ResponseRules};

/// The outcome of a call, of which only what is selected of a successful answer is left. An answer that only tells of a
/// job is none yet.
pub(crate) fn select(
    profile: &Profile,
    endpoint: Option<&str>,
    look: Option<&FollowUp>,
    selector: &Selector,
    outcome: Outcome,
) -> Outcome {
    let ends = match look {
        None => profile.job_of(endpoint, &outcome).is_none(),
        Some(look) => matches!(
            profile.poll_result(look, outcome.clone(), SystemTime::now()),
            PollResult::Done(_)
        ),
    };
    match outcome {
        Outcome::Success(answer) if ends => Outcome::Success(cut(selector, answer)),
        other => other,
    }
}

/// What is not JSON stays as it is; what is selected and not there is null.
fn cut(selector: &Selector, mut answer: Answer) -> Answer {
    let read;
    let body = match &answer.stored {
        None => &answer.body,
        Some(stored) if answer.truncated => {
            tracing::warn!(path = %stored.path().display(), "nothing is selected from a body that was cut");
            return answer;
        }
        Some(stored) => {
            match std::fs::read(stored.path()).map(|bytes| serde_json::from_slice(&bytes)) {
                Ok(Ok(body)) => {
                    read = body;
                    &read
                }
                _ => return answer,
            }
        }
    };
    let Some(selected) = selector.part_of(body) else {
        return answer;
    };
    let stored = answer.stored.take();
    let whole = std::mem::replace(&mut answer.body, selected);
    if answer.to_task_output().to_string().len() > ResponseRules::MAX_OUTPUT_BYTES {
        answer.body = whole;
        answer.stored = stored;
    }
    answer
}
