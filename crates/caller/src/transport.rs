//! The HTTP client of one account and the reading of its answers: nothing is redirected, repeated or sent through a
//! proxy from the environment, names lead to admitted addresses only, and no answer is longer than its bound.

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, Response};

use crate::account::CallerError;
use crate::answer::Answer;
use crate::resolver::Resolver;
use crate::tls;

/// Longest wait for a connection; a host that does not answer within it is away.
const LONGEST_CONNECT: Duration = Duration::from_secs(10);

/// Idle connections are closed after this time, before the usual server or load balancer closes them: a call sent
/// on a connection that is just being closed has an unknown outcome.
const IDLE: Duration = Duration::from_secs(30);

/// A client for one account. `secure` says whether any of its URLs is `https`.
pub(crate) fn client(
    secure: bool,
    timeout: Duration,
    resolver: Resolver,
) -> Result<Client, CallerError> {
    Ok(Client::builder()
        .tls_backend_preconfigured(tls::config(secure)?)
        .redirect(reqwest::redirect::Policy::none())
        // A repeat counts at the vendor, so it needs a permit of its own: the library must not make one.
        .retry(reqwest::retry::never())
        .no_proxy()
        .dns_resolver(Arc::new(resolver))
        .user_agent(concat!("rampmeter/", env!("CARGO_PKG_VERSION")))
        .referer(false)
        .timeout(timeout)
        // Half at most, so that a host that is away is told apart from an answer that is late.
        .connect_timeout(LONGEST_CONNECT.min(timeout / 2))
        .pool_idle_timeout(IDLE)
        .build()?)
}

/// Reads an answer to its end or to `most` bytes of its body.
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
