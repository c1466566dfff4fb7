//! What a target is configured to allow: its limits and its deferral bounds, and which of them make
//! sense.
//!
//! Reading `rampmeter.toml` is the business of the `config` crate, which builds these values.

mod error;
mod limit;
mod max_deferrals;
mod max_probe_pause;
mod reserve;
mod share;
mod tariff;

use std::collections::BTreeSet;
use std::time::Duration;

use crate::planned_pause::PlannedPause;

pub use error::RulesError;
pub use limit::{CountFrom, Counts, Limit, LimitKind, Pace};
pub use max_deferrals::{DEFAULT_MAX_DEFERRALS, DeferralBound, MaxDeferrals};
pub use max_probe_pause::{MAX_PROBE_PAUSE, MaxProbePause};
pub use reserve::Reserve;
pub(crate) use reserve::Taken;
pub use share::Share;
pub use tariff::{
    AppliesTo, BASE_URL, By, CallTraits, Charge, Charges, Cost, KeptCharge, Key, Line, MAX_TARIFFS,
    Tariff,
};

/// The shortest window: below it, the clocks and the network decide more than the limit does.
pub const MIN_WINDOW: Duration = Duration::from_millis(100);
/// The longest window, a month.
pub const MAX_WINDOW: Duration = Duration::from_secs(31 * 24 * 60 * 60);
/// All rules of one target. A call starts only if every limit admits it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// The limits of the target; none means that nothing but the priorities orders its calls.
    pub limits: Vec<Limit>,
    /// How often higher lanes may start past a lower one.
    pub max_deferrals: MaxDeferrals,
    /// Its planned pauses.
    pub pauses: Vec<PlannedPause>,
    /// How long its account is left alone at most, between two probes while it is in trouble.
    pub max_probe_pause: MaxProbePause,
}

impl Rules {
    /// Checks that a gate can follow these rules.
    ///
    /// # Errors
    /// The first thing that is wrong, in the order of the limits.
    pub fn validate(&self) -> Result<(), RulesError> {
        let mut names = BTreeSet::new();
        for (position, limit) in self.limits.iter().enumerate() {
            if limit.name.is_empty() {
                return Err(RulesError::NoName { position });
            }
            if !names.insert(&limit.name) {
                return Err(RulesError::DuplicateName {
                    name: limit.name.clone(),
                });
            }
            limit.validate()?;
        }
        let tariffs = self.tariffs().len();
        if tariffs > MAX_TARIFFS {
            return Err(RulesError::TooManyTariffs { tariffs });
        }
        Ok(())
    }

    /// The limit that could never admit a call that is charged so, with what it would take and the places there are.
    pub fn never_admits(&self, charges: &Charges) -> Option<(&str, u64, u64)> {
        let tariffs = self.tariffs();
        self.limits.iter().find_map(|limit| {
            let tariff = tariffs.iter().position(|tariff| *tariff == limit.tariff)?;
            let cost = u64::from(charges.by(tariff)?.cost.get());
            (cost > limit.max()).then_some((limit.name.as_str(), cost, limit.max()))
        })
    }

    /// The tariffs of its limits, each once: those by a key first, and then in the order of the limits. That of a limit which
    /// counts every call once is not among them.
    pub fn tariffs(&self) -> Vec<Tariff> {
        let mut tariffs = Vec::new();
        for limit in &self.limits {
            if !limit.tariff.is_plain() && !tariffs.contains(&limit.tariff) {
                tariffs.push(limit.tariff.clone());
            }
        }
        // The narrow ones first: a call steps aside in the first line that has no place for it.
        tariffs.sort_by_key(|tariff| tariff.by.is_none());
        tariffs
    }
}

#[cfg(test)]
mod tests;
