//! What every stand-in can be told on the command line: its speed, what goes wrong on purpose, its windows, and how long
//! its access tokens live.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rampmeter_standin::{Conduct, Faults, Latency, PublicKey, TokenLife, Window};
use rampmeter_terminal::{Exit, Failure};

use crate::arguments::duration;

/// Speed and faults.
#[derive(Debug, clap::Args)]
pub(super) struct Behaviour {
    /// Mean time the vendor works on a call; 0ms answers at once.
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "250ms")]
    latency_mean: Duration,
    /// Its 99th percentile; the same as the mean makes every call equally long.
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "800ms")]
    latency_p99: Duration,
    /// Longest time the vendor works on a call.
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "15m")]
    longest: Duration,
    /// Decides the latencies and what goes wrong.
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Share of calls that are done and then get no answer: the connection is cut. 5% or 0.05.
    #[arg(long, value_name = "SHARE", value_parser = share, default_value = "0")]
    lost_answers: f64,
    /// Share of calls that are left undone and answered with a failure of the vendor's own.
    #[arg(long, value_name = "SHARE", value_parser = share, default_value = "0")]
    server_errors: f64,
    /// Share of calls that are throttled although they broke no limit, as if others used the account.
    #[arg(long, value_name = "SHARE", value_parser = share, default_value = "0")]
    throttles: f64,
    /// How long an access token is accepted.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    token_life: Option<Duration>,
    /// How long an access token is said to be accepted, where the vendor says so; more than it is revokes without notice.
    #[arg(long, value_name = "DURATION", value_parser = duration, requires = "token_life")]
    token_life_stated: Option<Duration>,
    /// A request for an access token takes a slot in the limits.
    #[arg(long)]
    sign_in_counts: bool,
    /// A further window as CALLS/LENGTH, such as 40/24h; may be given several times.
    #[arg(long = "window", value_name = "CALLS/LENGTH", value_parser = window)]
    windows: Vec<Window>,
}

impl Behaviour {
    pub(super) fn latency(&self) -> Latency {
        let (mean, p99) = (self.latency_mean, self.latency_p99);
        match mean {
            Duration::ZERO => Latency::Instant,
            _ if mean == p99 => Latency::Fixed(mean),
            _ => Latency::LogNormal { mean, p99 },
        }
    }

    pub(super) fn longest(&self) -> Duration {
        self.longest
    }

    pub(super) fn seed(&self) -> u64 {
        self.seed
    }

    pub(super) fn faults(&self) -> Faults {
        Faults {
            lost_answer: self.lost_answers,
            server_error: self.server_errors,
            busy_account: self.throttles,
        }
    }

    pub(super) fn windows(&self) -> Vec<Window> {
        self.windows.clone()
    }

    pub(super) fn sign_in_counts(&self) -> bool {
        self.sign_in_counts
    }

    pub(super) fn token_life(&self, usual: TokenLife) -> TokenLife {
        match (self.token_life, self.token_life_stated) {
            (None, _) => usual,
            (Some(accepted), None) => TokenLife::honest(accepted),
            (Some(accepted), Some(stated)) => TokenLife { accepted, stated },
        }
    }

    /// All of it as the stand-ins take it.
    pub(super) fn conduct(&self) -> Conduct {
        Conduct {
            latency: self.latency(),
            longest: Some(self.longest),
            seed: self.seed,
            faults: self.faults(),
            ..Conduct::default()
        }
    }
}

/// Reads `5%` or `0.05`.
pub(super) fn share(text: &str) -> Result<f64, String> {
    let (number, whole) = match text.strip_suffix('%') {
        Some(percent) => (percent.trim(), 100.0),
        None => (text, 1.0),
    };
    let share = number
        .parse::<f64>()
        .map_err(|_| "write a share as 5% or 0.05".to_owned())?
        / whole;
    if (0.0..=1.0).contains(&share) {
        Ok(share)
    } else {
        Err("a share lies between 0% and 100%".to_owned())
    }
}

/// Reads `40/24h`.
fn window(text: &str) -> Result<Window, String> {
    let form = || "write a window as CALLS/LENGTH, such as 40/24h".to_owned();
    let (calls, per) = text.split_once('/').ok_or_else(form)?;
    let calls = calls.parse().map_err(|_| form())?;
    let per = duration(per).map_err(|_| form())?;
    if calls == 0 || per.is_zero() {
        return Err("a window holds at least one call and has a length".to_owned());
    }
    Ok(Window { calls, per })
}

/// The key in a certificate or public key on disk.
pub(super) fn public_key(path: &Path) -> Result<PublicKey, Failure> {
    let unreadable = |why: String| {
        let what = format!("{} cannot be used: {why}", path.display());
        Failure::new("RM2033", Exit::Usage, what).with_help(
            "openssl req -x509 -newkey rsa:3072 -keyout key.pem -out certificate.pem -days 700 -noenc -subj /CN=rampmeter",
        )
    };
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))?;
    PublicKey::from_pem(&text).map_err(unreadable)
}

/// A certificate or public key that belongs to what is signed.
#[derive(Debug, clap::Args)]
pub(super) struct CertificateFile {
    /// The certificate (or public key) that assertions are checked with, in PEM.
    #[arg(long, value_name = "FILE", requires = "client_id")]
    certificate: Option<PathBuf>,
}

impl CertificateFile {
    pub(super) fn read(&self) -> Result<Option<PublicKey>, Failure> {
        self.certificate.as_deref().map(public_key).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_a_percentage_or_a_fraction() {
        assert_eq!(share("5%"), Ok(0.05));
        assert_eq!(share("0.02"), Ok(0.02));
        for wrong in ["", "x", "120%", "-1", "NaN"] {
            assert!(share(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_window_has_calls_and_a_length() {
        let expected = Window {
            calls: 40,
            per: Duration::from_secs(86_400),
        };
        assert_eq!(window("40/24h"), Ok(expected));
        for wrong in ["40", "0/1s", "1/0s", "x/1s", "1/x"] {
            assert!(window(wrong).is_err(), "{wrong}");
        }
    }
}
