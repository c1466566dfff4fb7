//! Performs a call: one request on a pooled connection, never repeated, never redirected, never through a proxy
//! from the environment. Everything that decides is elsewhere; this file moves bytes and says how that went.

use std::error::Error as _;
use std::fmt;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, Response};
use serde_json::Value;
use thiserror::Error;

use crate::answer::Answer;
use crate::classify::classify;
use crate::header::{self, HeaderError};
use crate::oauth1::OAuth1;
use crate::outcome::{Outcome, Repeatable};
use crate::path;
use crate::profile::{Auth, Profile};
use crate::request::Request;
use crate::tls;

/// Longest wait for a connection; a host that does not answer within it is away.
const LONGEST_CONNECT: Duration = Duration::from_secs(10);

/// Idle connections are closed after this time, before the usual server or load balancer closes them: a call sent
/// on a connection that is just being closed has an unknown outcome.
const IDLE: Duration = Duration::from_secs(30);

/// Makes calls to one account. Cheap to share; connections are kept and reused.
pub struct Caller {
    profile: Profile,
    client: Client,
    /// Sign-in and the target's own headers, ready to send.
    headers: HeaderMap,
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
    #[error("the credential holds a character that cannot be sent (a line break at its end?)")]
    Credential,
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
        let client = Client::builder()
            .tls_backend_preconfigured(tls::config(&profile.base_url)?)
            .redirect(reqwest::redirect::Policy::none())
            // A repeat counts at the vendor, so it needs a permit of its own: the library must not make one.
            .retry(reqwest::retry::never())
            .no_proxy()
            .user_agent(concat!("rampmeter/", env!("CARGO_PKG_VERSION")))
            .referer(false)
            .timeout(profile.timeout)
            // Half at most, so that a host that is away is told apart from an answer that is late.
            .connect_timeout(LONGEST_CONNECT.min(profile.timeout / 2))
            .pool_idle_timeout(IDLE)
            .build()?;
        Ok(Caller {
            profile,
            client,
            headers,
        })
    }

    /// The account this caller calls.
    #[must_use]
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// Makes one call, once. Takes at most the profile's timeout.
    pub async fn call(&self, request: &Request) -> Outcome {
        let built = match self.build(request) {
            Ok(built) => built,
            Err(reason) => return Outcome::Invalid { reason },
        };
        let response = match self.client.execute(built).await {
            Ok(response) => response,
            Err(error) if error.is_builder() => {
                return Outcome::Invalid {
                    reason: spelt(error),
                };
            }
            Err(error) if error.is_connect() => return connect_failed(error),
            Err(error) => return lost(error),
        };
        match read(response, self.profile.max_response_bytes).await {
            Ok(answer) => classify(self.profile.preset, answer, SystemTime::now()),
            Err(error) => lost(error),
        }
    }

    fn build(&self, request: &Request) -> Result<reqwest::Request, String> {
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
    let url = &profile.base_url;
    let plain = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    if matches!(url.scheme(), "http" | "https") && url.has_host() && plain {
        Ok(())
    } else {
        Err(CallerError::BaseUrl)
    }
}

fn fixed_headers(profile: &Profile) -> Result<HeaderMap, CallerError> {
    let mut headers = HeaderMap::new();
    for (name, value) in &profile.headers {
        let (name, mut value) = header::typed(name, value.expose())?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    if let Some(value) = authorization(&profile.auth)? {
        headers.insert(AUTHORIZATION, value);
    }
    Ok(headers)
}

fn authorization(auth: &Auth) -> Result<Option<HeaderValue>, CallerError> {
    let text = match auth {
        // Signed for each call.
        Auth::None | Auth::OAuth1(_) => return Ok(None),
        Auth::Bearer(secret) => format!("Bearer {}", secret.expose()),
        // RFC 7617: the first colon ends the user name, so a user name cannot hold one.
        Auth::Basic { username, .. } if username.contains(':') => {
            return Err(CallerError::Credential);
        }
        Auth::Basic { username, password } => {
            format!(
                "Basic {}",
                STANDARD.encode(format!("{username}:{}", password.expose()))
            )
        }
    };
    let mut value = HeaderValue::from_str(&text).map_err(|_| CallerError::Credential)?;
    value.set_sensitive(true);
    Ok(Some(value))
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

pub(crate) async fn read(mut response: Response, most: usize) -> Result<Answer, reqwest::Error> {
    let status = response.status();
    let headers = response
        .headers()
        .iter()
        .map(|(name, value)| {
            (
                name.to_string(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        })
        .collect();
    let mut body = Vec::new();
    let mut truncated = false;
    while let Some(chunk) = response.chunk().await? {
        let room = most - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if chunk.len() > room {
            // The rest may be endless: dropping the response closes the connection.
            truncated = true;
            break;
        }
    }
    Ok(Answer {
        status: status.as_u16(),
        status_text: status.canonical_reason().unwrap_or_default().to_owned(),
        headers,
        body: Answer::read_body(&body, truncated),
        truncated,
    })
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

/// The error and its causes in one line, without the URL: its query may hold business data.
pub(crate) fn spelt(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let text = inner.to_string();
        if !line.ends_with(&text) {
            line.push_str(": ");
            line.push_str(&text);
        }
        cause = inner.source();
    }
    line
}
