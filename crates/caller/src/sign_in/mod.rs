//! How a call signs in: what a target says about it, and what is sent for it. Fetching an access token from an
//! authorization server is in `exchange`, keeping it for many calls in `access`.

mod access;
mod exchange;
mod jwt;
mod kept_token;
mod key;
mod oauth1;
mod oauth2;
mod refresh;
mod reply;
#[cfg(test)]
mod tests;

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};
use thiserror::Error;

use crate::secret::Secret;

pub(crate) use access::{Access, AccessTokens};
pub use exchange::SignInError;
pub use key::{Algorithm, KeyError, SigningKey};
pub use oauth1::OAuth1;
pub use oauth2::{ClientAuthentication, Grant, GrantKind, OAuth2, ScopeForm};

/// How a call signs in.
#[derive(Clone, Debug)]
pub enum Auth {
    /// Not at all.
    None,
    /// `Authorization: Bearer ...` (RFC 6750) with a value that does not change.
    Bearer(Secret),
    /// `Authorization: Basic ...` (RFC 7617).
    Basic {
        /// User name; it must hold no colon.
        username: String,
        /// Password.
        password: Secret,
    },
    /// A key in a header of the vendor's own, such as `APIKey`.
    ApiKey {
        /// Name of the header.
        header: String,
        /// The key, sent as it is.
        key: Secret,
    },
    /// `Authorization: OAuth ...` (RFC 5849), signed anew for every call.
    OAuth1(OAuth1),
    /// `Authorization: Bearer ...` with an access token that an authorization server gives for a while (RFC 6749).
    OAuth2(Box<OAuth2>),
}

impl Auth {
    /// The header of a sign-in that is the same for every call; none if each call, or each token, has its own.
    ///
    /// # Errors [`Unsendable`] if the credential cannot be a header value.
    pub(crate) fn fixed_header(&self) -> Result<Option<(HeaderName, HeaderValue)>, Unsendable> {
        let (name, text) = match self {
            Auth::None | Auth::OAuth1(_) | Auth::OAuth2(_) => return Ok(None),
            Auth::Bearer(secret) => (AUTHORIZATION, bearer(secret.expose())),
            Auth::Basic { username, password } => {
                (AUTHORIZATION, basic(username, password.expose())?)
            }
            Auth::ApiKey { header, key } => (
                HeaderName::from_bytes(header.as_bytes()).map_err(|_| Unsendable)?,
                key.expose().to_owned(),
            ),
        };
        Ok(Some((name, sensitive(&text)?)))
    }
}

/// A credential holds characters that cannot be sent. It is not repeated.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the credential holds a character that cannot be sent (a line break at its end?)")]
pub struct Unsendable;

fn bearer(secret: &str) -> String {
    format!("Bearer {secret}")
}

/// RFC 7617: the first colon ends the user name, so a user name cannot hold one.
fn basic(username: &str, password: &str) -> Result<String, Unsendable> {
    if username.contains(':') {
        return Err(Unsendable);
    }
    Ok(format!(
        "Basic {}",
        STANDARD.encode(format!("{username}:{password}"))
    ))
}

fn sensitive(text: &str) -> Result<HeaderValue, Unsendable> {
    let mut value = HeaderValue::from_str(text).map_err(|_| Unsendable)?;
    value.set_sensitive(true);
    Ok(value)
}

impl fmt::Display for Auth {
    /// The kind, as in the configuration.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Auth::None => "none",
            Auth::Bearer(_) => "bearer",
            Auth::Basic { .. } => "basic",
            Auth::ApiKey { .. } => "api-key",
            Auth::OAuth1(_) => "oauth1",
            Auth::OAuth2(oauth2) => oauth2.grant.kind().as_str(),
        })
    }
}
