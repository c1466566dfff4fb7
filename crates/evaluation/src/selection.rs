//! The part of an answer's body that a workflow gets, as its target or its message selects it. This is done beside the
//! writer, because a body may be long; a body in a file is read and the file dropped, if the selection fits into a
//! workflow's data. Such bodies are read one at a time, and only those that take a bounded part of the memory.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use rampmeter_asl::Selector;
use rampmeter_call::{
    Answer, Outcome,
    job::{FollowUp, PollResult},
};
use rampmeter_caller::{Profile, ResponseRules};
use serde_json::Value;

use crate::tree::TreeSize;

/// The most memory that a body may take while something is selected from it, in bytes.
const MAX_TREE_BYTES: u64 = 96 << 20;

/// Held by whoever reads a body in a file, because each may take as much as the bound.
static READING: Mutex<()> = Mutex::new(());

/// The outcome of a call, in which a successful answer is reduced to the selection. An answer that only announces a job
/// is left alone.
#[must_use]
pub fn select(
    profile: &Profile,
    endpoint: Option<&str>,
    poll: Option<&FollowUp>,
    selector: &Selector,
    outcome: Outcome,
) -> Outcome {
    let ends = match poll {
        None => profile.job_of(endpoint, &outcome).is_none(),
        Some(poll) => matches!(
            profile.poll_result(poll, outcome.clone(), SystemTime::now()),
            PollResult::Done(_)
        ),
    };
    match outcome {
        Outcome::Success(answer) if ends => Outcome::Success(cut(selector, answer)),
        other => other,
    }
}

/// What is not JSON stays as it is; a selection that does not exist is null.
fn cut(selector: &Selector, mut answer: Answer) -> Answer {
    let (read, _alone);
    let body = match &answer.stored {
        None => &answer.body,
        Some(stored) if answer.truncated => {
            tracing::warn!(path = %stored.path().display(), "nothing is selected from a body that was cut");
            return answer;
        }
        Some(stored) => {
            _alone = READING.lock().unwrap_or_else(PoisonError::into_inner);
            match read_tree(stored.path(), MAX_TREE_BYTES) {
                Some(body) => {
                    read = body;
                    &read
                }
                None => return answer,
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

/// The values of a body in a file. None if it is not JSON, cannot be read, or takes more memory than `most` bytes.
fn read_tree(path: &Path, most: u64) -> Option<Value> {
    let size = match tree_size(path, most) {
        Ok(size) => size,
        Err(why) => {
            tracing::warn!(path = %path.display(), %why, "nothing is selected from a body that cannot be read");
            return None;
        }
    };
    if size > most {
        tracing::warn!(path = %path.display(), "nothing is selected from a body that has too many values");
        return None;
    }
    let text = std::fs::read(path).ok()?;
    serde_json::from_slice(&text).ok()
}

/// The bytes that a body takes as values, or more than `most`.
fn tree_size(path: &Path, most: u64) -> std::io::Result<u64> {
    let mut file = File::open(path)?;
    let (mut size, mut piece) = (TreeSize::default(), vec![0; 64 * 1024]);
    loop {
        let length = file.read(&mut piece)?;
        size.add(&piece[..length]);
        if length == 0 || size.bytes() > most {
            return Ok(size.bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_with_too_many_values_is_not_read_into_memory() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("body");
        let text = format!("[{}1]", "[],".repeat(100_000));
        std::fs::write(&path, &text).unwrap();
        let small = u64::try_from(text.len()).unwrap() * 10;
        assert_eq!(read_tree(&path, small), None);
        let body = read_tree(&path, MAX_TREE_BYTES).unwrap();
        assert_eq!(body.as_array().map(Vec::len), Some(100_001));
        // The file is read no further than necessary.
        let seen = tree_size(&path, 1_000_000).unwrap();
        assert!(seen > 1_000_000 && seen < 12_000_000, "{seen}");
        assert_eq!(read_tree(&directory.path().join("none"), small), None);
    }
}
