//! The options of a stand-in for any HTTP API.

use crate::options::{Conduct, OptionsError, Window, check};
use std::time::Duration;

/// How a stand-in for any HTTP API behaves. Start from [`HttpOptions::default`].
#[derive(Clone, Debug)]
pub struct HttpOptions {
    /// Calls that may be in flight at once.
    pub max_in_flight: u32,
    /// Windows, all enforced at the same time and stated in every answer.
    pub windows: Vec<Window>,
    /// The value demanded in `Authorization: Bearer`; without one, nobody has to sign in.
    pub bearer: Option<String>,
    /// How long an idempotency key is remembered.
    pub keys_kept: Duration,
    /// A POST or PATCH without an idempotency key is refused.
    pub keys_demanded: bool,
    /// Speed, faults and bounds.
    pub conduct: Conduct,
}

impl Default for HttpOptions {
    /// Ten calls at once, 100 in ten seconds, keys for a day; instant answers, no faults and no sign-in.
    fn default() -> HttpOptions {
        HttpOptions {
            max_in_flight: 10,
            windows: vec![Window {
                calls: 100,
                per: Duration::from_secs(10),
            }],
            bearer: None,
            keys_kept: Duration::from_secs(86_400),
            keys_demanded: false,
            conduct: Conduct::default(),
        }
    }
}

impl HttpOptions {
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
