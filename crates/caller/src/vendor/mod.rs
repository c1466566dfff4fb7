//! The vendors that are known. [`Vendor`] is everything about one of them; each fills it in a file or folder of its own,
//! with data that a configuration can override and the little code that data cannot replace. To add one: its file, and its
//! line in `preset`. The files beside the vendors hold what several of them share.

mod base_url;
mod condition;
mod defaults;
mod endpoint;
mod http;
mod idempotency;
mod limit_inquiry;
mod netsuite;
mod preset;
mod salesforce;
mod sap;
mod signal;
mod tokens;
#[cfg(test)]
pub(crate) mod tests;

use std::time::{Duration, SystemTime};

use rampmeter_call::{Answer, Request, Retry};
use url::Url;

use crate::answer::rate_headers::{self, StatedLimit};
use crate::job::{JobProtocol, Jobs, status_monitor};
use crate::meaning::Meaning;
use crate::reconcile::Question;
use crate::sign_in::Auth;

pub use condition::{Condition, Test};
pub use defaults::{Bound, SuggestedLimit};
pub use endpoint::VendorEndpoint;
pub use idempotency::Idempotency;
pub use limit_inquiry::{AllowedCalls, Counted, LimitInquiry};
pub use preset::{Preset, UnknownPreset};
pub(crate) use sap::gateway as sap_gateway;
pub use signal::{Seen, Signal};
pub use tokens::{TokenDefaults, TokenHost};

/// All that is known about a vendor.
#[derive(Debug)]
pub struct Vendor {
    /// Name in the configuration.
    pub name: &'static str,
    /// Name among people.
    pub title: &'static str,
    /// About how long a call takes, for the time before anything was measured: an assumption from what people report,
    /// not a promise of the vendor's.
    pub assumed_call: Duration,
    /// The longest time that the vendor works on one call, if it says so.
    pub longest_run: Option<Duration>,
    /// Limits of a target that names none.
    pub limits: &'static [SuggestedLimit],
    /// How transport failures are retried.
    pub retry: Retry,
    /// How a call is identified to the vendor.
    pub idempotency: Idempotency,
    /// The token against cross-site request forgery that the vendor requires with every call that changes
    /// something.
    pub csrf: Option<&'static Csrf>,
    /// A request for an access token may count against the account's limits; if it could not be confirmed that it does
    /// not, it is assumed to.
    pub sign_in_counts: bool,
    /// What a sign-in with access tokens leaves out; at most one for each kind.
    pub tokens: &'static [TokenDefaults],
    /// What a person should check when the vendor refuses this sign-in.
    pub sign_in_advice: fn(&Auth) -> &'static str,
    /// How the vendor says that a call continues as a job.
    pub jobs: Jobs,
    /// What answers mean, before the standards are asked. The first that fits counts.
    pub signals: &'static [Signal],
    /// A harmless call that shows whether the sign-in works, below the base URL.
    pub probe: Option<&'static str>,
    /// How the vendor is asked what it allows, if it can be.
    pub limit_inquiry: Option<LimitInquiry>,
    /// Why a base URL cannot be right, if the vendor has a rule for it.
    pub base_url: fn(&Url) -> Option<&'static str>,
    /// The other hosts that an account has.
    pub endpoints: &'static [VendorEndpoint],
    /// The account that a host belongs to, where one account has several hosts; else the host itself.
    pub account_of: fn(&str) -> &str,
    /// The code that a body holds, if it is that of an error.
    pub vendor_code: fn(&Answer) -> Option<String>,
    /// What only code can decide: consulted before `signals`.
    pub meaning: fn(&Seen<'_>) -> Option<Meaning>,
    /// How long to leave the vendor alone after a throttle that does not say so itself.
    pub pause: fn(&Seen<'_>) -> Option<Duration>,
    /// Limits that an answer states in headers of the vendor's own.
    pub rate_headers: fn(&Answer) -> Vec<StatedLimit>,
    /// Whether a key that is sent as `idempotency` says is honoured for every call that changes something. If it is
    /// honoured for some calls only, `repeats_safely` says for which.
    pub honours_key: bool,
    /// The question "did it happen?" for a call whose answer was lost, if the vendor has one for some kinds of calls; none
    /// for a call of another kind.
    pub question: Option<fn(&Request) -> Option<Question>>,
    /// Whether an answer of 404 or 410 says, in the shape that this vendor gives it, that what was asked for is not there.
    /// Any other 404 may be that of a proxy or of a wrong path, and says nothing about a lost call.
    pub is_absent: fn(&Answer) -> bool,
    /// Whether sending a call twice does no more than sending it once, by the vendor's own rules.
    pub repeats_safely: fn(&Request) -> bool,
}

impl Vendor {
    /// What is known about an endpoint with this name.
    #[must_use]
    pub fn endpoint(&self, name: &str) -> Option<&'static VendorEndpoint> {
        self.endpoints.iter().find(|known| known.name == name)
    }

    /// The error code of an answer. A successful answer has none, unless a signal asks for it.
    pub(crate) fn code(&self, configured: &[Signal], answer: &Answer) -> Option<String> {
        let mut signals = configured.iter().chain(self.signals);
        let asked = !answer.is_success() || signals.any(Signal::wants_code_of_success);
        asked.then(|| (self.vendor_code)(answer)).flatten()
    }

    /// What an answer means, and how long to leave the vendor alone where that is a throttle. The configuration comes
    /// first, then the vendor's code, its table, and finally the standards.
    pub(crate) fn judge(
        &self,
        configured: &[Signal],
        seen: &Seen<'_>,
    ) -> (Meaning, Option<Duration>) {
        let by_table = |signals: &[Signal]| {
            signals
                .iter()
                .find(|signal| signal.fits(seen))
                .map(|signal| (signal.meaning, signal.pause))
        };
        let (meaning, pause) = by_table(configured)
            .or_else(|| (self.meaning)(seen).map(|meaning| (meaning, None)))
            .or_else(|| by_table(self.signals))
            .unwrap_or_else(|| (http::meaning(seen.answer.status), None));
        let pause = match meaning {
            Meaning::Throttled(_) => pause.or_else(|| (self.pause)(seen)),
            _ => None,
        };
        (meaning, pause)
    }
}

/// A vendor's protection against cross-site request forgery: a token that is fetched from a service and sent back with
/// every call to it that changes something, together with the cookies of that answer.
#[derive(Debug)]
pub struct Csrf {
    /// The header of the token, in both directions, in lower case.
    pub header: &'static str,
    /// The value of that header that requests a token.
    pub fetch: &'static str,
    /// The service that a call goes to, as a path below the base URL, from the path of the base URL and that of the call.
    pub service_of: fn(&str, &str) -> String,
    /// The parameter that chooses the client (the tenant of one system), in a call's query or headers: each client has
    /// sessions of its own.
    pub client: &'static str,
    /// The token of an answer, if it has one.
    pub token_of: fn(&Answer) -> Option<&str>,
    /// Whether an answer says that the token is missing, wrong or expired.
    pub is_refused: fn(&Answer) -> bool,
}

/// The protection of a target that requires one although its vendor has none of its own.
pub(crate) static USUAL_CSRF: &Csrf = &sap::CSRF;

/// How jobs of a kind are followed; none for a vendor that has none.
pub(crate) fn job_protocol(jobs: Jobs) -> Option<&'static JobProtocol> {
    match jobs {
        Jobs::None => None,
        Jobs::NetSuite => Some(&netsuite::JOBS),
        Jobs::StatusMonitor => Some(&status_monitor::STATUS_MONITOR),
    }
}

/// Reads every kind of limit header that is known, whichever vendor the target says it is. Malformed headers are ignored.
#[must_use]
pub fn read_allowances(answer: &Answer, now: SystemTime) -> Vec<StatedLimit> {
    let mut found = rate_headers::read(answer, now);
    for preset in Preset::ALL {
        found.extend((preset.vendor().rate_headers)(answer));
    }
    found.truncate(rate_headers::MAX_ALLOWANCES);
    found
}
