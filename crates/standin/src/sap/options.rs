//! The options of a stand-in SAP system: its limits, its speed, its faults, who may sign in, and what it remembers of
//! calls.

use crate::options::{Conduct, OptionsError, TokenLife, Window, check};
use std::time::Duration;

/// How a stand-in SAP system behaves. Start from [`SapOptions::default`].
#[derive(Clone, Debug)]
pub struct SapOptions {
    /// Calls that may be in flight at once.
    pub max_in_flight: u32,
    /// Windows, all enforced at the same time. One call in half a second is the spacing that some services want.
    pub windows: Vec<Window>,
    /// What every throttle says in Retry-After; with `None` it says when there is room again.
    pub retry_after: Option<Duration>,
    /// A call that changes something needs a token against cross-site request forgery and the cookies of its session.
    pub csrf: bool,
    /// How long such a session lives.
    pub session_life: Duration,
    /// How repeats are known.
    pub repeatability: Repeatability,
    /// Who may sign in.
    pub sign_in: SapSignIn,
    /// A request for an access token takes a slot in the limits.
    pub sign_in_counts: bool,
    /// Speed, faults and bounds.
    pub conduct: Conduct,
}

/// How an SAP system knows a repeat as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeatability {
    /// Not at all, as most systems are set up.
    Off,
    /// `Repeatability-Request-ID` and `Repeatability-First-Sent` (OASIS Repeatable Requests 1.0), remembered for so long.
    Oasis(Duration),
    /// `RequestID` and `RepeatabilityCreation` of SAP Gateway, remembered for so long.
    Gateway(Duration),
}

/// Who may sign in to a stand-in SAP system. Where nobody is named, nobody has to.
#[derive(Clone, Debug)]
pub struct SapSignIn {
    /// A communication user and its password.
    pub basic: Option<(String, String)>,
    /// A client id and its secret, for access tokens at `/oauth/token`.
    pub client: Option<(String, String)>,
    /// A key in the header `APIKey`.
    pub api_key: Option<String>,
    /// How long an access token lives.
    pub token_life: TokenLife,
}

impl Default for SapSignIn {
    /// Nobody; tokens of twelve hours.
    fn default() -> SapSignIn {
        SapSignIn {
            basic: None,
            client: None,
            api_key: None,
            token_life: TokenLife::honest(Duration::from_secs(43_199)),
        }
    }
}

impl Default for SapOptions {
    /// Five calls at once and no windows, for SAP publishes no numbers; sessions of half an hour, no repeatability,
    /// instant answers, no faults and no sign-in.
    fn default() -> SapOptions {
        SapOptions {
            max_in_flight: 5,
            windows: Vec::new(),
            retry_after: None,
            csrf: true,
            session_life: Duration::from_secs(1_800),
            repeatability: Repeatability::Off,
            sign_in: SapSignIn::default(),
            sign_in_counts: false,
            conduct: Conduct::default(),
        }
    }
}

impl SapOptions {
    /// Checks that a server can be built from these options.
    ///
    /// # Errors
    /// The first thing found wrong.
    pub fn check(&self) -> Result<(), OptionsError> {
        if self.max_in_flight == 0 {
            return Err(OptionsError::Zero("max_in_flight"));
        }
        check(&self.windows, &self.conduct)
    }
}
