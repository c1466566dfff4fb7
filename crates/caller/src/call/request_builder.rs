//! Builds the HTTP request of a call: its URL below the account, its headers, its signature and its body. It reads the
//! clock and takes random bytes for a signature, and sends nothing.

use std::time::SystemTime;

use rampmeter_call::{HeaderError, Request, path};
use reqwest::Method;
use reqwest::header::{
    AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, HeaderMap, HeaderName, HeaderValue,
};
use serde_json::Value;

use super::Caller;
use super::JSON;
use super::idempotency_headers::name_call;
use super::kept_headers::typed_header;
use super::preflight::Prepared;
use crate::profile::Attempt;
use crate::sign_in::{Auth, OAuth1};

/// Methods whose requests say that they have no body.
const EXPECT_A_BODY: [&str; 3] = ["POST", "PUT", "PATCH"];

impl Caller {
    /// The HTTP request of a call. `Err` says in words why there is none.
    pub(crate) fn build(
        &self,
        request: &Request,
        attempt: &Attempt,
        prepared: &Prepared,
    ) -> Result<reqwest::Request, String> {
        request
            .check(&self.account)
            .map_err(|error| error.to_string())?;
        let mut url = path::resolve(&self.profile.base_url, &request.path)
            .map_err(|error| error.to_string())?;
        if !request.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&request.query);
        }
        let method = Method::from_bytes(request.method.as_bytes())
            .map_err(|_| "the method cannot be sent".to_owned())?;
        let mut built = reqwest::Request::new(method, url);
        let headers = self.headers_of(request, attempt, prepared);
        *built.headers_mut() = headers.map_err(|error| error.to_string())?;
        if let Auth::OAuth1(credentials) = &self.profile.auth {
            let value = signed(credentials, &built)?;
            built.headers_mut().insert(AUTHORIZATION, value);
        }
        if let Some(body) = &request.body {
            let bytes = encode(body, built.headers())?;
            built.headers_mut().entry(CONTENT_TYPE).or_insert(JSON);
            *built.body_mut() = Some(bytes.into());
        } else if EXPECT_A_BODY.contains(&request.method.as_str()) {
            // Some servers answer 411 if the length is left out (RFC 9110, section 8.6).
            let none = HeaderValue::from_static("0");
            built.headers_mut().insert(CONTENT_LENGTH, none);
        }
        Ok(built)
    }

    fn headers_of(
        &self,
        request: &Request,
        attempt: &Attempt,
        prepared: &Prepared,
    ) -> Result<HeaderMap, HeaderError> {
        let mut headers = HeaderMap::new();
        for (name, value) in &request.headers {
            let (name, value) = typed_header(name, value)?;
            headers.append(name, value);
        }
        for (name, value) in &self.headers {
            headers.insert(name, value.clone());
        }
        if !request.is_safe() {
            let first_sent = attempt.first_sent.unwrap_or_else(SystemTime::now);
            let way = self.profile.idempotency();
            name_call(&mut headers, way, &request.idempotency_key, first_sent)?;
        }
        if let Some(access) = &prepared.access {
            headers.insert(AUTHORIZATION, access.header.clone());
        }
        if let (Some((_, session)), Some(csrf)) =
            (&prepared.session, self.profile.csrf_protection())
        {
            let mut insert = |name: HeaderName, value: &Option<HeaderValue>| {
                if let Some(value) = value {
                    headers.insert(name, value.clone());
                }
            };
            insert(HeaderName::from_static(csrf.header), &session.token);
            insert(COOKIE, &session.cookies);
        }
        Ok(headers)
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

/// Whether the call says that its body is JSON, or says nothing about it.
fn is_json(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_none_or(|value| {
        let declared = value.to_str().unwrap_or_default();
        declared.to_ascii_lowercase().contains("json")
    })
}

/// JSON, unless the call says that its text is something else.
fn encode(body: &Value, headers: &HeaderMap) -> Result<Vec<u8>, String> {
    match body {
        Value::String(text) if !is_json(headers) => Ok(text.clone().into_bytes()),
        _ => serde_json::to_vec(body).map_err(|error| error.to_string()),
    }
}
