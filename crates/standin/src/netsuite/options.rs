//! The options of a stand-in NetSuite: its limits, its speed, its faults, and who may sign in.

use crate::latency::Latency;
use crate::options::{Conduct, Faults, OptionsError, TokenLife, Window, check, probability};
use crate::sign_in::PublicKey;
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
    /// More windows, enforced at the same time.
    pub further_windows: Vec<Window>,
    /// How long the work of an accepted call takes.
    pub latency: Latency,
    /// The vendor's longest run time: no call takes longer. NetSuite ends a REST request after 15 minutes.
    pub longest: Option<Duration>,
    /// Seed of everything drawn at random, so that a run can be repeated.
    pub seed: u64,
    /// A value accepted in `Authorization: Bearer` as long as the stand-in runs. Without it and without any
    /// [`sign_in`](Self::sign_in), nobody has to sign in.
    pub bearer: Option<String>,
    /// Who else may sign in.
    pub sign_in: NetSuiteSignIn,
    /// What goes wrong on purpose.
    pub faults: Faults,
    /// The probability that a throttle of too many calls at once is hidden in a refused login, as NetSuite does under
    /// overload.
    pub login_hides_throttle: f64,
    /// How long such a login takes; about a minute has been reported.
    pub hidden_throttle_takes: Duration,
    /// A job in the background holds its slot until it ends, in addition to the slots that requests hold, including
    /// polls of jobs. Oracle does not say whether it does; this is the stricter way to count.
    pub jobs_hold_slots: bool,
    /// An idempotency key is honoured for requests that are not asynchronous too. NetSuite documents it for
    /// asynchronous ones alone: without this, a repeated POST makes a second record.
    pub keys_on_sync: bool,
    /// A request for an access token takes a slot in the limits.
    pub sign_in_counts: bool,
    /// Largest request body, in bytes; a larger one is answered 413. NetSuite takes 104 MB.
    pub body_limit: usize,
    /// How many of the latest calls are remembered one by one, for [`spans`](crate::StandIn::spans) and
    /// the latency percentiles. The counts of a report know every call.
    pub spans_kept: usize,
}

/// Who may sign in to a stand-in NetSuite, besides the one with the bearer value.
#[derive(Clone, Debug)]
pub struct NetSuiteSignIn {
    /// Token-Based Authentication (OAuth 1.0a).
    pub token_based: Option<TokenBased>,
    /// Client credentials with a certificate (OAuth 2.0): the mappings.
    pub certificates: Vec<Certificate>,
    /// How long an access token lives.
    pub token_life: TokenLife,
    /// How far a client's clock may be off.
    pub clock_skew: Duration,
}

/// One integration and one token of Token-Based Authentication.
#[derive(Clone, Debug)]
pub struct TokenBased {
    /// The realm: `1234567_SB1`.
    pub account: String,
    /// Key of the integration record.
    pub consumer_key: String,
    /// Secret of the integration record.
    pub consumer_secret: String,
    /// What NetSuite shows as Token ID.
    pub access_id: String,
    /// What NetSuite shows as Token Secret.
    pub access_secret: String,
}

/// A mapping of client credentials: which client may sign with which key.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// Client id: the consumer key of the integration record.
    pub client_id: String,
    /// Certificate id, the `kid` of an assertion.
    pub certificate_id: String,
    /// The key in the certificate.
    pub key: PublicKey,
}

impl Default for NetSuiteOptions {
    /// A Premium account (15 at once) with 6,000 calls a minute, instant answers, no faults and no sign-in.
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
            sign_in: NetSuiteSignIn::default(),
            faults: Faults::default(),
            login_hides_throttle: 0.0,
            hidden_throttle_takes: Duration::from_secs(60),
            jobs_hold_slots: true,
            keys_on_sync: true,
            sign_in_counts: false,
            body_limit: 1 << 20,
            spans_kept: 1_000_000,
        }
    }
}

impl Default for NetSuiteSignIn {
    /// Nobody; tokens of an hour, clocks off by at most five minutes.
    fn default() -> NetSuiteSignIn {
        NetSuiteSignIn {
            token_based: None,
            certificates: Vec::new(),
            token_life: TokenLife::honest(Duration::from_secs(3_600)),
            clock_skew: Duration::from_secs(300),
        }
    }
}

impl NetSuiteOptions {
    /// All windows, the first included.
    pub(super) fn windows(&self) -> Vec<Window> {
        let first = Window {
            calls: self.calls_per_window,
            per: self.window,
        };
        std::iter::once(first)
            .chain(self.further_windows.iter().copied())
            .collect()
    }

    /// What every stand-in is told.
    pub(super) fn conduct(&self) -> Conduct {
        Conduct {
            latency: self.latency.clone(),
            longest: self.longest,
            seed: self.seed,
            faults: self.faults,
            body_limit: self.body_limit,
            spans_kept: self.spans_kept,
        }
    }

    /// Checks that a server can be built from these options.
    ///
    /// # Errors
    /// The first thing found wrong.
    pub fn check(&self) -> Result<(), OptionsError> {
        if self.max_in_flight == 0 {
            return Err(OptionsError::Zero("max_in_flight"));
        }
        probability("login_hides_throttle", self.login_hides_throttle)?;
        check(&self.windows(), &self.conduct())
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
        assert!(matches!(
            wrong(|o| o.faults.server_error = f64::NAN),
            OptionsError::Probability {
                name: "server_error",
                ..
            }
        ));
    }
}
