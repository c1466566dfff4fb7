//! One remote account as the caller sees it: where it is, how to sign in, which vendor's rules apply.
//! Limits and retry rules of the same account live in `dispatch` and `config`.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use rampmeter_call::job::Polling;
use rampmeter_call::{AllowRule, RepeatSafety, Request};
use url::Url;

use crate::answer::ResponseRules;
use crate::job::Jobs;
use crate::network::Network;
use crate::reconcile::Template;
use crate::secret::Secret;
use crate::sign_in::Auth;
use crate::vendor::{Csrf, Idempotency, Preset, Signal, USUAL_CSRF};

/// One remote account.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Name of the target, as in the configuration.
    pub target: String,
    /// Which endpoint of the target this is; none for the target itself.
    pub endpoint: Option<String>,
    /// Where the account is. Every path of a call is below it.
    pub base_url: Url,
    /// The other hosts of the same account, by name. They have no endpoints of their own.
    pub endpoints: BTreeMap<String, Endpoint>,
    /// How a call signs in.
    pub auth: Auth,
    /// Longest time from the first connection attempt to the last byte of the answer.
    pub timeout: Duration,
    /// The vendor, which decides what an answer means where nothing here does.
    pub preset: Preset,
    /// What answers mean, before the preset is asked.
    pub signals: Vec<Signal>,
    /// How a call is identified to the vendor; none leaves it to the preset.
    pub idempotency: Option<Idempotency>,
    /// Whether calls that change something carry a token against cross-site request forgery; none leaves it to the
    /// preset.
    pub csrf: Option<bool>,
    /// How the vendor says that a call continues as a job; none leaves it to the preset.
    pub jobs: Option<Jobs>,
    /// How often a job is polled.
    pub polling: Polling,
    /// The question "did it happen?"; none leaves it to the preset.
    pub reconcile: Option<Template>,
    /// Addresses that calls may connect to beside public ones.
    pub allow_networks: Vec<Network>,
    /// Calls, tokens and credentials may go over the public internet in plain HTTP.
    pub allow_plaintext: bool,
    /// Methods and paths that messages may use; none for all of them. What the caller asks by itself is not bound by it.
    pub allow: Option<Vec<AllowRule>>,
    /// Headers sent with every call. Their values may be credentials (an API key), so a call cannot replace them.
    pub headers: Vec<(String, Secret)>,
    /// Bytes of an answer's body (after decompression) that are kept; the rest is dropped, and the
    /// answer says so.
    pub max_response_bytes: usize,
    /// What becomes of the body of an answer if the host can store long ones.
    pub response: ResponseRules,
}

/// Another host of an account, with what differs there.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// How it is called.
    pub profile: Profile,
    /// It signs in differently from the target, so it has access tokens of its own.
    pub own_sign_in: bool,
}

impl Profile {
    /// Bytes of an answer's body that are kept unless the profile says otherwise: 1 MiB.
    pub const MAX_RESPONSE_BYTES: usize = 1024 * 1024;

    /// A profile with no sign-in, no extra headers and the generic HTTP rules, for a public address.
    #[must_use]
    pub fn new(target: impl Into<String>, base_url: Url, timeout: Duration) -> Profile {
        Profile {
            target: target.into(),
            endpoint: None,
            base_url,
            endpoints: BTreeMap::new(),
            auth: Auth::None,
            timeout,
            preset: Preset::Http,
            signals: Vec::new(),
            idempotency: None,
            csrf: None,
            jobs: None,
            polling: Polling::USUAL,
            reconcile: None,
            allow_networks: Vec::new(),
            allow_plaintext: false,
            allow: None,
            headers: Vec::new(),
            max_response_bytes: Profile::MAX_RESPONSE_BYTES,
            response: ResponseRules::default(),
        }
    }

    /// The endpoint of this name. For no name, and for one that no call of this target has, the target itself.
    #[must_use]
    pub fn place(&self, endpoint: Option<&str>) -> &Profile {
        let named = endpoint.and_then(|name| self.endpoints.get(name));
        named.map_or(self, |endpoint| &endpoint.profile)
    }

    /// How a call is identified to the vendor.
    #[must_use]
    pub fn idempotency(&self) -> &Idempotency {
        let preset = &self.preset.vendor().idempotency;
        self.idempotency.as_ref().unwrap_or(preset)
    }

    /// What is known about sending this call a second time.
    #[must_use]
    pub fn repeat_safety(&self, request: &Request) -> RepeatSafety {
        let place = self.place(request.endpoint.as_deref());
        let vendor = place.preset.vendor();
        let asked = |template: &Template| template.fill(request).is_some();
        if (vendor.repeats_safely)(request) {
            RepeatSafety::Safe
        } else if place.reconcile.as_ref().is_some_and(asked) {
            RepeatSafety::CanAsk
        } else if place.honours_key(request) {
            RepeatSafety::Safe
        } else if vendor.question.is_some_and(|ask| ask(request).is_some()) {
            RepeatSafety::CanAsk
        } else {
            RepeatSafety::Unsafe
        }
    }

    /// Whether the vendor recognises a retry of this call by its key. Configuring how calls are identified says that it
    /// does.
    fn honours_key(&self, request: &Request) -> bool {
        let by_preset = self.preset.vendor().honours_key;
        let honoured = self.idempotency.is_some() || by_preset;
        honoured && *self.idempotency() != Idempotency::None && !request.idempotency_key.is_empty()
    }

    /// Whether calls that change something carry a token against cross-site request forgery.
    #[must_use]
    pub fn csrf(&self) -> bool {
        self.csrf_protection().is_some()
    }

    /// The protection against cross-site request forgery of calls that change something, where they carry a token.
    #[must_use]
    pub fn csrf_protection(&self) -> Option<&'static Csrf> {
        let own = self.preset.vendor().csrf;
        match self.csrf {
            None => own,
            Some(true) => own.or(Some(USUAL_CSRF)),
            Some(false) => None,
        }
    }

    /// How the vendor says that a call continues as a job.
    #[must_use]
    pub fn jobs(&self) -> Jobs {
        self.jobs.unwrap_or(self.preset.vendor().jobs)
    }
}

/// What is known about a call, besides its request, when an attempt begins.
#[derive(Clone, Copy, Debug, Default)]
pub struct Attempt {
    /// When the first attempt began; none if this is the first.
    pub first_sent: Option<SystemTime>,
    /// An earlier attempt may have done it, so the vendor is asked before it is sent again.
    pub ask_first: bool,
    /// The answer to an earlier attempt was lost.
    pub lost_before: bool,
    /// For so long the vendor may still be at work on an earlier attempt: that it did not happen is no answer until then.
    pub at_work_for: Duration,
}
