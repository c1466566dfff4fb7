//! The options of `mock sap`.

use std::time::Duration;

use clap::ValueEnum;
use rampmeter_standin::{Repeatability, SapOptions, SapSignIn, Window};

use super::Listener;
use super::conduct::Behaviour;
use crate::arguments::duration;

/// How the stand-in SAP system behaves.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    place: Listener,
    /// Calls that may be in flight at once.
    #[arg(long, value_name = "N", default_value_t = 5)]
    concurrency: u32,
    /// Time between two calls, as some services of SuccessFactors want it.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    spacing: Option<Duration>,
    /// What every throttle says in Retry-After; without it, a throttle says when there is room again.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    retry_after: Option<Duration>,
    #[command(flatten)]
    behaviour: Behaviour,
    /// A communication user, with --password. Without any sign-in here, nobody has to sign in.
    #[arg(long, value_name = "NAME", requires = "password")]
    user: Option<String>,
    /// Its password.
    #[arg(long, value_name = "PASSWORD", requires = "user")]
    password: Option<String>,
    /// Client id for access tokens from /oauth/token, with --client-secret.
    #[arg(long, value_name = "ID", requires = "client_secret")]
    client_id: Option<String>,
    /// Its secret.
    #[arg(long, value_name = "SECRET", requires = "client_id")]
    client_secret: Option<String>,
    /// A key in the header APIKey.
    #[arg(long, value_name = "KEY")]
    api_key: Option<String>,
    /// Calls that change something need no token against cross-site request forgery.
    #[arg(long)]
    no_csrf: bool,
    /// How long a session with such a token lives.
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "30m")]
    session_life: Duration,
    /// How repeats are known.
    #[arg(long, value_enum, default_value_t = Way::Off)]
    repeatability: Way,
    /// How long they are.
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "24h")]
    repeatability_kept: Duration,
}

/// How repeats are known.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Way {
    /// Not at all, as most systems are set up.
    Off,
    /// Repeatability-Request-ID and Repeatability-First-Sent (OASIS).
    Oasis,
    /// RequestID and RepeatabilityCreation (SAP Gateway).
    Gateway,
}

impl Arguments {
    pub(super) fn read(self) -> (Listener, SapOptions) {
        let spacing = self.spacing.map(|per| Window { calls: 1, per });
        let usual = SapSignIn::default();
        let options = SapOptions {
            max_in_flight: self.concurrency,
            windows: spacing
                .into_iter()
                .chain(self.behaviour.windows())
                .collect(),
            retry_after: self.retry_after,
            csrf: !self.no_csrf,
            session_life: self.session_life,
            repeatability: match self.repeatability {
                Way::Off => Repeatability::Off,
                Way::Oasis => Repeatability::Oasis(self.repeatability_kept),
                Way::Gateway => Repeatability::Gateway(self.repeatability_kept),
            },
            sign_in: SapSignIn {
                basic: self.user.zip(self.password),
                client: self.client_id.zip(self.client_secret),
                api_key: self.api_key,
                token_life: self.behaviour.token_life(usual.token_life),
            },
            sign_in_counts: self.behaviour.sign_in_counts(),
            conduct: self.behaviour.conduct(),
        };
        (self.place, options)
    }
}
