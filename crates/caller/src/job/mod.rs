//! How a vendor's jobs are read: which answer announces one, and what a poll shows. Pure. What is remembered about a job
//! is in `call`; each poll is a call like any other, and making it is the host's business.

pub(crate) mod status_monitor;

use std::time::SystemTime;

use rampmeter_call::{
    Answer, Outcome,
    job::{Ended, FollowUp, PollResult},
    path,
};
use url::Url;

/// How a vendor says that a call continues as a job, and how far the job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Jobs {
    /// It never does: an answer ends its call.
    None,
    /// NetSuite's asynchronous REST requests: a job, its tasks, and the result of the task.
    NetSuite,
    /// A status monitor (RFC 9110, section 15.3.3; OData 4.01, section 11.6): 202 while it goes on, then the answer.
    StatusMonitor,
}

impl Jobs {
    /// Every way with its name in the configuration.
    pub const NAMED: [(&str, Jobs); 3] = [
        ("none", Jobs::None),
        ("netsuite", Jobs::NetSuite),
        ("status-monitor", Jobs::StatusMonitor),
    ];
}

/// How jobs of one kind are followed.
#[derive(Debug)]
pub(crate) struct JobProtocol {
    /// The path of the job that an answer refers to, if it refers to one.
    pub(crate) job_of: fn(&JobContext<'_>, &Answer) -> Option<String>,
    /// What an outcome other than a passing failure shows.
    pub(crate) poll: fn(&FollowUp, &JobContext<'_>, Outcome, SystemTime) -> PollResult,
}

/// What a job is read with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct JobContext<'a> {
    /// Where the account is.
    pub(crate) base_url: &'a Url,
    /// Where an error body of its vendor holds its code.
    pub(crate) vendor_code: fn(&Answer) -> Option<String>,
}

/// How often reading a result may fail before the job's own status has to suffice.
pub(crate) const MAX_MISSES: u32 = 4;

impl JobContext<'_> {
    /// The error code of an answer that is one.
    pub(crate) fn code_of(&self, answer: &Answer) -> Option<String> {
        if answer.is_success() {
            return None;
        }
        (self.vendor_code)(answer)
    }

    /// What the outcome of a poll shows.
    pub(crate) fn poll_result(
        &self,
        follow_up: &FollowUp,
        protocol: Option<&JobProtocol>,
        outcome: Outcome,
        now: SystemTime,
    ) -> PollResult {
        let passing = match &outcome {
            Outcome::Throttled { .. } | Outcome::Repeatable { .. } | Outcome::Unknown { .. } => {
                true
            }
            // It says something about our credentials, and nothing about the job.
            Outcome::Final { answer, .. } => answer.status == 401,
            _ => false,
        };
        match (&follow_up.ended, outcome) {
            (None, outcome) if passing => PollResult::Missed(outcome),
            (Some(_), outcome) if passing && follow_up.misses < MAX_MISSES => {
                PollResult::Missed(outcome)
            }
            (_, Outcome::Invalid { reason } | Outcome::Unresolved { reason }) => {
                PollResult::Lost { reason }
            }
            // The job has ended. That its result cannot be read does not change that.
            (Some(ended), outcome) if passing => match outcome.answer() {
                Some(answer) if !ended.well => PollResult::Failed {
                    answer: answer.clone(),
                    vendor_code: self.code_of(answer),
                },
                _ => self.own_word(ended),
            },
            (_, outcome) => match protocol {
                Some(protocol) => (protocol.poll)(follow_up, self, outcome, now),
                None => PollResult::Lost {
                    reason: "the configuration says that jobs are no longer followed".to_owned(),
                },
            },
        }
    }

    /// The job's own status, if its result cannot be read.
    pub(crate) fn own_word(&self, ended: &Ended) -> PollResult {
        let answer = Answer {
            status: 200,
            status_text: "OK".to_owned(),
            body: ended.said.clone(),
            ..Answer::default()
        };
        if ended.well {
            return PollResult::Done(answer);
        }
        PollResult::Failed {
            vendor_code: self.code_of(&answer),
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

/// A vendor that refuses to say how a job is doing.
pub(crate) fn refused(follow_up: &FollowUp, status: u16) -> PollResult {
    PollResult::Lost {
        reason: format!(
            "the vendor accepted the call as job {} and answers {status} when asked about it",
            follow_up.job
        ),
    }
}
