//! What else an outcome shows when it is read with its account: limits, and a job that goes on.

use std::time::SystemTime;

use rampmeter_call::{
    Outcome,
    job::{FollowUp, PollResult},
};

use crate::answer::rate_headers::StatedLimit;
use crate::job::JobContext;
use crate::profile::Profile;
use crate::vendor::{job_protocol, read_allowances};

/// What the answer of an outcome says about the vendor's limits.
#[must_use]
pub fn stated_limits(outcome: &Outcome, now: SystemTime) -> Vec<StatedLimit> {
    outcome
        .answer()
        .map(|answer| read_allowances(answer, now))
        .unwrap_or_default()
}

impl Profile {
    /// Where work that the vendor has accepted goes on, if it does: the call has ended only when that work has. A Location
    /// outside the endpoint that the call went to does not count.
    #[must_use]
    pub fn job_of(&self, endpoint: Option<&str>, outcome: &Outcome) -> Option<FollowUp> {
        let Outcome::Success(answer) = outcome else {
            return None;
        };
        let place = self.place(endpoint);
        let protocol = job_protocol(place.jobs())?;
        let path = (protocol.job_of)(&context(place), answer)?;
        Some(FollowUp::at(endpoint, path))
    }

    /// What the outcome of a poll of a job shows.
    #[must_use]
    pub fn poll_result(
        &self,
        follow_up: &FollowUp,
        outcome: Outcome,
        now: SystemTime,
    ) -> PollResult {
        let place = self.place(follow_up.endpoint.as_deref());
        context(place).poll_result(follow_up, job_protocol(place.jobs()), outcome, now)
    }
}

fn context(profile: &Profile) -> JobContext<'_> {
    JobContext {
        base_url: &profile.base_url,
        vendor_code: profile.preset.vendor().vendor_code,
    }
}

#[cfg(test)]
mod tests;
