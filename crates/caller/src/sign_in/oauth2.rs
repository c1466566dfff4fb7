//! OAuth 2.0 without a person: which grant a target uses, and the form that asks for an access token. Pure: the
//! present arrives as an argument. The flows of a browser are left out: a server has none.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};
use url::Url;

use super::Unsendable;
use super::basic;
use super::jwt;
use super::key::{NoRandomBytes, SigningKey};
use crate::secret::Secret;

/// How a target gets its access tokens.
#[derive(Clone, Debug)]
pub struct OAuth2 {
    /// The URL that issues access tokens.
    pub token_url: Url,
    /// The grant presented for a token.
    pub grant: Grant,
    /// Lifetime of a token if the answer states none (Salesforce's does not): the token is replaced
    /// before it ends.
    pub assumed_lifetime: Duration,
    /// The vendor counts a request for a token against the limits of the account, so it takes a permit of its own.
    pub counted: bool,
    /// The file that keeps the newest refresh token, if the grant is one and there is a directory for it. Without a
    /// file, a token that replaces another is known only until the process ends.
    pub kept_in: Option<PathBuf>,
}

impl OAuth2 {
    /// The lifetime that is assumed unless configured otherwise: a quarter of an hour, the shortest session
    /// timeout that Salesforce can be set to.
    pub const ASSUMED_LIFETIME: Duration = Duration::from_secs(15 * 60);
}

/// What is presented for an access token.
#[derive(Clone, Debug)]
pub enum Grant {
    /// A client id and its secret (RFC 6749, section 4.4).
    ClientCredentials {
        /// Client id.
        client_id: String,
        /// Client secret.
        client_secret: Secret,
        /// Where the two are put.
        authentication: ClientAuthentication,
        /// Scope, sent if it is there: words separated by blanks.
        scope: Option<String>,
    },
    /// A client id and a token signed with its key (RFC 7523, section 2.2), as NetSuite requires
    /// it.
    ClientAssertion {
        /// Client id, the issuer of the assertion.
        client_id: String,
        /// Name of the certificate at the vendor (`kid`).
        certificate_id: String,
        /// The key of that certificate.
        key: SigningKey,
        /// Scopes asked for.
        scopes: Vec<String>,
        /// How they are written.
        scope_form: ScopeForm,
        /// Who the assertion is for: most often the token URL.
        audience: String,
    },
    /// A token that names the user to act for, signed with the client's key (RFC 7523, section 2.1), as Salesforce
    /// requires it.
    JwtBearer {
        /// Client id (consumer key), the issuer of the assertion.
        client_id: String,
        /// The user to act for.
        username: String,
        /// The client's key.
        key: SigningKey,
        /// Who the assertion is for: `https://login.salesforce.com` or `https://test.salesforce.com`.
        audience: String,
    },
    /// A refresh token that a person's consent gave to the client (RFC 6749, section 6), as QuickBooks, HubSpot, Xero and
    /// Workday use it. The server may replace it at each use.
    RefreshToken {
        /// Client id.
        client_id: String,
        /// Client secret.
        client_secret: Secret,
        /// Where the two are put.
        authentication: ClientAuthentication,
        /// The token.
        refresh_token: Secret,
        /// Scope, sent if it is there: no more than the token has.
        scope: Option<String>,
    },
}

/// The kind of a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GrantKind {
    /// See [`Grant::ClientCredentials`].
    ClientCredentials,
    /// See [`Grant::ClientAssertion`].
    ClientAssertion,
    /// See [`Grant::JwtBearer`].
    JwtBearer,
    /// See [`Grant::RefreshToken`].
    RefreshToken,
}

impl GrantKind {
    /// The name in the configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            GrantKind::ClientCredentials => "oauth2-client-credentials",
            GrantKind::ClientAssertion => "oauth2-m2m",
            GrantKind::JwtBearer => "oauth2-jwt-bearer",
            GrantKind::RefreshToken => "oauth2-refresh-token",
        }
    }
}

impl Grant {
    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> GrantKind {
        match self {
            Grant::ClientCredentials { .. } => GrantKind::ClientCredentials,
            Grant::ClientAssertion { .. } => GrantKind::ClientAssertion,
            Grant::JwtBearer { .. } => GrantKind::JwtBearer,
            Grant::RefreshToken { .. } => GrantKind::RefreshToken,
        }
    }
}

/// Where a client puts its id and secret (RFC 6749, section 2.3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClientAuthentication {
    /// In `Authorization: Basic`, both form-encoded first.
    #[default]
    Basic,
    /// In the form.
    Form,
}

/// How the scopes of an assertion are written: Oracle's table and Oracle's sample differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ScopeForm {
    /// A JSON list.
    #[default]
    List,
    /// One text, separated by commas.
    Commas,
}

/// How long an assertion for NetSuite is valid; the maximum is an hour.
const ASSERTION: Duration = Duration::from_secs(5 * 60);

/// Salesforce refuses an assertion that is valid for more than three minutes.
const SHORT_ASSERTION: Duration = Duration::from_secs(2 * 60);

/// What is sent to the token URL.
pub(super) struct Question {
    /// The form, in order.
    pub(super) form: Vec<(&'static str, String)>,
    /// The `Authorization` header, where the client signs in with one.
    pub(super) authorization: Option<String>,
}

/// Why a question cannot be made.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum QuestionError {
    /// See [`NoRandomBytes`].
    #[error(transparent)]
    NoRandomBytes(#[from] NoRandomBytes),
    /// See [`Unsendable`].
    #[error(transparent)]
    Unsendable(#[from] Unsendable),
}

impl Grant {
    /// The question for an access token. `now` is in seconds of Unix time.
    pub(super) fn question(&self, now: u64) -> Result<Question, QuestionError> {
        match self {
            Grant::ClientCredentials {
                client_id,
                client_secret,
                authentication,
                scope,
            } => {
                let form = vec![("grant_type", "client_credentials".to_owned())];
                let client = (client_id.as_str(), client_secret, *authentication);
                with_client(form, client, scope.as_deref())
            }
            Grant::RefreshToken {
                client_id,
                client_secret,
                authentication,
                refresh_token,
                scope,
            } => {
                let form = vec![
                    ("grant_type", "refresh_token".to_owned()),
                    ("refresh_token", refresh_token.expose().to_owned()),
                ];
                let client = (client_id.as_str(), client_secret, *authentication);
                with_client(form, client, scope.as_deref())
            }
            Grant::ClientAssertion { .. } => Ok(Question {
                form: vec![
                    ("grant_type", "client_credentials".to_owned()),
                    (
                        "client_assertion_type",
                        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer".to_owned(),
                    ),
                    ("client_assertion", self.assertion(now)?),
                ],
                authorization: None,
            }),
            Grant::JwtBearer { .. } => Ok(Question {
                form: vec![
                    (
                        "grant_type",
                        "urn:ietf:params:oauth:grant-type:jwt-bearer".to_owned(),
                    ),
                    ("assertion", self.assertion(now)?),
                ],
                authorization: None,
            }),
        }
    }

    /// The signed token of a grant that has one; the empty text for one that has none.
    pub(super) fn assertion(&self, now: u64) -> Result<String, NoRandomBytes> {
        match self {
            Grant::ClientCredentials { .. } | Grant::RefreshToken { .. } => Ok(String::new()),
            Grant::ClientAssertion {
                client_id,
                certificate_id,
                key,
                scopes,
                scope_form,
                audience,
            } => {
                let scope = match scope_form {
                    ScopeForm::List => json!(scopes),
                    ScopeForm::Commas => Value::String(scopes.join(",")),
                };
                let header =
                    json!({"typ": "JWT", "alg": key.algorithm().as_str(), "kid": certificate_id});
                let claims = json!({
                    "iss": client_id,
                    "scope": scope,
                    "aud": audience,
                    "iat": now,
                    "exp": now + ASSERTION.as_secs(),
                });
                jwt::sign(&header, &claims, key)
            }
            Grant::JwtBearer {
                client_id,
                username,
                key,
                audience,
            } => {
                let header = json!({"alg": key.algorithm().as_str()});
                let claims = json!({
                    "iss": client_id,
                    "sub": username,
                    "aud": audience,
                    "exp": now + SHORT_ASSERTION.as_secs(),
                });
                jwt::sign(&header, &claims, key)
            }
        }
    }
}

/// A question from a client that presents its id and secret.
fn with_client(
    mut form: Vec<(&'static str, String)>,
    (client_id, client_secret, authentication): (&str, &Secret, ClientAuthentication),
    scope: Option<&str>,
) -> Result<Question, QuestionError> {
    if let Some(scope) = scope {
        form.push(("scope", scope.to_owned()));
    }
    let authorization = match authentication {
        ClientAuthentication::Form => {
            form.push(("client_id", client_id.to_owned()));
            form.push(("client_secret", client_secret.expose().to_owned()));
            None
        }
        ClientAuthentication::Basic => {
            let encoded = |text: &str| -> String {
                url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
            };
            Some(basic(
                &encoded(client_id),
                &encoded(client_secret.expose()),
            )?)
        }
    };
    Ok(Question {
        form,
        authorization,
    })
}
