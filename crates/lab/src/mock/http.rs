//! The options of `mock http`.

use std::time::Duration;

use rampmeter_standin::HttpOptions;

use super::Listener;
use super::conduct::Behaviour;
use crate::arguments::duration;

/// How the stand-in for any HTTP API behaves.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    place: Listener,
    /// Calls that may be in flight at once.
    #[arg(long, value_name = "N", default_value_t = 10)]
    concurrency: u32,
    #[command(flatten)]
    behaviour: Behaviour,
    /// The bearer value demanded of every call. Without it, nobody has to sign in.
    #[arg(long, value_name = "VALUE")]
    bearer: Option<String>,
    /// A POST or PATCH without Idempotency-Key is refused.
    #[arg(long)]
    keys_demanded: bool,
    /// How long such a key is remembered.
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "24h")]
    keys_kept: Duration,
}

impl Arguments {
    pub(super) fn read(self) -> (Listener, HttpOptions) {
        let options = HttpOptions {
            max_in_flight: self.concurrency,
            windows: self.behaviour.windows(),
            bearer: self.bearer,
            keys_kept: self.keys_kept,
            keys_demanded: self.keys_demanded,
            conduct: self.behaviour.conduct(),
        };
        (self.place, options)
    }
}
