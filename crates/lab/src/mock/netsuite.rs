//! The options of `mock netsuite`.

use std::time::Duration;

use rampmeter_standin::{Certificate, NetSuiteOptions, NetSuiteSignIn, TokenBased};
use rampmeter_terminal::Failure;
use rampmeter_terminal::output;

use super::Listener;
use super::conduct::{Behaviour, CertificateFile, share};
use crate::arguments::duration;

/// Bits that NetSuite wants of an RSA key.
const RSA_BITS: usize = 3_072;

/// How the stand-in NetSuite behaves.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    place: Listener,
    /// Calls that may be in flight at once.
    #[arg(long, value_name = "N", default_value_t = 15)]
    concurrency: u32,
    /// Calls that may arrive in any minute.
    #[arg(long, value_name = "N", default_value_t = 6_000)]
    calls_per_minute: u64,
    #[command(flatten)]
    behaviour: Behaviour,
    /// A bearer value that is always accepted, or `none`. Without any sign-in here, nobody has to sign in.
    #[arg(long, value_name = "VALUE", default_value = "none")]
    bearer: String,
    /// Client id of the integration that signs in with a certificate (OAuth 2.0).
    #[arg(long, value_name = "ID", requires = "certificate")]
    client_id: Option<String>,
    /// Id of that certificate, as the mapping shows it.
    #[arg(long, value_name = "ID", default_value = "certificate-1")]
    certificate_id: String,
    #[command(flatten)]
    certificate: CertificateFile,
    /// The account, the realm of Token-Based Authentication (OAuth 1.0a); the next four belong to it.
    #[arg(long, value_name = "ID", default_value = "1234567_SB1")]
    account: String,
    /// Consumer key.
    #[arg(long, value_name = "KEY", requires_all = ["consumer_secret", "access_id", "access_secret"])]
    consumer_key: Option<String>,
    /// Consumer secret.
    #[arg(long, value_name = "SECRET", requires = "consumer_key")]
    consumer_secret: Option<String>,
    /// Token id.
    #[arg(long, value_name = "ID", requires = "consumer_key")]
    access_id: Option<String>,
    /// Token secret.
    #[arg(long, value_name = "SECRET", requires = "consumer_key")]
    access_secret: Option<String>,
    /// Share of the throttles that look like a refused login.
    #[arg(long, value_name = "SHARE", value_parser = share, default_value = "0")]
    hidden_throttles: f64,
    /// How long such a login takes.
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "60s")]
    hidden_throttle_takes: Duration,
    /// A job in the background holds no slot.
    #[arg(long)]
    jobs_hold_no_slot: bool,
    /// Idempotency keys are honoured for requests that are not asynchronous too, which NetSuite does not promise.
    #[arg(long)]
    lenient_keys: bool,
}

impl Arguments {
    /// # Errors
    /// When the certificate cannot be read.
    pub(super) fn read(self) -> Result<(Listener, NetSuiteOptions), Failure> {
        let certificates = self.certificates()?;
        let usual = NetSuiteSignIn::default();
        let options = NetSuiteOptions {
            max_in_flight: self.concurrency,
            calls_per_window: self.calls_per_minute,
            further_windows: self.behaviour.windows(),
            latency: self.behaviour.latency(),
            longest: Some(self.behaviour.longest()),
            seed: self.behaviour.seed(),
            faults: self.behaviour.faults(),
            bearer: (self.bearer != "none").then(|| self.bearer.clone()),
            sign_in: NetSuiteSignIn {
                token_based: self.token_based(),
                certificates,
                token_life: self.behaviour.token_life(usual.token_life),
                ..usual
            },
            login_hides_throttle: self.hidden_throttles,
            hidden_throttle_takes: self.hidden_throttle_takes,
            jobs_hold_slots: !self.jobs_hold_no_slot,
            keys_on_sync: self.lenient_keys,
            sign_in_counts: self.behaviour.sign_in_counts(),
            ..NetSuiteOptions::default()
        };
        Ok((self.place, options))
    }

    fn certificates(&self) -> Result<Vec<Certificate>, Failure> {
        let (Some(key), Some(client_id)) = (self.certificate.read()?, &self.client_id) else {
            return Ok(Vec::new());
        };
        if key.rsa_bits().is_some_and(|bits| bits < RSA_BITS) {
            output::note(&format!(
                "NetSuite itself wants RSA keys of {RSA_BITS} bits or more; this one is shorter"
            ));
        }
        Ok(vec![Certificate {
            client_id: client_id.clone(),
            certificate_id: self.certificate_id.clone(),
            key,
        }])
    }

    fn token_based(&self) -> Option<TokenBased> {
        Some(TokenBased {
            account: self.account.clone(),
            consumer_key: self.consumer_key.clone()?,
            consumer_secret: self.consumer_secret.clone()?,
            access_id: self.access_id.clone()?,
            access_secret: self.access_secret.clone()?,
        })
    }
}
