//! A sign-in with a refresh token (RFC 6749, section 6), as vendors issue it to an app that a person has authorised. If
//! the server replaces the token, the new one is on disk before the access token that came with it is used.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reqwest::Client;

use super::exchange::{self, SignInError};
use super::kept_token::KeptToken;
use super::oauth2::{Grant, OAuth2};
use super::reply::Granted;
use crate::secret::Secret;

/// What is known about the newest refresh token besides what is on disk.
#[derive(Debug, Default)]
pub(super) struct RefreshTokens {
    /// A token that could not be saved, or that is not to be saved anywhere.
    unkept: Mutex<Option<Secret>>,
}

impl RefreshTokens {
    /// Asks for an access token with the newest refresh token, once.
    pub(super) async fn ask(
        &self,
        oauth2: &OAuth2,
        configured: &Secret,
        client: &Client,
        within: Duration,
    ) -> Result<Granted, SignInError> {
        let kept = match &oauth2.kept_in {
            Some(path) => Some(take(path, configured).await?),
            None => None,
        };
        let newest = self.unkept().clone();
        let newest = newest
            .or_else(|| kept.as_ref().map(|kept| kept.newest().clone()))
            .unwrap_or_else(|| configured.clone());
        let asked = with_token(oauth2, &newest);
        let granted = exchange::ask(&asked, client, within).await?;
        if let Some(new) = granted
            .refresh_token
            .clone()
            .filter(|new| new.expose() != newest.expose())
        {
            self.keep(kept, new).await;
        }
        Ok(granted)
    }

    /// Saves a new token. If that fails, the token is remembered until saving succeeds, and the access token is used all
    /// the same: the old refresh token is of no more use.
    async fn keep(&self, kept: Option<KeptToken>, new: Secret) {
        let Some(kept) = kept else {
            *self.unkept() = Some(new);
            return;
        };
        let written = new.clone();
        let keeping = tokio::task::spawn_blocking(move || kept.replace(&written)).await;
        match keeping.map_err(std::io::Error::other).flatten() {
            Ok(()) => *self.unkept() = None,
            Err(error) => {
                tracing::error!(
                    %error,
                    "a new refresh token cannot be kept: after a restart the sign-in would be refused"
                );
                *self.unkept() = Some(new);
            }
        }
    }

    /// The memory is consistent after every step, so a panic of another holder does no harm.
    fn unkept(&self) -> std::sync::MutexGuard<'_, Option<Secret>> {
        self.unkept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn take(path: &Path, configured: &Secret) -> Result<KeptToken, SignInError> {
    let (path, configured) = (path.to_owned(), configured.clone());
    let taking = tokio::task::spawn_blocking(move || KeptToken::take(&path, &configured)).await;
    let taken = taking.map_err(std::io::Error::other).flatten();
    taken.map_err(|error| SignInError::NotKept(error.to_string()))
}

fn with_token(oauth2: &OAuth2, token: &Secret) -> OAuth2 {
    let mut oauth2 = oauth2.clone();
    if let Grant::RefreshToken { refresh_token, .. } = &mut oauth2.grant {
        *refresh_token = token.clone();
    }
    oauth2
}
