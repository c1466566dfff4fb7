//! The options of a stand-in Salesforce org: its limits, its speed, its faults, and who may sign in.

use crate::options::{Conduct, LongRunning, OptionsError, TokenLife, Window, check};
use crate::sign_in::PublicKey;
use std::time::Duration;

/// How a stand-in Salesforce org behaves. Start from [`SalesforceOptions::default`].
#[derive(Clone, Debug)]
pub struct SalesforceOptions {
    /// Requests that may run long at once. Salesforce counts those of 20 s and more.
    pub long_running: LongRunning,
    /// Requests in any 24 hours, or in what stands for them.
    pub daily: Window,
    /// More windows, enforced at the same time. Salesforce has none.
    pub further_windows: Vec<Window>,
    /// The connected apps that may sign in; where there are none, nobody has to.
    pub apps: Vec<ConnectedApp>,
    /// A sandbox, whose assertions are for `https://test.salesforce.com`.
    pub sandbox: bool,
    /// How long a session lives. Salesforce never says so.
    pub token_life: TokenLife,
    /// A request for an access token takes a slot in the limits.
    pub sign_in_counts: bool,
    /// Speed, faults and bounds.
    pub conduct: Conduct,
}

/// A connected app: how it may sign in, by either flow or both.
#[derive(Clone, Debug)]
pub struct ConnectedApp {
    /// Consumer key.
    pub client_id: String,
    /// Consumer secret, for the client credentials flow.
    pub client_secret: Option<String>,
    /// The key in its certificate, and the users that are pre-authorised, for the JWT bearer flow.
    pub certificate: Option<PublicKey>,
    /// The users that may be acted for.
    pub users: Vec<String>,
}

impl Default for SalesforceOptions {
    /// A Developer Edition: 5 requests of 20 s and more at once, 15,000 in 24 hours; instant answers, no faults, no
    /// sign-in. A request is ended after ten minutes.
    fn default() -> SalesforceOptions {
        SalesforceOptions {
            long_running: LongRunning {
                calls: 5,
                after: Duration::from_secs(20),
            },
            daily: Window {
                calls: 15_000,
                per: Duration::from_secs(86_400),
            },
            further_windows: Vec::new(),
            apps: Vec::new(),
            sandbox: false,
            token_life: TokenLife::honest(Duration::from_secs(2 * 3_600)),
            sign_in_counts: false,
            conduct: Conduct {
                longest: Some(Duration::from_secs(600)),
                ..Conduct::default()
            },
        }
    }
}

impl SalesforceOptions {
    /// All windows, the daily one first.
    pub(super) fn windows(&self) -> Vec<Window> {
        let mut windows = vec![self.daily];
        windows.extend(&self.further_windows);
        windows
    }

    /// Checks that a server can be built from these options.
    ///
    /// # Errors
    /// The first thing found wrong.
    pub fn check(&self) -> Result<(), OptionsError> {
        if self.long_running.calls == 0 {
            return Err(OptionsError::Zero("long_running"));
        }
        check(&self.windows(), &self.conduct)
    }
}
