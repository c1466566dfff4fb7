//! The options that every stand-in has: its windows, its speed and its faults. Those of one vendor are in that vendor's
//! folder.

use crate::latency::{Latency, LogNormal};
use std::time::Duration;

/// A limit on calls in every half-open window of one length, wherever it is placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Calls that may arrive in it.
    pub calls: u64,
    /// Its length.
    pub per: Duration,
}

/// A limit on calls in flight that counts only those which have run for a while: while there are so many, no new call
/// is let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LongRunning {
    /// Calls that may have run so long at once.
    pub calls: u32,
    /// From what age a call counts.
    pub after: Duration,
}

/// How a stand-in behaves, whatever its vendor. Start from [`Conduct::default`].
#[derive(Clone, Debug)]
pub struct Conduct {
    /// How long the work of an accepted call takes.
    pub latency: Latency,
    /// The vendor's longest run time: no call takes longer.
    pub longest: Option<Duration>,
    /// Seed of everything drawn at random, so that a run can be repeated.
    pub seed: u64,
    /// What goes wrong on purpose.
    pub faults: Faults,
    /// Largest request body, in bytes.
    pub body_limit: usize,
    /// How many of the latest calls are remembered one by one, for [`spans`](crate::StandIn::spans) and
    /// the latency percentiles. The counts of a report know every call.
    pub spans_kept: usize,
}

impl Default for Conduct {
    /// Instant answers and no faults.
    fn default() -> Conduct {
        Conduct {
            latency: Latency::Instant,
            longest: None,
            seed: 0,
            faults: Faults::default(),
            body_limit: 1 << 20,
            spans_kept: 1_000_000,
        }
    }
}

/// How long the access tokens of a stand-in live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenLife {
    /// How long a token is accepted.
    pub accepted: Duration,
    /// How long the answer says it will be, where the vendor says so at all; a longer time than `accepted` is a token
    /// that is revoked without notice.
    pub stated: Duration,
}

impl TokenLife {
    /// A token that lives as long as it is said to.
    #[must_use]
    pub fn honest(life: Duration) -> TokenLife {
        TokenLife {
            accepted: life,
            stated: life,
        }
    }
}

/// What goes wrong on purpose, each with a probability from 0 to 1 per accepted call (or per arriving
/// one, where said). All are 0 by default.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Faults {
    /// The work is done, then the connection is cut without a byte of answer.
    pub lost_answer: f64,
    /// The call takes its time, the work is not done, and the answer is the vendor's for a failure of its own.
    pub server_error: f64,
    /// An arriving call is throttled although it broke no limit, as happens when someone else uses the
    /// same account. It counts as rejected, not as a violation.
    pub busy_account: f64,
}

/// Options that no server can be built from.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum OptionsError {
    /// A limit or the window is zero, so no call could ever be accepted.
    #[error("{0} is zero: no call could ever be accepted")]
    Zero(&'static str),
    /// A probability is outside 0 to 1.
    #[error("the probability of {name} is {value}, which is outside 0 to 1")]
    Probability {
        /// Field of [`Faults`].
        name: &'static str,
        /// The value given.
        value: f64,
    },
    /// No log-normal distribution has this mean and this 99th percentile.
    #[error(
        "no log-normal distribution has mean {mean:?} and 99th percentile {p99:?}: the percentile must be \
         above the mean and below 14.96 times the mean"
    )]
    LogNormal {
        /// The mean asked for.
        mean: Duration,
        /// The 99th percentile asked for.
        p99: Duration,
    },
    /// A public key or certificate that tokens are checked with cannot be read.
    #[error("the public key or certificate cannot be read: {0}")]
    Key(String),
}

/// Checks one set of windows and a conduct.
pub(crate) fn check(windows: &[Window], conduct: &Conduct) -> Result<(), OptionsError> {
    for window in windows {
        if window.calls == 0 {
            return Err(OptionsError::Zero("calls_per_window"));
        }
        if window.per.is_zero() {
            return Err(OptionsError::Zero("window"));
        }
    }
    probability("lost_answer", conduct.faults.lost_answer)?;
    probability("server_error", conduct.faults.server_error)?;
    probability("busy_account", conduct.faults.busy_account)?;
    if let Latency::LogNormal { mean, p99 } = conduct.latency {
        LogNormal::solve(mean, p99)?;
    }
    Ok(())
}

/// Checks one probability.
pub(crate) fn probability(name: &'static str, value: f64) -> Result<(), OptionsError> {
    if (0.0..=1.0).contains(&value) {
        Ok(())
    } else {
        Err(OptionsError::Probability { name, value })
    }
}
