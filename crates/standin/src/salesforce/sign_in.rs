//! Who may call: the JWT bearer flow (RFC 7523, RS256) and client credentials. What was wrong with a refused sign-in is
//! in the report.

use super::options::{ConnectedApp, SalesforceOptions};
use super::response;
use crate::clock::{EpochUs, seconds};
use crate::request::Arrival;
use crate::response::VendorResponse;
use crate::sign_in::Why;
use crate::sign_in::access::AccessTokens;
use crate::sign_in::basic::{bearer, client, field};
use crate::sign_in::jwt::Unverified;
use axum::http::Method;
use std::collections::BTreeMap;

/// Where access tokens are asked for.
pub(super) const TOKEN: &str = "/services/oauth2/token";

/// How far ahead an assertion may expire, in seconds.
const MAX_ASSERTION_SECONDS: i64 = 3 * 60;

/// The sign-in of the org.
#[derive(Debug)]
pub(super) struct SignIn {
    apps: Vec<ConnectedApp>,
    /// Who assertions must be for.
    audience: &'static str,
    instance_url: String,
    tokens: AccessTokens,
    refused: BTreeMap<Why, u64>,
}

/// The error of a refused request for a token, its description, and what was wrong.
type Refusal = (&'static str, &'static str, Why);

impl SignIn {
    pub(super) fn new(options: &SalesforceOptions, instance_url: String) -> SignIn {
        SignIn {
            apps: options.apps.clone(),
            audience: if options.sandbox {
                "https://test.salesforce.com"
            } else {
                "https://login.salesforce.com"
            },
            instance_url,
            tokens: AccessTokens::new(options.token_life, options.conduct.seed),
            refused: BTreeMap::new(),
        }
    }

    /// Admits a request, or answers it.
    pub(super) fn check(&mut self, arrival: &Arrival, now: EpochUs) -> Result<(), VendorResponse> {
        if self.apps.is_empty() {
            return Ok(());
        }
        let Some(token) = bearer(arrival) else {
            self.note("there is no bearer token");
            return Err(response::no_authorization());
        };
        match self.tokens.check(token, now) {
            Ok(_) => Ok(()),
            Err(why) => {
                self.note(why);
                Err(response::no_session())
            }
        }
    }

    /// Answers a request for an access token.
    pub(super) fn token(
        &mut self,
        arrival: &Arrival,
        now: EpochUs,
    ) -> Result<VendorResponse, VendorResponse> {
        match self.granted(arrival, seconds(now)) {
            Ok(user) => {
                let token = self.tokens.issue(vec!["api".to_owned()], now);
                Ok(response::token(&token, &self.instance_url, &user))
            }
            Err((error, description, why)) => {
                self.note(why);
                Err(response::no_token(error, description))
            }
        }
    }

    /// The user that a token is given for.
    fn granted(&self, arrival: &Arrival, now: i64) -> Result<String, Refusal> {
        if arrival.method != Method::POST {
            let why = "a token is asked for by POST";
            return Err(("invalid_request", "must use HTTP POST", why));
        }
        let Some(form) = arrival.form() else {
            let why = "the request for a token is no form";
            return Err(("unsupported_grant_type", "grant type not supported", why));
        };
        match field(&form, "grant_type") {
            Some("urn:ietf:params:oauth:grant-type:jwt-bearer") => {
                let assertion = field(&form, "assertion").unwrap_or_default();
                self.by_assertion(assertion, now)
            }
            Some("client_credentials") => self.by_secret(arrival, &form),
            _ => {
                let why = "grant_type is neither jwt-bearer nor client_credentials";
                Err(("unsupported_grant_type", "grant type not supported", why))
            }
        }
    }

    fn by_assertion(&self, assertion: &str, now: i64) -> Result<String, Refusal> {
        let invalid = |why: Why| ("invalid_grant", "invalid assertion", why);
        let unverified = Unverified::read(assertion).map_err(invalid)?;
        let app = self.apps.iter().find(|app| {
            app.certificate.is_some() && unverified.issuer() == Some(app.client_id.as_str())
        });
        let app = app.ok_or((
            "invalid_client_id",
            "client identifier invalid",
            "the assertion's iss is no connected app with a certificate",
        ))?;
        let key = app.certificate.as_ref();
        let key = key.ok_or(invalid("the connected app has no certificate"))?;
        let claims = unverified.verify(key, &["RS256"]).map_err(invalid)?;
        if claims.text("aud") != Some(self.audience) {
            let why = "the assertion's aud is not the host to sign in at";
            return Err(("invalid_grant", "audience is invalid", why));
        }
        let late = |why: Why| ("invalid_grant", "expired authorization code", why);
        let expires = claims.seconds("exp");
        let expires = expires.ok_or(invalid("the assertion has no exp"))?;
        if expires <= now {
            return Err(late("the assertion has expired"));
        }
        if expires > now + MAX_ASSERTION_SECONDS {
            return Err(late("the assertion is valid for more than three minutes"));
        }
        let user = claims.text("sub").unwrap_or_default();
        if !app.users.iter().any(|known| known == user) {
            let why = "the assertion's sub is no user that is pre-authorised";
            let description = "user hasn't approved this consumer";
            return Err(("invalid_grant", description, why));
        }
        Ok(user.to_owned())
    }

    fn by_secret(&self, arrival: &Arrival, form: &[(String, String)]) -> Result<String, Refusal> {
        let why = "client_id and client_secret are missing or shown in two places";
        let shown = client(arrival, form);
        let (id, secret) = shown.ok_or(("invalid_client", "invalid client credentials", why))?;
        let app = self.apps.iter().find(|app| app.client_id == id);
        let why = "the client id is no connected app";
        let app = app.ok_or(("invalid_client_id", "client identifier invalid", why))?;
        match &app.client_secret {
            Some(expected) if *expected == secret => {
                Ok(app.users.first().cloned().unwrap_or_default())
            }
            Some(_) => {
                let why = "the client secret is wrong";
                Err(("invalid_client", "invalid client credentials", why))
            }
            None => {
                let why = "the connected app takes no client credentials";
                let description = "no client credentials user enabled";
                Err(("invalid_grant", description, why))
            }
        }
    }

    fn note(&mut self, why: Why) {
        *self.refused.entry(why).or_default() += 1;
    }

    pub(super) fn issued(&self) -> u64 {
        self.tokens.issued()
    }

    pub(super) fn refused(&self) -> &BTreeMap<Why, u64> {
        &self.refused
    }
}
