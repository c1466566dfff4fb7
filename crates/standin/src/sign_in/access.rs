//! The access tokens that a stand-in has given out: until when each is accepted, and for what.

use super::Why;
use crate::chance::Chance;
use crate::clock::{EpochUs, microseconds};
use crate::options::TokenLife;
use std::collections::HashMap;

/// The tokens of one account.
#[derive(Debug)]
pub(crate) struct AccessTokens {
    life: TokenLife,
    chance: Chance,
    /// What each token may be used for, and until when.
    given: HashMap<String, (Vec<String>, EpochUs)>,
    issued: u64,
}

impl AccessTokens {
    /// None yet. The tokens follow from the seed, so that a run can be repeated; they protect nothing.
    pub(crate) fn new(life: TokenLife, seed: u64) -> AccessTokens {
        AccessTokens {
            life,
            chance: Chance::new(seed, 3),
            given: HashMap::new(),
            issued: 0,
        }
    }

    /// Gives out a token. Expired ones are forgotten when there are many.
    pub(crate) fn issue(&mut self, scopes: Vec<String>, now: EpochUs) -> String {
        if self.given.len() >= 10_000 {
            self.given.retain(|_, (_, until)| *until > now);
        }
        let token = format!("standin.{}", self.chance.letters(40));
        let until = now.saturating_add(microseconds(self.life.accepted));
        self.given.insert(token.clone(), (scopes, until));
        self.issued += 1;
        token
    }

    /// What a token may be used for.
    pub(crate) fn check(&self, token: &str, now: EpochUs) -> Result<&[String], Why> {
        match self.given.get(token) {
            None => Err("the access token was never given out"),
            Some((_, until)) if *until <= now => Err("the access token has expired"),
            Some((scopes, _)) => Ok(scopes),
        }
    }

    /// The lifetime that the vendor states, in whole seconds.
    pub(crate) fn stated_seconds(&self) -> u64 {
        self.life.stated.as_secs()
    }

    pub(crate) fn issued(&self) -> u64 {
        self.issued
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_token_is_accepted_for_its_life_and_no_other_ever() {
        let mut tokens = AccessTokens::new(TokenLife::honest(Duration::from_secs(2)), 1);
        let token = tokens.issue(vec!["x".to_owned()], 5);
        assert_eq!(
            tokens.check(&token, 5 + 1_999_999),
            Ok(&["x".to_owned()][..])
        );
        assert_eq!(
            tokens.check(&token, 5 + 2_000_000),
            Err("the access token has expired")
        );
        assert!(tokens.check("standin.x", 5).is_err());
        assert_ne!(tokens.issue(Vec::new(), 5), token);
        assert_eq!((tokens.issued(), tokens.stated_seconds()), (2, 2));
    }
}
