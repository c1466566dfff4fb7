//! What must be right about an account before its first call: its URLs, the addresses they name, its credentials and
//! headers. What a name resolves to is checked for each connection, in `resolver`.

use std::net::IpAddr;

use rampmeter_call::HeaderError;
use reqwest::header::HeaderMap;
use thiserror::Error;
use url::{Host, Url};

use super::kept_headers;
use crate::network::{self, ClientError, Network};
use crate::profile::Profile;
use crate::sign_in::{Auth, Unsendable};

/// Why a caller cannot be built from a profile. No variant repeats a credential.
#[derive(Debug, Error)]
pub enum CallerError {
    /// The base URL is not `http` or `https` with a host, or holds a user name, a query or a fragment.
    #[error(
        "the base URL must be http or https, with a host and without user name, query or fragment"
    )]
    BaseUrl,
    /// The URL for access tokens is not `http` or `https` with a host, or holds a user name or a fragment.
    #[error("the token URL must be http or https, with a host and without user name or fragment")]
    TokenUrl,
    /// A URL names an address that a call may not connect to.
    #[error("{0} is not a public address; `allow_networks` of the target can allow it")]
    Address(IpAddr),
    /// A URL of plain HTTP may lead over the public internet.
    #[error(
        "{0} begins with http://, and everything would be readable on the way, credentials too; write https://, or allow_plaintext = true if that is meant"
    )]
    Plaintext(&'static str),
    /// The timeout is zero.
    #[error("the timeout must be longer than zero")]
    Timeout,
    /// The credential holds characters that cannot be sent.
    #[error(transparent)]
    Credential(#[from] Unsendable),
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

impl From<ClientError> for CallerError {
    fn from(error: ClientError) -> CallerError {
        match error {
            ClientError::Tls(error) => CallerError::Tls(error),
            ClientError::Http(error) => CallerError::Client(error),
        }
    }
}

/// Checks what can be checked without a network.
pub(crate) fn check(profile: &Profile) -> Result<(), CallerError> {
    if !is_plain(&profile.base_url) {
        return Err(CallerError::BaseUrl);
    }
    check_address(&profile.base_url, &profile.allow_networks)?;
    let readable = |url| !profile.allow_plaintext && is_plaintext(url, &profile.allow_networks);
    if readable(&profile.base_url) {
        return Err(CallerError::Plaintext("base_url"));
    }
    if let Auth::OAuth2(oauth2) = &profile.auth {
        // A token URL may have a query: some servers tell their tenants apart by one.
        let mut url = oauth2.token_url.clone();
        url.set_query(None);
        if !is_plain(&url) {
            return Err(CallerError::TokenUrl);
        }
        check_address(&url, &profile.allow_networks)?;
        if readable(&url) {
            return Err(CallerError::Plaintext("token_url"));
        }
    }
    if profile.timeout.is_zero() {
        return Err(CallerError::Timeout);
    }
    Ok(())
}

/// `http` or `https` with a host, and nothing but a path after it.
fn is_plain(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none()
}

/// An address written in the URL itself is never looked up, so it is checked here. The URL has been normalised:
/// decimal, octal and shortened forms are addresses by now.
///
/// # Errors
/// [`CallerError::Address`] if a call may not connect there.
pub fn check_address(url: &Url, allowed: &[Network]) -> Result<(), CallerError> {
    let address = match url.host() {
        Some(Host::Ipv4(address)) => IpAddr::V4(address),
        Some(Host::Ipv6(address)) => IpAddr::V6(address),
        Some(Host::Domain(_)) | None => return Ok(()),
    };
    if network::admits(allowed, address) {
        Ok(())
    } else {
        Err(CallerError::Address(address))
    }
}

/// Whether a URL is plain HTTP and leads over the public internet. Where private networks are allowed, a name may lead into
/// one of them: such a name is checked when it is looked up (see [`plaintext_hosts`]).
#[must_use]
pub fn is_plaintext(url: &Url, allowed: &[Network]) -> bool {
    url.scheme() == "http"
        && match url.host() {
            Some(Host::Ipv4(address)) => network::is_public(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => network::is_public(IpAddr::V6(address)),
            Some(Host::Domain(_)) => allowed.is_empty(),
            None => false,
        }
}

/// The names that may lead to private addresses only, because what is sent to them can be read on the way.
pub(crate) fn plaintext_hosts(profile: &Profile) -> Vec<String> {
    if profile.allow_plaintext {
        return Vec::new();
    }
    urls(profile)
        .filter(|url| url.scheme() == "http")
        .filter_map(|url| url.host_str().map(str::to_owned))
        .collect()
}

/// Whether any URL of the account is `https`.
pub(crate) fn is_secure(profile: &Profile) -> bool {
    urls(profile).any(|url| url.scheme() == "https")
}

/// Where the account is, and where it issues access tokens.
fn urls(profile: &Profile) -> impl Iterator<Item = &Url> {
    let token_url = match &profile.auth {
        Auth::OAuth2(oauth2) => Some(&oauth2.token_url),
        _ => None,
    };
    [Some(&profile.base_url), token_url].into_iter().flatten()
}

/// A sign-in that never changes and the target's own headers, ready to send.
pub(crate) fn fixed_headers(profile: &Profile) -> Result<HeaderMap, CallerError> {
    let mut headers = HeaderMap::new();
    for (name, value) in &profile.headers {
        let (name, mut value) = kept_headers::typed_header(name, value.expose())?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    if let Some((name, value)) = profile.auth.fixed_header()? {
        headers.insert(name, value);
    }
    Ok(headers)
}
