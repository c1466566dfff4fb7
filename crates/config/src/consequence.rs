//! Names of the past for what `rampmeter_call` says.

use std::time::SystemTime;

use rampmeter_caller::Outcome;

pub use rampmeter_call::{
    Failed, INVALID_MESSAGE, JOB_FAILED, JobAction as Looked, NextAction as Consequence,
    OUTCOME_UNKNOWN, UNAVAILABLE, UNDELIVERABLE, Watch,
};

use crate::target::Target;

/// A call and the rules for it.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'a> {
    /// Its target.
    pub target: &'a Target,
    /// Attempts that were used up before this one.
    pub attempts: u32,
    /// Any random number: it spreads the waits.
    pub random: u64,
}

impl Rules<'_> {
    /// See `CallRules::after`.
    #[must_use]
    pub fn call(&self, outcome: Outcome) -> Consequence {
        let rules = self.target.call_rules(self.attempts, self.random);
        rules.after(outcome)
    }

    /// See `CallRules::after_crash`.
    #[must_use]
    pub fn lost_in_flight(&self, host: &str) -> Consequence {
        let rules = self.target.call_rules(self.attempts, self.random);
        rules.after_crash(host)
    }

    /// See `CallRules::after_look`.
    #[must_use]
    pub fn look(&self, watch: &Watch<'_>, outcome: Outcome, now: SystemTime) -> Looked {
        let rules = self.target.call_rules(self.attempts, self.random);
        let profile = &self.target.profile;
        let look = profile.look(watch.follow_up, outcome, now);
        rules.after_look(watch, look)
    }
}
