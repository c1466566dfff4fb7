//! The access token of one credential, shared by all its calls. However many calls wait, only one request for a
//! token is made at a time; a token is replaced before it expires, and a refusal is shared by all calls that waited
//! and not repeated for a while, so that a wrong secret cannot lock the account.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use reqwest::Client;
use reqwest::header::HeaderValue;

use super::exchange::{self, SignInError};
use super::oauth2::{Grant, OAuth2};
use super::refresh::RefreshTokens;
use super::reply::Granted;
use super::{bearer, sensitive};

/// A token is replaced when a fifth of its life is left, but no more than this before its end.
const MAX_MARGIN: Duration = Duration::from_secs(120);

/// After a failure the server is left alone for this long, doubled with each further failure up to [`MAX_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// See [`FIRST_PAUSE`].
const MAX_PAUSE: Duration = Duration::from_secs(60);

/// What a call signs in with.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    /// The Authorization header, marked as sensitive.
    pub(crate) header: HeaderValue,
    /// Whether this call itself asked the server for it.
    pub(crate) asked: bool,
    /// Which of this credential's tokens it is.
    pub(crate) number: u64,
}

/// A token refused this soon after it was issued was never good. A later refusal may concern a token that has been
/// revoked in the meantime, even if nothing was accepted with it: the answer that would have shown it may be lost.
const FRESH: Duration = Duration::from_secs(1);

/// A token with its times.
#[derive(Clone)]
struct Token {
    number: u64,
    header: HeaderValue,
    given_at: Instant,
    /// From here on the next call replaces it.
    replace_at: Instant,
    /// From here on it is not used.
    expires_at: Instant,
    /// A call was accepted with it.
    proven: bool,
}

#[derive(Default)]
struct State {
    token: Option<Token>,
    /// Requests for a token that have ended, successfully or not.
    asked: u64,
    refused: Option<Refused>,
    /// The newest token that a call was refused with, and whether it had been good before.
    rejected: Option<(u64, bool)>,
}

struct Refused {
    error: SignInError,
    not_before: Instant,
    pause: Duration,
}

/// The access tokens of one credential.
pub(crate) struct AccessTokens {
    oauth2: OAuth2,
    state: Mutex<State>,
    refresh_tokens: RefreshTokens,
    /// Held while the server is asked.
    asking: tokio::sync::Mutex<()>,
}

impl AccessTokens {
    pub(crate) fn new(oauth2: OAuth2) -> AccessTokens {
        AccessTokens {
            oauth2,
            state: Mutex::default(),
            refresh_tokens: RefreshTokens::default(),
            asking: tokio::sync::Mutex::new(()),
        }
    }

    /// A token that is valid now. Waits for a request that is being made, or makes one.
    pub(crate) async fn get(
        &self,
        client: &Client,
        within: Duration,
    ) -> Result<Access, SignInError> {
        let now = Instant::now();
        let (ageing, seen) = {
            let state = self.state();
            match state.valid(now) {
                Some(token) if now < token.replace_at => return Ok(token.access()),
                valid => (valid.cloned(), state.asked),
            }
        };
        let _asking = match &ageing {
            // Another call is replacing it already, and it is still good.
            Some(token) => match self.asking.try_lock() {
                Ok(asking) => asking,
                Err(_) => return Ok(token.access()),
            },
            None => self.asking.lock().await,
        };
        if let Some(known) = self.known(seen) {
            return known;
        }
        match self.ask(client, within).await {
            Ok(granted) => self.take(&granted),
            Err(error) => {
                self.note(&error);
                // A token that is still valid serves until its end.
                ageing.map_or(Err(error), |token| Ok(token.access()))
            }
        }
    }

    async fn ask(&self, client: &Client, within: Duration) -> Result<Granted, SignInError> {
        match &self.oauth2.grant {
            Grant::RefreshToken { refresh_token, .. } => {
                self.refresh_tokens
                    .ask(&self.oauth2, refresh_token, client, within)
                    .await
            }
            _ => exchange::ask(&self.oauth2, client, within).await,
        }
    }

    /// The vendor accepted a call with this token.
    pub(crate) fn accepted(&self, number: u64) {
        if let Some(token) = &mut self.state().token
            && token.number == number
        {
            token.proven = true;
        }
    }

    /// The vendor refused a call with this token: it is not used again. Returns whether it may have been good before, so
    /// that it has merely expired or been revoked.
    pub(crate) fn reject(&self, number: u64, now: Instant) -> bool {
        let mut state = self.state();
        if let Some(token) = state.token.take_if(|token| token.number == number) {
            let was_good = token.proven || now >= token.expires_at || now >= token.given_at + FRESH;
            state.rejected = Some((number, was_good));
            return was_good;
        }
        // Another call has found out already; a token older than that one was replaced regularly.
        state
            .rejected
            .is_none_or(|(newest, was_good)| newest != number || was_good)
    }

    /// What other calls found out while this one waited: a new token, a failure that all share, or a pause to
    /// respect.
    fn known(&self, seen: u64) -> Option<Result<Access, SignInError>> {
        let now = Instant::now();
        let state = self.state();
        if let Some(token) = state.valid(now)
            && now < token.replace_at
        {
            return Some(Ok(token.access()));
        }
        let refused = state.refused.as_ref()?;
        if state.asked == seen && now >= refused.not_before {
            return None;
        }
        Some(match state.valid(now) {
            Some(token) => Ok(token.access()),
            None => Err(refused.error.clone()),
        })
    }

    fn take(&self, granted: &Granted) -> Result<Access, SignInError> {
        let header = sensitive(&bearer(granted.access_token.expose()))
            .map_err(|_| SignInError::Unreadable { status: 200 })?;
        let lifetime = granted.expires_in.unwrap_or(self.oauth2.assumed_lifetime);
        let now = Instant::now();
        let mut state = self.state();
        state.asked += 1;
        state.refused = None;
        let token = Token {
            number: state.asked,
            header,
            given_at: now,
            replace_at: now + lifetime - (lifetime / 5).min(MAX_MARGIN),
            expires_at: now + lifetime,
            proven: false,
        };
        let access = Access {
            asked: true,
            ..token.access()
        };
        state.token = Some(token);
        Ok(access)
    }

    fn note(&self, error: &SignInError) {
        let mut state = self.state();
        state.asked += 1;
        let pause = match (&state.refused, error) {
            (
                _,
                SignInError::Throttled {
                    retry_after: Some(pause),
                },
            ) => *pause,
            (Some(earlier), _) => (earlier.pause * 2).min(MAX_PAUSE),
            (None, _) => FIRST_PAUSE,
        };
        state.refused = Some(Refused {
            error: error.clone(),
            not_before: Instant::now() + pause,
            pause: pause.clamp(FIRST_PAUSE, MAX_PAUSE),
        });
    }

    /// The state is consistent after every step, so a panic of another holder does no harm.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn valid(&self, now: Instant) -> Option<&Token> {
        self.token.as_ref().filter(|token| now < token.expires_at)
    }
}

impl Token {
    fn access(&self) -> Access {
        Access {
            header: self.header.clone(),
            asked: false,
            number: self.number,
        }
    }
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::super::oauth2::ClientAuthentication;
    use super::*;
    use crate::secret::Secret;

    fn tokens() -> AccessTokens {
        AccessTokens::new(OAuth2 {
            token_url: Url::parse("http://127.0.0.1/token").unwrap(),
            grant: Grant::ClientCredentials {
                client_id: "c".to_owned(),
                client_secret: Secret::new("s"),
                authentication: ClientAuthentication::Basic,
                scope: None,
            },
            assumed_lifetime: OAuth2::ASSUMED_LIFETIME,
            counted: false,
            kept_in: None,
        })
    }

    fn given(tokens: &AccessTokens) -> u64 {
        let granted = Granted {
            access_token: Secret::new("t"),
            expires_in: None,
            refresh_token: None,
        };
        tokens.take(&granted).unwrap().number
    }

    #[test]
    fn a_token_is_replaced_a_fifth_of_its_life_before_its_end_and_two_minutes_at_most() {
        for (lifetime, before) in [(10, 2), (300, 60), (3_600, 120)] {
            let tokens = tokens();
            let granted = Granted {
                access_token: Secret::new("t"),
                expires_in: Some(Duration::from_secs(lifetime)),
                refresh_token: None,
            };
            tokens.take(&granted).unwrap();
            let state = tokens.state();
            let token = state.token.as_ref().expect("it was just taken");
            assert_eq!(
                token.expires_at - token.given_at,
                Duration::from_secs(lifetime)
            );
            assert_eq!(
                token.expires_at - token.replace_at,
                Duration::from_secs(before)
            );
        }
    }

    #[test]
    fn a_token_that_nothing_was_accepted_with_may_have_been_revoked_unless_it_is_fresh() {
        let tokens = tokens();
        let now = Instant::now();
        assert!(!tokens.reject(given(&tokens), now));
        assert!(tokens.reject(given(&tokens), now + Duration::from_secs(5)));
        let proven = given(&tokens);
        tokens.accepted(proven);
        assert!(tokens.reject(proven, now));
    }
}
