//! Who may call: a communication user with its password, an access token for a client and its secret, or a key in the
//! header `APIKey`. What was wrong with a refused sign-in is in the report.

use super::options::{SapOptions, SapSignIn};
use super::response;
use crate::clock::EpochUs;
use crate::request::Arrival;
use crate::response::VendorResponse;
use crate::sign_in::Why;
use crate::sign_in::access::AccessTokens;
use crate::sign_in::basic::{bearer, client, credentials, field};
use axum::http::Method;
use std::collections::BTreeMap;

/// Where access tokens are asked for.
pub(super) const TOKEN: &str = "/oauth/token";

/// The sign-in of the system.
#[derive(Debug)]
pub(super) struct SignIn {
    options: SapSignIn,
    tokens: AccessTokens,
    refused: BTreeMap<Why, u64>,
}

impl SignIn {
    pub(super) fn new(options: &SapOptions) -> SignIn {
        SignIn {
            options: options.sign_in.clone(),
            tokens: AccessTokens::new(options.sign_in.token_life, options.conduct.seed),
            refused: BTreeMap::new(),
        }
    }

    /// Admits a request, or answers it.
    pub(super) fn check(&mut self, arrival: &Arrival, now: EpochUs) -> Result<(), VendorResponse> {
        self.checked(arrival, now).map_err(|why| {
            self.note(why);
            response::unauthorised()
        })
    }

    fn checked(&self, arrival: &Arrival, now: EpochUs) -> Result<(), Why> {
        let SapSignIn {
            basic,
            client,
            api_key,
            ..
        } = &self.options;
        if basic.is_none() && client.is_none() && api_key.is_none() {
            return Ok(());
        }
        if let (Some(expected), Some(given)) = (api_key, arrival.header("apikey")) {
            let right = expected == given;
            return right.then_some(()).ok_or("the API key is wrong");
        }
        if let Some(token) = bearer(arrival) {
            return self.tokens.check(token, now).map(|_| ());
        }
        match (basic, credentials(arrival)) {
            (Some(expected), Some(given)) if *expected == given => Ok(()),
            (Some(_), Some(_)) => Err("the user or the password is wrong"),
            _ => Err("there is no sign-in that the system takes"),
        }
    }

    /// Answers a request for an access token.
    pub(super) fn token(
        &mut self,
        arrival: &Arrival,
        now: EpochUs,
    ) -> Result<VendorResponse, VendorResponse> {
        match self.granted(arrival) {
            Ok(()) => {
                let token = self.tokens.issue(Vec::new(), now);
                Ok(response::token(&token, self.tokens.stated_seconds()))
            }
            Err((status, error, why)) => {
                self.note(why);
                Err(response::no_token(status, error))
            }
        }
    }

    fn granted(&self, arrival: &Arrival) -> Result<(), (u16, &'static str, Why)> {
        if arrival.method != Method::POST {
            return Err((400, "invalid_request", "a token is asked for by POST"));
        }
        let why = "the request for a token is no form";
        let form = arrival.form().ok_or((400, "invalid_request", why))?;
        if field(&form, "grant_type") != Some("client_credentials") {
            let why = "grant_type is not client_credentials";
            return Err((400, "unsupported_grant_type", why));
        }
        let shown = client(arrival, &form);
        let why = "client id and secret are missing or shown in two places";
        let shown = shown.ok_or((401, "invalid_client", why))?;
        if self.options.client.as_ref() != Some(&shown) {
            let why = "the client id or its secret is wrong";
            return Err((401, "invalid_client", why));
        }
        Ok(())
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
