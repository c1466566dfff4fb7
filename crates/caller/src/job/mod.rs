//! Jobs: what an accepted call may still want. A vendor that works on it in the background says where to look, and the
//! call has ended only when that work has. Pure: where to look, what an answer there means, how long to wait between two
//! looks. Each look is a call like any other and needs a permit; making it is the host's business.

pub(crate) mod status_monitor;

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use crate::answer::Answer;
use crate::outcome::Outcome;
use crate::request::{Request, path};

/// How a vendor says that it goes on with a call as a job, and how far the job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Jobs {
    /// It does not: an answer is the end of its call.
    None,
    /// NetSuite's asynchronous REST requests: a job, its tasks, and the result of the task.
    NetSuite,
    /// A status monitor (RFC 9110, section 15.3.3; OData 4.01, section 11.6): 202 while it goes on, then the answer.
    StatusMonitor,
}

/// How jobs of one kind are followed.
#[derive(Debug)]
pub(crate) struct JobProtocol {
    /// The path of the job that an answer refers to, if it refers to one.
    pub(crate) job_of: fn(&JobContext<'_>, &Answer) -> Option<String>,
    /// What an outcome other than a passing failure shows.
    pub(crate) look: fn(&FollowUp, &JobContext<'_>, Outcome, SystemTime) -> Look,
}

/// What a job is read with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct JobContext<'a> {
    /// Where the account is.
    pub(crate) base_url: &'a Url,
    /// Where an error body of its vendor holds its code.
    pub(crate) vendor_code: fn(&Answer) -> Option<String>,
}

/// How often a job is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Polling {
    /// Pause before the first look; doubled from then on.
    pub initial: Duration,
    /// Longest pause.
    pub max: Duration,
    /// A job that has not ended after so long is given up: nobody knows what becomes of it.
    pub give_up: Duration,
}

impl Polling {
    /// Two seconds at first, half a minute at most, for a day.
    pub const USUAL: Polling = Polling {
        initial: Duration::from_secs(2),
        max: Duration::from_secs(30),
        give_up: Duration::from_secs(24 * 60 * 60),
    };

    /// The pause after so many looks.
    #[must_use]
    pub fn pause(&self, looks: u32) -> Duration {
        self.initial
            .saturating_mul(1 << looks.min(30))
            .min(self.max)
    }
}

/// Where to look for the end of work that goes on at the vendor. A host keeps it, as JSON or otherwise, from the moment
/// of the answer that told it: from then on the call is not sent again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FollowUp {
    /// Path of the job below the base URL: its name for people.
    pub job: String,
    /// Path of what is looked at next.
    pub path: String,
    /// What is there.
    pub part: Part,
    /// How the job said that it ended, once it has and its result is still to be read.
    pub ended: Option<Ended>,
    /// Looks in a row that came to nothing.
    pub misses: u32,
}

/// A part of a job that can be looked at.
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

/// What a look shows.
#[derive(Clone, Debug, PartialEq)]
pub enum Look {
    /// The work goes on. The vendor may say when to look again.
    Pending {
        /// The vendor's Retry-After.
        after: Option<Duration>,
    },
    /// The rest stands elsewhere.
    Next {
        /// Where to look next.
        follow_up: FollowUp,
        /// The job has ended and only its result is to be read: that needs no pause.
        at_once: bool,
    },
    /// The work is done, and this is the answer of the call.
    Done(Answer),
    /// The work failed, and this is the vendor's final no.
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
    /// The vendor does not tell any more: nobody knows what became of the job.
    Lost {
        /// Why, in words.
        reason: String,
    },
    /// The look itself came to nothing (a throttle, a lost answer, a failure that may pass): it is to be repeated, by the
    /// rules for any call, but without an end.
    Missed(Outcome),
}

/// Reads of a result that may fail before the job's own word has to do.
pub(crate) const MAX_MISSES: u32 = 4;

/// Longest body of an ended job that is kept, in bytes.
const MAX_SAID_BYTES: usize = 16 * 1024;

impl FollowUp {
    /// A job that has just been accepted.
    #[must_use]
    pub fn at(path: String) -> FollowUp {
        FollowUp {
            job: path.clone(),
            path,
            part: Part::Job,
            ended: None,
            misses: 0,
        }
    }

    /// Where a part of the ended job stands.
    pub(crate) fn then(&self, part: Part, path: String, ended: Ended) -> Look {
        let follow_up = FollowUp {
            job: self.job.clone(),
            path,
            part,
            ended: Some(ended),
            misses: 0,
        };
        Look::Next {
            follow_up,
            at_once: true,
        }
    }

    /// The work goes on, and its place has moved.
    fn moved(&self, path: String) -> Look {
        let follow_up = FollowUp {
            path,
            misses: 0,
            ..self.clone()
        };
        Look::Next {
            follow_up,
            at_once: false,
        }
    }

    /// The call that looks.
    #[must_use]
    pub fn request(&self) -> Request {
        Request {
            method: "GET".to_owned(),
            path: self.path.clone(),
            query: Vec::new(),
            headers: Vec::new(),
            body: None,
            idempotency_key: String::new(),
        }
    }

    /// What the outcome of that call shows.
    pub(crate) fn look_by(
        &self,
        protocol: Option<&JobProtocol>,
        context: &JobContext<'_>,
        outcome: Outcome,
        now: SystemTime,
    ) -> Look {
        let passing = matches!(
            outcome,
            Outcome::Throttled { .. } | Outcome::Repeatable { .. } | Outcome::Unknown { .. }
        );
        match (&self.ended, outcome) {
            (None, outcome) if passing => Look::Missed(outcome),
            (Some(_), outcome) if passing && self.misses < MAX_MISSES => Look::Missed(outcome),
            (_, Outcome::Invalid { reason } | Outcome::Unresolved { reason }) => {
                Look::Lost { reason }
            }
            // The job has ended. What cannot be read of its result is not worth more than that.
            (Some(ended), outcome) if passing => match outcome.answer() {
                Some(answer) if !ended.well => Look::Failed {
                    answer: answer.clone(),
                    vendor_code: (context.vendor_code)(answer),
                },
                _ => ended.as_look(context),
            },
            (_, outcome) => match protocol {
                Some(protocol) => (protocol.look)(self, context, outcome, now),
                None => Look::Lost {
                    reason: "the configuration says that jobs are not followed any more".to_owned(),
                },
            },
        }
    }
}

impl Ended {
    pub(crate) fn of(well: bool, said: &Value) -> Ended {
        let short = said.to_string().len() <= MAX_SAID_BYTES;
        Ended {
            well,
            said: if short { said.clone() } else { Value::Null },
        }
    }

    /// The job's own word, where its result cannot be had.
    pub(crate) fn as_look(&self, context: &JobContext<'_>) -> Look {
        let answer = Answer {
            status: 200,
            status_text: "OK".to_owned(),
            body: self.said.clone(),
            ..Answer::default()
        };
        if self.well {
            return Look::Done(answer);
        }
        Look::Failed {
            vendor_code: (context.vendor_code)(&answer),
            answer,
        }
    }
}

/// The path below the base URL that a Location or a link leads to, if it stays within the account.
pub(crate) fn below(base: &Url, link: &str) -> Option<String> {
    if !link.starts_with('/') {
        return path::relative(base, link).ok();
    }
    if link.starts_with("//") {
        return None;
    }
    let origin = base.origin().ascii_serialization();
    path::relative(base, &format!("{origin}{link}")).ok()
}

/// A vendor that refuses to say how a job goes.
pub(crate) fn refused(follow_up: &FollowUp, status: u16) -> Look {
    Look::Lost {
        reason: format!(
            "the vendor accepted the call as job {} and answers {status} when asked about it",
            follow_up.job
        ),
    }
}
