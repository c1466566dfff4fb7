//! What an outcome tells beyond itself when it is read with its account: limits, and a job that goes on.

use std::time::SystemTime;

use crate::answer::Answer;
use crate::answer::rate_headers::Allowance;
use crate::job::{FollowUp, JobContext, Look};
use crate::outcome::Outcome;
use crate::profile::Profile;
use crate::vendor::{job_protocol, read_allowances};

impl Outcome {
    /// What the answer tells about the vendor's limits.
    #[must_use]
    pub fn allowances(&self, now: SystemTime) -> Vec<Allowance> {
        self.answer()
            .map(|answer| read_allowances(answer, now))
            .unwrap_or_default()
    }

    /// Where work that the vendor has accepted goes on, if it does: the call has ended only when that has.
    #[must_use]
    pub fn follow_up(&self, profile: &Profile) -> Option<FollowUp> {
        match self {
            Outcome::Success(answer) => wanted(profile, answer),
            _ => None,
        }
    }
}

impl FollowUp {
    /// What the outcome of a look shows.
    #[must_use]
    pub fn look(&self, profile: &Profile, outcome: Outcome, now: SystemTime) -> Look {
        let protocol = job_protocol(profile.jobs());
        self.look_by(protocol, &context(profile), outcome, now)
    }
}

/// The job that an answer refers to, where the target's jobs are followed. A Location outside the account is none.
#[must_use]
pub fn wanted(profile: &Profile, answer: &Answer) -> Option<FollowUp> {
    let protocol = job_protocol(profile.jobs())?;
    (protocol.job_of)(&context(profile), answer).map(FollowUp::at)
}

fn context(profile: &Profile) -> JobContext<'_> {
    JobContext {
        base_url: &profile.base_url,
        vendor_code: profile.preset.vendor().vendor_code,
    }
}

#[cfg(test)]
mod tests;
