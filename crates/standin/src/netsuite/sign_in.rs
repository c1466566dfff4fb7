//! Who may call: Token-Based Authentication (OAuth 1.0a, HMAC-SHA256) and client credentials with a certificate (OAuth
//! 2.0). Every refused login looks the same from outside; what was wrong is in the report, as in NetSuite's audit trail.

use super::options::{Certificate, NetSuiteOptions, TokenBased};
use super::response;
use crate::clock::{EpochUs, seconds};
use crate::request::Arrival;
use crate::response::VendorResponse;
use crate::sign_in::Why;
use crate::sign_in::access::AccessTokens;
use crate::sign_in::basic::{bearer, field};
use crate::sign_in::jwt::{Claims, Unverified};
use crate::sign_in::oauth1::{Nonces, Parameters};
use axum::http::Method;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};

/// Where access tokens are asked for.
pub(super) const TOKEN: &str = "/services/rest/auth/oauth2/v1/token";

/// The algorithms of an assertion. ES512 is among NetSuite's, but what checks signatures here has no P-521.
const ALGORITHMS: [&str; 5] = ["PS256", "PS384", "PS512", "ES256", "ES384"];

/// The scopes that may be asked for.
const SCOPES: [&str; 3] = ["restlets", "rest_webservices", "suite_analytics"];

/// An assertion must be valid for less than this.
const MAX_ASSERTION_SECONDS: i64 = 60 * 60;

/// The sign-in of the account.
#[derive(Debug)]
pub(super) struct SignIn {
    bearer: Option<String>,
    token_based: Option<TokenBased>,
    certificates: Vec<Certificate>,
    /// Seconds that a client's clock may be off.
    skew: i64,
    nonces: Nonces,
    tokens: AccessTokens,
    /// The names of assertions that had one, and when they expire.
    assertions: HashMap<String, i64>,
    refused: BTreeMap<Why, u64>,
}

impl SignIn {
    pub(super) fn new(options: &NetSuiteOptions) -> SignIn {
        let sign_in = &options.sign_in;
        SignIn {
            bearer: options.bearer.clone(),
            token_based: sign_in.token_based.clone(),
            certificates: sign_in.certificates.clone(),
            skew: i64::try_from(sign_in.clock_skew.as_secs()).unwrap_or(i64::MAX / 4),
            nonces: Nonces::default(),
            tokens: AccessTokens::new(sign_in.token_life, options.seed),
            assertions: HashMap::new(),
            refused: BTreeMap::new(),
        }
    }

    /// Admits a request that needs this scope, or answers it.
    pub(super) fn check(
        &mut self,
        arrival: &Arrival,
        scope: &str,
        now: EpochUs,
    ) -> Result<(), VendorResponse> {
        self.checked(arrival, scope, now).map_err(|why| {
            *self.refused.entry(why).or_default() += 1;
            response::invalid_login()
        })
    }

    fn checked(&mut self, arrival: &Arrival, scope: &str, now: EpochUs) -> Result<(), Why> {
        let open =
            self.bearer.is_none() && self.token_based.is_none() && self.certificates.is_empty();
        if open {
            return Ok(());
        }
        if let Some(token) = bearer(arrival) {
            if self.bearer.as_deref() == Some(token) {
                return Ok(());
            }
            let scopes = self.tokens.check(token, now)?;
            let covered = scopes.iter().any(|given| given == scope);
            return covered
                .then_some(())
                .ok_or("the access token lacks the scope");
        }
        let header = arrival
            .header("authorization")
            .ok_or("there is no Authorization header")?;
        self.token_based(arrival, header, now)
    }

    fn token_based(&mut self, arrival: &Arrival, header: &str, now: EpochUs) -> Result<(), Why> {
        let expected = self
            .token_based
            .as_ref()
            .ok_or("the account takes no such sign-in")?;
        let parameters = Parameters::read(header)?;
        let given = |name: &str| parameters.get(name).unwrap_or_default();
        if given("realm") != expected.account {
            return Err("the realm is not the account");
        }
        if given("oauth_consumer_key") != expected.consumer_key {
            return Err("the consumer key is unknown");
        }
        if given("oauth_token") != expected.access_id {
            return Err("the token id is unknown");
        }
        parameters.verify(arrival, &expected.consumer_secret, &expected.access_secret)?;
        self.nonces.take(&parameters, seconds(now), self.skew)
    }

    /// Answers a request for an access token.
    pub(super) fn token(
        &mut self,
        arrival: &Arrival,
        now: EpochUs,
    ) -> Result<VendorResponse, VendorResponse> {
        match self.granted(arrival, now) {
            Ok(scopes) => {
                let token = self.tokens.issue(scopes, now);
                Ok(response::token(&token, self.tokens.stated_seconds()))
            }
            Err((error, why)) => {
                *self.refused.entry(why).or_default() += 1;
                let status = if error == "invalid_client" { 401 } else { 400 };
                Err(response::no_token(status, error))
            }
        }
    }

    /// The scopes that a request for an access token is granted; or the error of RFC 6749 and what was wrong.
    fn granted(
        &mut self,
        arrival: &Arrival,
        now: EpochUs,
    ) -> Result<Vec<String>, (&'static str, Why)> {
        let invalid = |why: Why| ("invalid_request", why);
        if arrival.method != Method::POST {
            return Err(invalid("a token is asked for by POST"));
        }
        let form = arrival
            .form()
            .ok_or(invalid("the request for a token is no form"))?;
        if field(&form, "grant_type") != Some("client_credentials") {
            let why = "grant_type is not client_credentials";
            return Err(("unsupported_grant_type", why));
        }
        let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        if field(&form, "client_assertion_type") != Some(kind) {
            return Err(invalid("client_assertion_type is not jwt-bearer"));
        }
        let assertion =
            field(&form, "client_assertion").ok_or(invalid("there is no client_assertion"))?;
        let claims = self
            .verified(assertion, &arrival.url(), seconds(now))
            .map_err(|why| ("invalid_client", why))?;
        scopes(&claims).ok_or((
            "invalid_scope",
            "the assertion's scope is missing or holds what NetSuite does not have",
        ))
    }

    fn verified(&mut self, assertion: &str, url: &str, now: i64) -> Result<Claims, Why> {
        let unverified = Unverified::read(assertion)?;
        if unverified.header("typ") != Some("JWT") {
            return Err("the assertion's typ is not JWT");
        }
        let certificate = self
            .certificates
            .iter()
            .find(|known| unverified.header("kid") == Some(&known.certificate_id))
            .ok_or("the assertion's kid is no certificate of the account")?;
        if unverified.issuer() != Some(&certificate.client_id) {
            return Err("the assertion's iss is not the client of the certificate");
        }
        let claims = unverified.verify(&certificate.key, &ALGORITHMS)?;
        if claims.text("aud") != Some(url) {
            return Err("the assertion's aud is not the URL for tokens");
        }
        let issued = claims.seconds("iat").ok_or("the assertion has no iat")?;
        let expires = claims.seconds("exp").ok_or("the assertion has no exp")?;
        if expires <= now {
            return Err("the assertion has expired");
        }
        if issued > now + self.skew {
            return Err("the assertion's iat lies in the future");
        }
        if expires - issued >= MAX_ASSERTION_SECONDS {
            return Err("the assertion is valid for an hour or longer");
        }
        if let Some(name) = claims.text("jti") {
            self.assertions.retain(|_, expires| *expires > now);
            if self.assertions.insert(name.to_owned(), expires).is_some() {
                return Err("the assertion's jti was used before");
            }
        }
        Ok(claims)
    }

    pub(super) fn issued(&self) -> u64 {
        self.tokens.issued()
    }

    pub(super) fn refused(&self) -> &BTreeMap<Why, u64> {
        &self.refused
    }
}

/// The scopes of an assertion: a list, or one text separated by commas, for Oracle's table and Oracle's sample differ.
fn scopes(claims: &Claims) -> Option<Vec<String>> {
    let texts: Vec<String> = match claims.get("scope")? {
        Value::Array(items) => items
            .iter()
            .map(|item| item.as_str().map(str::to_owned))
            .collect::<Option<_>>()?,
        Value::String(text) => text.split(',').map(|one| one.trim().to_owned()).collect(),
        _ => return None,
    };
    let known = texts.iter().all(|text| SCOPES.contains(&text.as_str()));
    (known && !texts.is_empty()).then_some(texts)
}
