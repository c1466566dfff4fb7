//! Performs a call: one request on a pooled connection, never repeated, never redirected, never through a proxy
//! from the environment. Everything that decides is elsewhere; this file moves bytes and says how that went.

use std::fmt;
use std::time::{Instant, SystemTime};

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method};
use serde_json::Value;
use thiserror::Error;

use crate::answer::Answer;
use crate::auth::{Access, AccessTokens, Auth, OAuth1, SignInError, Unsendable};
use crate::classify::classify;
use crate::header::{self, HeaderError};
use crate::outcome::{Outcome, Repeatable, Throttle};
use crate::path;
use crate::profile::Profile;
use crate::request::Request;
use crate::second_chance::SecondChances;
use crate::transport::{self, read, spelt};

/// Makes calls to one account. Cheap to share; connections are kept and reused.
pub struct Caller {
    profile: Profile,
    client: Client,
    /// A sign-in that never changes and the target's own headers, ready to send.
    headers: HeaderMap,
    /// Access tokens, where the target signs in with them.
    tokens: Option<AccessTokens>,
    second_chances: SecondChances,
}

/// Why a caller cannot be built from a profile. No variant repeats a credential.
#[derive(Debug, Error)]
pub enum CallerError {
    /// The base URL is not `http` or `https` with a host, or holds a user name, a query or a fragment.
    #[error(
        "the base URL must be http or https, with a host and without user name, query or fragment"
    )]
    BaseUrl,
    /// The timeout is zero.
    #[error("the timeout must be longer than zero")]
    Timeout,
    /// The credential holds characters that cannot be sent.
    #[error(transparent)]
    Credential(#[from] Unsendable),
    /// The URL for access tokens is not `http` or `https` with a host, or holds a user name or a fragment.
    #[error("the token URL must be http or https, with a host and without user name or fragment")]
    TokenUrl,
    /// A header of the profile cannot be sent.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// TLS cannot be set up, for example because no root certificates are installed.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
    /// The HTTP client cannot be set up.
    #[error("the HTTP client cannot be set up: {0}")]
    Client(#[from] reqwest::Error),
}

impl Caller {
    /// A caller for one account. Opens no connection yet.
    ///
    /// # Errors
    /// See [`CallerError`].
    pub fn new(profile: Profile) -> Result<Caller, CallerError> {
        check_base_url(&profile)?;
        if profile.timeout.is_zero() {
            return Err(CallerError::Timeout);
        }
        let headers = fixed_headers(&profile)?;
        let mut secure = profile.base_url.scheme() == "https";
        let mut tokens = None;
        if let Auth::OAuth2(oauth2) = &profile.auth {
            check_token_url(oauth2.token_url.clone())?;
            secure |= oauth2.token_url.scheme() == "https";
            tokens = Some(AccessTokens::new(*oauth2.clone()));
        }
        Ok(Caller {
            client: transport::client(secure, profile.timeout)?,
            profile,
            headers,
            tokens,
            second_chances: SecondChances::default(),
        })
    }

    /// The account this caller calls.
    #[must_use]
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// Makes one call, once. Takes at most the profile's timeout, the sign-in included.
    pub async fn call(&self, request: &Request) -> Outcome {
        let deadline = Instant::now() + self.profile.timeout;
        let access = match self.sign_in(deadline).await {
            Ok(access) => access,
            Err(outcome) => return outcome,
        };
        let built = match self.build(request, access.as_ref()) {
            Ok(built) => built,
            Err(reason) => return Outcome::Invalid { reason },
        };
        let outcome = match self.exchange(built, deadline).await {
            Ok(answer) => classify(self.profile.preset, answer, SystemTime::now()),
            Err(outcome) => return outcome,
        };
        self.heed_sign_in(request, access.as_ref(), outcome)
    }

    /// The access token for a call, where it needs one; an outcome if the call ends here.
    async fn sign_in(&self, deadline: Instant) -> Result<Option<Access>, Outcome> {
        let (Some(tokens), Auth::OAuth2(oauth2)) = (&self.tokens, &self.profile.auth) else {
            return Ok(None);
        };
        let left = deadline.saturating_duration_since(Instant::now());
        let got = tokio::time::timeout(left, tokens.get(&self.client, left)).await;
        match got {
            Ok(Ok(access)) if access.asked && oauth2.counted => Err(Outcome::got_ready()),
            Ok(Ok(access)) => Ok(Some(access)),
            Ok(Err(error)) => Err(sign_in_failed(&error)),
            Err(_) => {
                let waited = "no access token within the timeout".to_owned();
                Err(sign_in_failed(&SignInError::Unreachable(waited)))
            }
        }
    }

    async fn exchange(
        &self,
        mut built: reqwest::Request,
        deadline: Instant,
    ) -> Result<Answer, Outcome> {
        *built.timeout_mut() = Some(deadline.saturating_duration_since(Instant::now()));
        let response = match self.client.execute(built).await {
            Ok(response) => response,
            Err(error) if error.is_builder() => {
                return Err(Outcome::Invalid {
                    reason: spelt(error),
                });
            }
            Err(error) if error.is_connect() => return Err(connect_failed(error)),
            Err(error) => return Err(lost(error)),
        };
        read(response, self.profile.max_response_bytes)
            .await
            .map_err(lost)
    }

    /// A call refused for its access token is sent once more with a new one; a second refusal of a token that nothing
    /// was ever accepted with is the vendor's word.
    fn heed_sign_in(
        &self,
        request: &Request,
        access: Option<&Access>,
        outcome: Outcome,
    ) -> Outcome {
        let (Some(tokens), Some(access)) = (&self.tokens, access) else {
            return outcome;
        };
        match outcome {
            Outcome::Final {
                answer,
                vendor_code,
            } if answer.status == 401 => {
                let was_good = tokens.reject(access.number);
                let first = self.second_chances.take(&request.idempotency_key);
                if first || was_good {
                    Outcome::Repeatable {
                        reason: Repeatable::SignInExpired,
                        answer: Some(answer),
                        vendor_code,
                    }
                } else {
                    Outcome::Final {
                        answer,
                        vendor_code,
                    }
                }
            }
            // Refused before the token was looked at, perhaps: that says nothing of it.
            throttled @ Outcome::Throttled { .. } => throttled,
            other => {
                tokens.accepted(access.number);
                self.second_chances.forget(&request.idempotency_key);
                other
            }
        }
    }

    fn build(
        &self,
        request: &Request,
        access: Option<&Access>,
    ) -> Result<reqwest::Request, String> {
        request
            .check(&self.profile)
            .map_err(|error| error.to_string())?;
        let mut url = path::resolve(&self.profile.base_url, &request.path)
            .map_err(|error| error.to_string())?;
        if !request.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&request.query);
        }
        let method = Method::from_bytes(request.method.as_bytes())
            .map_err(|_| "the method cannot be sent".to_owned())?;
        let mut built = reqwest::Request::new(method, url);
        *built.headers_mut() = self
            .headers_of(request)
            .map_err(|error| error.to_string())?;
        if let Auth::OAuth1(credentials) = &self.profile.auth {
            let value = signed(credentials, &built)?;
            built.headers_mut().insert(AUTHORIZATION, value);
        }
        if let Some(access) = access {
            built
                .headers_mut()
                .insert(AUTHORIZATION, access.header.clone());
        }
        if let Some(body) = &request.body {
            let bytes = encode(body, built.headers())?;
            built.headers_mut().entry(CONTENT_TYPE).or_insert(JSON);
            *built.body_mut() = Some(bytes.into());
        }
        Ok(built)
    }

    fn headers_of(&self, request: &Request) -> Result<HeaderMap, HeaderError> {
        let mut headers = HeaderMap::new();
        for (name, value) in &request.headers {
            let (name, value) = header::typed(name, value)?;
            headers.append(name, value);
        }
        for (name, value) in &self.headers {
            headers.insert(name, value.clone());
        }
        if !request.is_safe()
            && let Some(key) = header::idempotency_value(&request.idempotency_key)?
        {
            headers.insert(
                HeaderName::from_static(self.profile.preset.idempotency_header()),
                key,
            );
        }
        Ok(headers)
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller")
            .field("profile", &self.profile)
            .finish_non_exhaustive()
    }
}

pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json");

fn check_base_url(profile: &Profile) -> Result<(), CallerError> {
    if is_plain(&profile.base_url) {
        Ok(())
    } else {
        Err(CallerError::BaseUrl)
    }
}

/// `http` or `https` with a host, and nothing but a path after it.
fn is_plain(url: &url::Url) -> bool {
    matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none()
}

fn fixed_headers(profile: &Profile) -> Result<HeaderMap, CallerError> {
    let mut headers = HeaderMap::new();
    for (name, value) in &profile.headers {
        let (name, mut value) = header::typed(name, value.expose())?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    if let Some((name, value)) = profile.auth.fixed_header()? {
        headers.insert(name, value);
    }
    Ok(headers)
}

/// A token URL may have a query: some servers tell their tenants apart by one.
fn check_token_url(mut url: url::Url) -> Result<(), CallerError> {
    url.set_query(None);
    if is_plain(&url) {
        Ok(())
    } else {
        Err(CallerError::TokenUrl)
    }
}

/// The signature of one call, under a nonce of its own.
fn signed(credentials: &OAuth1, call: &reqwest::Request) -> Result<HeaderValue, String> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|error| format!("no random bytes: {error}"))?;
    let nonce = format!("{:032x}", u128::from_ne_bytes(random));
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let timestamp = since_epoch
        .map_err(|_| "the clock is before 1970".to_owned())?
        .as_secs();
    let text = credentials.authorization(call.method().as_str(), call.url(), &nonce, timestamp);
    // Every part of the text is percent-encoded, so it is a header value.
    let mut value = HeaderValue::from_str(&text).map_err(|error| error.to_string())?;
    value.set_sensitive(true);
    Ok(value)
}

/// JSON, unless the call says that its text is something else.
fn encode(body: &Value, headers: &HeaderMap) -> Result<Vec<u8>, String> {
    let declared = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    match (body, declared) {
        (Value::String(text), Some(declared))
            if !declared.to_ascii_lowercase().contains("json") =>
        {
            Ok(text.clone().into_bytes())
        }
        _ => serde_json::to_vec(body).map_err(|error| error.to_string()),
    }
}

fn connect_failed(error: reqwest::Error) -> Outcome {
    Outcome::Repeatable {
        reason: Repeatable::ConnectFailed(spelt(error)),
        answer: None,
        vendor_code: None,
    }
}

fn lost(error: reqwest::Error) -> Outcome {
    let reason = if error.is_timeout() {
        "no complete answer within the timeout".to_owned()
    } else {
        spelt(error)
    };
    Outcome::Unknown { reason }
}

fn sign_in_failed(error: &SignInError) -> Outcome {
    match error {
        SignInError::Throttled {
            retry_after,
            answer,
        } => Outcome::Throttled {
            kind: Throttle::Window,
            retry_after: *retry_after,
            answer: *answer.clone(),
            vendor_code: None,
        },
        _ => Outcome::Repeatable {
            reason: Repeatable::SignInFailed(error.to_string()),
            answer: None,
            vendor_code: None,
        },
    }
}
