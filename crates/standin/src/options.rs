//! What a stand-in NetSuite is told when it starts: its limits, its speed and its faults.

use crate::latency::{Latency, LogNormal};
use std::time::Duration;

/// How a stand-in NetSuite behaves. Start from [`NetSuiteOptions::default`].
#[derive(Clone, Debug)]
pub struct NetSuiteOptions {
    /// Calls that may be in flight at once, over the whole account.
    pub max_in_flight: u32,
    /// Calls that may arrive in any window of length [`window`](Self::window), wherever it is placed.
    pub calls_per_window: u64,
    /// Length of the sliding window.
    pub window: Duration,
    /// More limits of the same kind, each the calls and the length of its window: a stack such as 100 a second and
    /// 2,000 a minute.
    pub further_windows: Vec<(u64, Duration)>,
    /// How long the work of an accepted call takes.
    pub latency: Latency,
    /// The vendor's longest run time: no call takes longer. NetSuite ends a REST request after 15 minutes.
    pub longest: Option<Duration>,
    /// Seed of everything drawn at random, so that a run can be repeated.
    pub seed: u64,
    /// The value demanded in `Authorization: Bearer`; anything else is answered 401. `None` asks for none.
    pub bearer: Option<String>,
    /// What goes wrong on purpose.
    pub faults: Faults,
    /// Largest request body, in bytes; a larger one is answered 413. NetSuite takes 104 MB.
    pub body_limit: usize,
    /// How many of the latest calls are remembered one by one, for [`spans`](crate::NetSuite::spans) and
    /// the latency percentiles. The counts of a report know every call.
    pub spans_kept: usize,
}

impl Default for NetSuiteOptions {
    /// A Premium account (15 at once) with 6,000 calls a minute, instant answers and no faults.
    fn default() -> NetSuiteOptions {
        NetSuiteOptions {
            max_in_flight: 15,
            calls_per_window: 6_000,
            window: Duration::from_secs(60),
            further_windows: Vec::new(),
            latency: Latency::Instant,
            longest: Some(Duration::from_secs(15 * 60)),
            seed: 0,
            bearer: None,
            faults: Faults::default(),
            body_limit: 1 << 20,
            spans_kept: 1_000_000,
        }
    }
}

/// What goes wrong on purpose, each with a probability from 0 to 1 per accepted call (or per arriving
/// one, where said). All are 0 by default.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Faults {
    /// The work is done, then the connection is cut without a byte of answer.
    pub lost_answer: f64,
    /// The call takes its time, the work is not done, and the answer is 500 `UNEXPECTED_ERROR`.
    pub server_error: f64,
    /// An arriving call is answered 429 although it broke no limit, as happens when someone else uses the
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
}

impl NetSuiteOptions {
    /// Checks that a server can be built from these options.
    ///
    /// # Errors
    /// The first thing found wrong.
    pub fn check(&self) -> Result<(), OptionsError> {
        if self.max_in_flight == 0 {
            return Err(OptionsError::Zero("max_in_flight"));
        }
        if self.calls_per_window == 0 {
            return Err(OptionsError::Zero("calls_per_window"));
        }
        if self.window.is_zero() {
            return Err(OptionsError::Zero("window"));
        }
        if self
            .further_windows
            .iter()
            .any(|(calls, window)| *calls == 0 || window.is_zero())
        {
            return Err(OptionsError::Zero("further_windows"));
        }
        for (name, value) in [
            ("lost_answer", self.faults.lost_answer),
            ("server_error", self.faults.server_error),
            ("busy_account", self.faults.busy_account),
        ] {
            if !(0.0..=1.0).contains(&value) {
                return Err(OptionsError::Probability { name, value });
            }
        }
        if let Latency::LogNormal { mean, p99 } = self.latency {
            LogNormal::solve(mean, p99)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_options_can_be_served() {
        assert_eq!(NetSuiteOptions::default().check(), Ok(()));
    }

    #[test]
    fn options_that_accept_no_call_or_are_no_probability_are_refused() {
        let wrong = |change: fn(&mut NetSuiteOptions)| {
            let mut options = NetSuiteOptions::default();
            change(&mut options);
            options.check().unwrap_err()
        };
        assert_eq!(
            wrong(|o| o.max_in_flight = 0),
            OptionsError::Zero("max_in_flight")
        );
        assert_eq!(
            wrong(|o| o.calls_per_window = 0),
            OptionsError::Zero("calls_per_window")
        );
        assert_eq!(
            wrong(|o| o.window = Duration::ZERO),
            OptionsError::Zero("window")
        );
        assert_eq!(
            wrong(|o| o.faults.lost_answer = 1.5),
            OptionsError::Probability {
                name: "lost_answer",
                value: 1.5
            }
        );
        assert_eq!(
            wrong(|o| o.further_windows = vec![(1, Duration::ZERO)]),
            OptionsError::Zero("further_windows")
        );
        assert!(matches!(
            wrong(|o| o.faults.server_error = f64::NAN),
            OptionsError::Probability {
                name: "server_error",
                ..
            }
        ));
    }
}
