//! The HTTP client of one account: nothing is redirected, repeated or sent through a proxy from the environment, and
//! names lead to admitted addresses only.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Client;
use thiserror::Error;

use super::resolver::Resolver;
use super::tls;

/// The longest wait for a connection; a host that does not answer by then is away.
const MAX_CONNECT: Duration = Duration::from_secs(10);

/// Idle connections are closed after this time, before the usual server or load balancer closes them: a call sent
/// on a connection that is just being closed has an unknown outcome.
const IDLE: Duration = Duration::from_secs(30);

/// Header lines of an answer that are read.
const MAX_HEADERS: usize = 1_000;

/// Bytes of the headers of an answer over HTTP/2 that are read.
const MAX_HEADER_BYTES: u32 = 256 * 1024;

/// Why there is no client.
#[derive(Debug, Error)]
pub(crate) enum ClientError {
    /// TLS cannot be set up.
    #[error(transparent)]
    Tls(#[from] rustls::Error),
    /// The HTTP library cannot be set up.
    #[error(transparent)]
    Http(#[from] reqwest::Error),
}

/// A client for one account. `secure` says whether any of its URLs is `https`.
pub(crate) fn client(
    secure: bool,
    timeout: Duration,
    resolver: Resolver,
) -> Result<Client, ClientError> {
    Ok(Client::builder()
        .tls_backend_preconfigured(tls::config(secure)?)
        .redirect(reqwest::redirect::Policy::none())
        // A retry counts at the vendor, so it needs a permit of its own: the library must not make one.
        .retry(reqwest::retry::never())
        .no_proxy()
        .dns_resolver(Arc::new(resolver))
        .user_agent(concat!("rampmeter/", env!("CARGO_PKG_VERSION")))
        .referer(false)
        .timeout(timeout)
        // Half at most, so that a host that is away is told apart from an answer that is late.
        .connect_timeout(MAX_CONNECT.min(timeout / 2))
        .pool_idle_timeout(IDLE)
        // An answer with an odd head is still an answer: losing it would make its call's outcome
        // unknown.
        .http1_max_headers(MAX_HEADERS)
        .http1_allow_obsolete_multiline_headers_in_responses(true)
        .http1_allow_spaces_after_header_name_in_responses(true)
        .http1_ignore_invalid_headers_in_responses(true)
        .http2_max_header_list_size(MAX_HEADER_BYTES)
        .build()?)
}
