//! Performs a call: one request on a pooled connection, never repeated, never redirected, never through a proxy
//! from the environment. What comes before it is in `preflight`, and its form in `request_builder`; this file
//! transfers bytes and reports the outcome.

mod account;
mod classify;
mod csrf_fetch;
mod csrf_sessions;
mod follow_up;
mod idempotency_headers;
mod kept_headers;
mod preflight;
mod recent_calls;
mod request_builder;
mod reused_keys;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use rampmeter_call::{Account, Answer, Outcome, Repeatable, Request};
use reqwest::Client;
use reqwest::header::{HeaderMap, HeaderValue};

use crate::answer::body_sink::{BodySink, read_into};
use crate::network::{self, Lookup, Resolver, error_chain};
use crate::profile::{Attempt, Profile};
use crate::sign_in::{AccessTokens, Auth};
use crate::vendor::Idempotency;
use csrf_sessions::Sessions;
use preflight::until;
use recent_calls::RecentCalls;
use reused_keys::ReusedKeys;

pub use account::{CallerError, check_address, is_plaintext};
pub use classify::classify;
pub use follow_up::stated_limits;
pub use kept_headers::typed_header;

/// The Content-Type of a JSON body.
pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Makes calls to one account. Cheap to share; connections are kept and reused.
pub struct Caller {
    pub(crate) profile: Profile,
    /// What a request is checked against.
    pub(crate) account: Account,
    pub(crate) client: Client,
    /// A sign-in that never changes and the target's own headers, ready to send.
    pub(crate) headers: HeaderMap,
    /// Access tokens, if the target signs in with them. Its endpoints share them, unless they sign in differently.
    pub(crate) tokens: Option<Arc<AccessTokens>>,
    /// Sessions against cross-site request forgery, if the target requires them.
    pub(crate) sessions: Sessions,
    /// Calls that were refused for their credentials and attempted once more.
    pub(crate) had_second_chance: RecentCalls,
    /// Calls that the vendor has said did not happen, and that have not been sent since.
    pub(crate) known_not_to_have_happened: RecentCalls,
    /// What was sent under which idempotency key.
    reused_keys: ReusedKeys,
    /// The callers of the account's other hosts, by the names of the endpoints.
    endpoints: BTreeMap<String, Caller>,
}

impl Caller {
    /// A caller for one account. Opens no connection yet.
    ///
    /// # Errors
    /// See [`CallerError`].
    pub fn new(profile: Profile) -> Result<Caller, CallerError> {
        Caller::with_lookup(profile, network::system())
    }

    /// The same, with another way to resolve names. Which of the addresses may be connected to is checked all the
    /// same.
    ///
    /// # Errors
    /// See [`CallerError`].
    pub fn with_lookup(profile: Profile, lookup: Lookup) -> Result<Caller, CallerError> {
        let tokens = match &profile.auth {
            Auth::OAuth2(oauth2) => Some(Arc::new(AccessTokens::new(*oauth2.clone()))),
            _ => None,
        };
        let mut endpoints = BTreeMap::new();
        for (name, endpoint) in &profile.endpoints {
            let profile = endpoint.profile.clone();
            let caller = if endpoint.own_sign_in {
                Caller::with_lookup(profile, lookup.clone())?
            } else {
                Caller::of_place(profile, lookup.clone(), tokens.clone())?
            };
            endpoints.insert(name.clone(), caller);
        }
        let caller = Caller::of_place(profile, lookup, tokens)?;
        Ok(Caller {
            endpoints,
            ..caller
        })
    }

    /// A caller for one endpoint or the target's own base URL, and nothing else.
    fn of_place(
        profile: Profile,
        lookup: Lookup,
        tokens: Option<Arc<AccessTokens>>,
    ) -> Result<Caller, CallerError> {
        account::check(&profile)?;
        let resolver = Resolver {
            lookup,
            allowed: Arc::from(profile.allow_networks.as_slice()),
            plaintext: Arc::from(account::plaintext_hosts(&profile)),
        };
        let secure = account::is_secure(&profile);
        Ok(Caller {
            headers: account::fixed_headers(&profile)?,
            client: network::client(secure, profile.timeout, resolver)?,
            account: profile.account(),
            profile,
            tokens,
            sessions: Sessions::default(),
            had_second_chance: RecentCalls::default(),
            known_not_to_have_happened: RecentCalls::default(),
            reused_keys: ReusedKeys::default(),
            endpoints: BTreeMap::new(),
        })
    }

    /// The account this caller calls.
    #[must_use]
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// How many calls went out under the idempotency key of another call, as far as is remembered. A vendor that honours the
    /// key takes them for retries, and what they asked for is not done.
    #[must_use]
    pub fn reused_keys(&self) -> u64 {
        let endpoints = self.endpoints.values().map(Caller::reused_keys);
        self.reused_keys.count() + endpoints.sum::<u64>()
    }

    /// Makes one call, once, as its first attempt. Takes at most the profile's timeout, the sign-in included.
    pub async fn call(&self, request: &Request) -> Outcome {
        self.attempt(request, &Attempt::default()).await
    }

    /// Makes one attempt of a call. Takes at most the profile's timeout, with all that comes before the call itself.
    pub async fn attempt(&self, request: &Request, attempt: &Attempt) -> Outcome {
        let sink = BodySink::Memory(self.profile.max_response_bytes);
        self.attempt_into(request, attempt, sink).await
    }

    /// The same, with a path for a body that is too long to be carried along (see [`Profile::response`]): a file that
    /// does not exist yet. When the outcome is returned, its contents are on disk.
    pub async fn attempt_storing(
        &self,
        request: &Request,
        attempt: &Attempt,
        place: &Path,
    ) -> Outcome {
        let sink = BodySink::File(place, &self.profile.response);
        self.attempt_into(request, attempt, sink).await
    }

    async fn attempt_into(
        &self,
        request: &Request,
        attempt: &Attempt,
        sink: BodySink<'_>,
    ) -> Outcome {
        // What can never be sent needs no sign-in.
        if let Err(error) = request.check(&self.account) {
            return Outcome::Invalid {
                reason: error.to_string(),
            };
        }
        let endpoint = request.endpoint.as_ref();
        let place = endpoint.and_then(|name| self.endpoints.get(name));
        place
            .unwrap_or(self)
            .attempt_here(request, attempt, sink)
            .await
    }

    /// Makes one attempt of a call to the host of this caller itself.
    async fn attempt_here(
        &self,
        request: &Request,
        attempt: &Attempt,
        sink: BodySink<'_>,
    ) -> Outcome {
        let deadline = Instant::now() + self.profile.timeout;
        let prepared = match self.prepare(request, attempt, deadline).await {
            Ok(prepared) => prepared,
            Err(outcome) => return outcome,
        };
        let built = match self.build(request, attempt, &prepared) {
            Ok(built) => built,
            Err(reason) => return Outcome::Invalid { reason },
        };
        self.note_key(request);
        let outcome = match self.exchange_into(built, deadline, sink).await {
            Ok((answer, took)) => {
                let outcome = classify(&self.profile, answer, took, SystemTime::now());
                self.heed_refusals(request, &prepared, outcome)
            }
            Err(outcome) => outcome,
        };
        match outcome {
            // What is gone is deleted, where an earlier attempt may have done that and its answer was lost.
            Outcome::Final { answer, .. }
                if request.method == "DELETE"
                    && attempt.lost_before
                    && matches!(answer.status, 404 | 410) =>
            {
                Outcome::Success(answer)
            }
            outcome => outcome,
        }
    }

    /// Warns if the key of a call is that of another one.
    fn note_key(&self, request: &Request) {
        let is_named = !request.is_safe() && *self.profile.idempotency() != Idempotency::None;
        if is_named && self.reused_keys.note(request) {
            tracing::warn!(
                target = self.profile.target,
                key = request.idempotency_key,
                "two different calls carry one idempotency key: the vendor may take the second for a repeat, and not do it"
            );
        }
    }

    /// Sends a request and reads its answer, with the time that took. `Err` is the outcome of one without an answer.
    pub(crate) async fn exchange(
        &self,
        built: reqwest::Request,
        deadline: Instant,
    ) -> Result<(Answer, Duration), Outcome> {
        let sink = BodySink::Memory(self.profile.max_response_bytes);
        self.exchange_into(built, deadline, sink).await
    }

    async fn exchange_into(
        &self,
        mut built: reqwest::Request,
        deadline: Instant,
        sink: BodySink<'_>,
    ) -> Result<(Answer, Duration), Outcome> {
        let begun = Instant::now();
        *built.timeout_mut() = Some(until(deadline));
        let response = match self.client.execute(built).await {
            Ok(response) => response,
            Err(error) if error.is_builder() => {
                return Err(Outcome::Invalid {
                    reason: error_chain(error),
                });
            }
            Err(error) if error.is_connect() => return Err(connect_failed(error)),
            Err(error) => return Err(lost(error)),
        };
        let answer = read_into(response, sink).await;
        Ok((answer, begun.elapsed()))
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller")
            .field("profile", &self.profile)
            .finish_non_exhaustive()
    }
}

fn connect_failed(error: reqwest::Error) -> Outcome {
    Outcome::Repeatable {
        reason: Repeatable::ConnectFailed(error_chain(error)),
        answer: None,
        vendor_code: None,
    }
}

fn lost(error: reqwest::Error) -> Outcome {
    let reason = if error.is_timeout() {
        "no complete answer within the timeout".to_owned()
    } else {
        error_chain(error)
    };
    Outcome::Unknown {
        reason,
        gateway: None,
    }
}
