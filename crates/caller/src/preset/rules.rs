//! What a preset is made of: data that a configuration can override, and the few decisions that need code.

use std::borrow::Cow;
use std::time::Duration;

use url::Url;

use crate::answer::Answer;
use crate::classify::Meaning;
use crate::follow_up::Jobs;
use crate::reconcile::Question;
use crate::request::Request;

/// A vendor's rules.
#[derive(Debug)]
pub struct Rules {
    /// Name in the configuration.
    pub name: &'static str,
    /// Name among people.
    pub title: &'static str,
    /// Longest time the vendor works on one call, where it says so.
    pub longest_run: Option<Duration>,
    /// Limits of a target that names none.
    pub limits: &'static [SuggestedLimit],
    /// How transport failures are repeated.
    pub retry: RetryTable,
    /// How a call is named for the vendor.
    pub idempotency: Idempotency,
    /// The vendor wants a token against cross-site request forgery with every call that changes something.
    pub csrf: bool,
    /// A request for an access token may count against the account's limits; where nobody could confirm that it does not,
    /// it is taken to.
    pub sign_in_counts: bool,
    /// How the vendor says that it goes on with a call as a job.
    pub jobs: Jobs,
    /// What answers mean, before the standards are asked. The first that fits counts.
    pub signals: &'static [Signal],
    /// A harmless call that tells whether the sign-in works, below the base URL.
    pub probe: Option<&'static str>,
    /// Why a base URL cannot be right, where the vendor has a rule for it.
    pub base_url: fn(&Url) -> Option<&'static str>,
    /// Where an error body holds its code.
    pub vendor_code: fn(&Answer) -> Option<String>,
    /// What only code can tell: asked before `signals`.
    pub meaning: fn(&Seen<'_>) -> Option<Meaning>,
    /// How long to leave the vendor alone after a throttle that does not say so itself.
    pub pause: fn(&Seen<'_>) -> Option<Duration>,
    /// The question "did it happen?" for a call whose answer was lost.
    pub question: fn(&Request) -> Option<Question>,
    /// Whether sending a call twice does no more than sending it once, by the vendor's own rules.
    pub repeats_safely: fn(&Request) -> bool,
}

/// An answer with what else is known about it.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// The answer.
    pub answer: &'a Answer,
    /// Its error code.
    pub code: Option<&'a str>,
    /// Time from the first byte sent to the last one received.
    pub took: Duration,
}

/// A limit that a preset suggests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SuggestedLimit {
    /// Its name.
    pub name: &'static str,
    /// What it bounds.
    pub bound: Bound,
    /// Where the number comes from.
    pub note: &'static str,
}

/// What a suggested limit bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// Calls in flight.
    Concurrency(u32),
    /// Calls in every window of a length.
    Window {
        /// Most calls.
        calls: u64,
        /// Length of the window.
        per: Duration,
    },
}

/// How transport failures are repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryTable {
    /// Most attempts of one call, the first included.
    pub max_attempts: u32,
    /// Pause before the second attempt; doubled from then on.
    pub initial: Duration,
    /// Longest pause.
    pub max: Duration,
}

impl RetryTable {
    /// Five attempts, a second apart at first, two minutes at most.
    pub const USUAL: RetryTable = RetryTable {
        max_attempts: 5,
        initial: Duration::from_secs(1),
        max: Duration::from_secs(120),
    };
}

/// How a call is named for the vendor, so that a repeat is known as one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Idempotency {
    /// Not at all.
    None,
    /// By a header with the key.
    Header {
        /// Its name, in lower case.
        name: Cow<'static, str>,
        /// In double quotes, as draft-ietf-httpapi-idempotency-key-header has it; most vendors want it bare.
        quoted: bool,
    },
    /// `Repeatability-Request-ID` and `Repeatability-First-Sent` (OASIS Repeatable Requests 1.0).
    Repeatability,
    /// `RequestID` and `RepeatabilityCreation` of SAP Gateway; a system must have them switched on.
    SapGateway,
}

/// One row of what answers mean: it fits an answer with this status and, where one is named, this code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signal {
    /// HTTP status; none fits every status outside 200 to 299.
    pub status: Option<u16>,
    /// The vendor's error code; none fits every code.
    pub code: Option<Cow<'static, str>>,
    /// What such an answer means.
    pub meaning: Meaning,
    /// How long to leave the vendor alone, after a throttle that does not say so itself.
    pub pause: Option<Duration>,
}

impl Signal {
    pub(super) const fn of(status: u16, code: &'static str, meaning: Meaning) -> Signal {
        Signal {
            status: Some(status),
            code: Some(Cow::Borrowed(code)),
            meaning,
            pause: None,
        }
    }

    pub(super) const fn status(status: u16, meaning: Meaning) -> Signal {
        Signal {
            status: Some(status),
            code: None,
            meaning,
            pause: None,
        }
    }

    pub(crate) fn fits(&self, seen: &Seen<'_>) -> bool {
        let status = seen.answer.status;
        let right_status = match self.status {
            Some(wanted) => wanted == status,
            None => !(200..300).contains(&status),
        };
        right_status
            && self
                .code
                .as_deref()
                .is_none_or(|code| seen.code == Some(code))
    }
}

/// The rule that most presets have for a base URL: TLS, but for a stand-in on the same machine.
pub(super) fn https_only(url: &Url) -> Option<&'static str> {
    (url.scheme() != "https" && !is_this_machine(url))
        .then_some("must begin with https://, for credentials are sent there")
}

/// Whether a URL leads to this very machine by its wording.
pub(super) fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::Value;

    use super::*;
    use crate::classify;
    use crate::preset::Preset;

    /// An answer without headers.
    pub(crate) fn answer(status: u16, body: Value) -> Answer {
        Answer {
            status,
            status_text: String::new(),
            headers: Vec::new(),
            body,
            truncated: false,
            stored: None,
        }
    }

    /// What an answer that took so many seconds means, and the pause that follows from the rules.
    pub(crate) fn judged(
        preset: Preset,
        answer: &Answer,
        took: u64,
    ) -> (Meaning, Option<Duration>) {
        let rules = preset.rules();
        let code = (rules.vendor_code)(answer);
        let seen = Seen {
            answer,
            code: code.as_deref(),
            took: Duration::from_secs(took),
        };
        classify::judge(rules, &[], &seen)
    }

    #[test]
    fn a_signal_fits_by_status_and_code() {
        let answer = answer(409, Value::Null);
        let seen = |code| Seen {
            answer: &answer,
            code,
            took: Duration::ZERO,
        };
        assert!(Signal::of(409, "A", Meaning::Final).fits(&seen(Some("A"))));
        assert!(!Signal::of(409, "A", Meaning::Final).fits(&seen(Some("B"))));
        assert!(!Signal::of(409, "A", Meaning::Final).fits(&seen(None)));
        assert!(!Signal::of(400, "A", Meaning::Final).fits(&seen(Some("A"))));
        assert!(Signal::status(409, Meaning::Final).fits(&seen(Some("B"))));
        let any = Signal {
            status: None,
            ..Signal::of(0, "A", Meaning::Final)
        };
        assert!(any.fits(&seen(Some("A"))));
    }

    #[test]
    fn every_suggested_limit_says_where_its_number_comes_from() {
        for preset in Preset::ALL {
            let rules = preset.rules();
            assert_eq!(rules.name.parse(), Ok(preset));
            for limit in rules.limits {
                assert!(limit.note.len() > 20, "{}", limit.name);
            }
        }
    }
}
