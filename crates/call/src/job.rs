//! Jobs: accepted calls that a vendor works on in the background. The vendor says where to poll, and the call has ended only
//! when that work has. This file holds what is remembered about a job and what a poll shows; how a vendor's jobs are read is
//! in `caller`, and what follows from a poll is in `job_action`. Each poll is a call like any other and needs a permit.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::answer::Answer;
use crate::outcome::Outcome;
use crate::request::Request;

/// The maximum body of an ended job that is kept, in bytes.
const MAX_SAID_BYTES: usize = 16 * 1024;

/// How often a job is polled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Polling {
    /// Delay before the first poll; doubled from then on.
    pub initial: Duration,
    /// The longest delay.
    pub max: Duration,
    /// A job that has not ended after this time is given up: nobody knows what becomes of it.
    pub give_up: Duration,
}

impl Polling {
    /// Two seconds at first, half a minute at most, for a day.
    pub const USUAL: Polling = Polling {
        initial: Duration::from_secs(2),
        max: Duration::from_secs(30),
        give_up: Duration::from_secs(24 * 60 * 60),
    };

    /// The delay after this many polls.
    #[must_use]
    pub fn pause(&self, polls: u32) -> Duration {
        self.initial
            .saturating_mul(1 << polls.min(30))
            .min(self.max)
    }
}

/// Where to poll for the end of work that goes on at the vendor. A host keeps it, as JSON or otherwise, from the
/// moment of the answer that stated it: from then on the call is not sent again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FollowUp {
    /// The endpoint of the target that has the job; none for the target's own base URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// Path of the job below the base URL; it also serves as its name for people.
    pub job: String,
    /// Path of what is polled next.
    pub path: String,
    /// What is there.
    pub part: Part,
    /// How the job said that it ended, once it has and its result is still to be read.
    pub ended: Option<Ended>,
    /// Polls in a row that showed nothing.
    pub misses: u32,
}

/// A part of a job that can be polled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Part {
    /// The job itself.
    Job,
    /// The list of its tasks.
    Tasks,
    /// The result of its only task.
    Result,
}

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// It succeeded.
    pub well: bool,
    /// What it said; null if that was long.
    pub said: Value,
}

/// What a poll shows.
#[derive(Clone, Debug, PartialEq)]
pub enum PollResult {
    /// The work goes on. The vendor may say when to ask again.
    Pending {
        /// The vendor's Retry-After.
        after: Option<Duration>,
    },
    /// The rest is at another path.
    Next {
        /// What to poll next.
        follow_up: FollowUp,
        /// The job has ended and only its result is to be read: that needs no delay.
        at_once: bool,
    },
    /// The work is done, and this is the answer of the call.
    Done(Answer),
    /// The work failed, and this is the vendor's final failure.
    Final {
        /// The answer.
        answer: Answer,
        /// The vendor's own error code, where the body holds one.
        vendor_code: Option<String>,
    },
    /// The job failed, and no HTTP status says how.
    Failed {
        /// What it said.
        answer: Answer,
        /// The vendor's own error code, where there is one.
        vendor_code: Option<String>,
    },
    /// The vendor no longer says: nobody knows what became of the job.
    Lost {
        /// Why, in words.
        reason: String,
    },
    /// The poll itself failed (a throttle, a lost answer, a failure that may pass): it is to be repeated by the rules for
    /// any call, but without a bound.
    Missed(Outcome),
}

impl FollowUp {
    /// A job that has just been accepted, at an endpoint of the target or at its own base URL.
    #[must_use]
    pub fn at(endpoint: Option<&str>, path: String) -> FollowUp {
        FollowUp {
            endpoint: endpoint.map(str::to_owned),
            job: path.clone(),
            path,
            part: Part::Job,
            ended: None,
            misses: 0,
        }
    }

    /// Where to read a part of the ended job.
    #[must_use]
    pub fn then(&self, part: Part, path: String, ended: Ended) -> PollResult {
        let follow_up = FollowUp {
            endpoint: self.endpoint.clone(),
            job: self.job.clone(),
            path,
            part,
            ended: Some(ended),
            misses: 0,
        };
        PollResult::Next {
            follow_up,
            at_once: true,
        }
    }

    /// The work goes on, and its path has changed.
    #[must_use]
    pub fn moved(&self, path: String) -> PollResult {
        let follow_up = FollowUp {
            path,
            misses: 0,
            ..self.clone()
        };
        PollResult::Next {
            follow_up,
            at_once: false,
        }
    }

    /// The call that polls.
    #[must_use]
    pub fn request(&self) -> Request {
        Request {
            endpoint: self.endpoint.clone(),
            ..Request::get(self.path.clone())
        }
    }
}

impl Ended {
    /// How a job ended, with what it said, unless that is too long to be kept.
    #[must_use]
    pub fn of(well: bool, said: &Value) -> Ended {
        let short = said.to_string().len() <= MAX_SAID_BYTES;
        Ended {
            well,
            said: if short { said.clone() } else { Value::Null },
        }
    }
}
