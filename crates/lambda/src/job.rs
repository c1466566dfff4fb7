//! Jobs: calls that the vendor accepted and works on in the background. What is remembered of one, and how often it is
//! polled. Pure. `caller` reads what an answer says of a job, and `call` decides for all hosts what follows. A job is
//! polled when its message is received again, so how long the message is hidden decides how often.

use std::time::Duration;

use rampmeter_call::{
    CallRules, JobAction, Judgement, PolledJob,
    job::{FollowUp, PollResult},
};
use rampmeter_config::Target;
use rampmeter_dispatch::Time;
use serde::{Deserialize, Serialize};

/// An old job is polled again only after one such part of its age. Each poll is a receive of its message, and SQS gives
/// up a message after a thousand: with this, a job of two weeks takes 350 polls and not 40,000.
const PART_OF_AGE: u32 = 40;

/// What is remembered of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Job {
    pub(crate) follow_up: FollowUp,
    /// When it was accepted, in milliseconds since the epoch.
    since: i64,
    /// The name is fixed by the tables of deployed workers.
    #[serde(rename = "looks")]
    polls: u32,
}

impl Job {
    /// A job that has just been accepted.
    pub(crate) fn accepted(follow_up: FollowUp, now: Time) -> Job {
        Job {
            follow_up,
            since: now.as_millis(),
            polls: 0,
        }
    }

    /// How long to wait for its next poll.
    pub(crate) fn pause(&self, target: &Target, now: Time) -> Duration {
        let usual = target.profile.polling.pause(self.polls);
        usual.max(self.age(now) / PART_OF_AGE)
    }

    /// What follows from what a poll shows.
    pub(crate) fn after_poll(
        &self,
        rules: &CallRules,
        result: PollResult,
        judgement: Judgement,
        now: Time,
    ) -> JobAction {
        let polled = PolledJob {
            follow_up: &self.follow_up,
            polls: self.polls.saturating_add(1),
            age: self.age(now),
            least_pause: self.age(now) / PART_OF_AGE,
        };
        rules.after_poll(&polled, result, judgement)
    }

    /// The job after a poll that found it still going on.
    pub(crate) fn goes_on(self, follow_up: FollowUp) -> Job {
        Job {
            follow_up,
            polls: self.polls.saturating_add(1),
            ..self
        }
    }

    fn age(&self, now: Time) -> Duration {
        now.saturating_since(Time::from_millis(self.since))
    }
}

#[cfg(test)]
mod tests;
