//! The options of `mock salesforce`.

use std::time::Duration;

use rampmeter_standin::{ConnectedApp, LongRunning, SalesforceOptions, TokenLife, Window};
use rampmeter_terminal::Failure;

use super::Listener;
use super::conduct::{Behaviour, CertificateFile};
use crate::arguments::duration;

/// How the stand-in Salesforce org behaves.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    place: Listener,
    /// Requests that may run long at once: 5 in a Developer Edition, 25 in production.
    #[arg(long, value_name = "N", default_value_t = 5)]
    long_running: u32,
    /// From what age a request runs long.
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "20s")]
    long_after: Duration,
    /// Requests in 24 hours.
    #[arg(long, value_name = "N", default_value_t = 15_000)]
    calls_per_day: u64,
    /// The length that stands in for these 24 hours.
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "24h")]
    day: Duration,
    #[command(flatten)]
    behaviour: Behaviour,
    /// Consumer key of the connected app. Without one, nobody has to sign in.
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// Consumer secret, for the client credentials flow.
    #[arg(long, value_name = "SECRET", requires = "client_id")]
    client_secret: Option<String>,
    #[command(flatten)]
    certificate: CertificateFile,
    /// The user that may be acted for.
    #[arg(long, value_name = "NAME", default_value = "integration@example.com")]
    username: String,
    /// A sandbox: assertions are for https://test.salesforce.com.
    #[arg(long)]
    sandbox: bool,
}

impl Arguments {
    /// # Errors
    /// When the certificate cannot be read.
    pub(super) fn read(self) -> Result<(Listener, SalesforceOptions), Failure> {
        let certificate = self.certificate.read()?;
        let usual: TokenLife = SalesforceOptions::default().token_life;
        let apps = self.client_id.map(|client_id| ConnectedApp {
            client_id,
            client_secret: self.client_secret,
            certificate,
            users: vec![self.username],
        });
        let options = SalesforceOptions {
            long_running: LongRunning {
                calls: self.long_running,
                after: self.long_after,
            },
            daily: Window {
                calls: self.calls_per_day,
                per: self.day,
            },
            further_windows: self.behaviour.windows(),
            apps: apps.into_iter().collect(),
            sandbox: self.sandbox,
            token_life: self.behaviour.token_life(usual),
            sign_in_counts: self.behaviour.sign_in_counts(),
            conduct: self.behaviour.conduct(),
        };
        Ok((self.place, options))
    }
}
