//! Sessions of browsers: a random text in a cookie stands for the token that was given at login. They are kept in memory: a
//! restart ends them, and so does the end of their token.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use super::token::digest;
use super::users::{User, Users};

/// How long a session lasts at most.
const MAX_AGE: SignedDuration = SignedDuration::from_hours(12);
/// How long an unused session lasts.
const MAX_IDLE: SignedDuration = SignedDuration::from_hours(2);
/// Sessions at once. One more ends the one that was used least recently.
const MAX_SESSIONS: usize = 1_000;

#[derive(Debug, Clone)]
struct Session {
    token_id: String,
    opened_at: Timestamp,
    used_at: Timestamp,
}

impl Session {
    fn is_over(&self, now: Timestamp) -> bool {
        now.duration_since(self.opened_at) >= MAX_AGE
            || now.duration_since(self.used_at) >= MAX_IDLE
    }
}

/// The open sessions, by the digests of their cookies.
#[derive(Debug, Default)]
pub(super) struct Sessions(HashMap<String, Session>);

impl Sessions {
    /// Opens a session for the token with this id. `cookie` is a new random text.
    pub(super) fn open(&mut self, cookie: &str, token_id: &str, now: Timestamp) {
        self.0.retain(|_, session| !session.is_over(now));
        if self.0.len() >= MAX_SESSIONS {
            let oldest = self.0.iter().min_by_key(|(_, session)| session.used_at);
            if let Some(oldest) = oldest.map(|(digest, _)| digest.clone()) {
                self.0.remove(&oldest);
            }
        }
        let session = Session {
            token_id: token_id.to_owned(),
            opened_at: now,
            used_at: now,
        };
        self.0.insert(digest(cookie), session);
    }

    /// Whose session this cookie stands for.
    pub(super) fn find<'u>(
        &mut self,
        cookie: &str,
        users: &'u Users,
        now: Timestamp,
    ) -> Option<&'u User> {
        let digest = digest(cookie);
        let session = self.0.get_mut(&digest)?;
        let user = users.good(&session.token_id, now);
        if session.is_over(now) || user.is_none() {
            self.0.remove(&digest);
            return None;
        }
        session.used_at = now;
        user
    }

    /// Ends the session of this cookie.
    pub(super) fn end(&mut self, cookie: &str) {
        self.0.remove(&digest(cookie));
    }
}

#[cfg(test)]
mod tests {
    use super::super::role::Role;
    use super::super::token::{RANDOM_BYTES, Token};
    use super::*;

    fn at(hour: i64) -> Timestamp {
        Timestamp::from_second(hour * 3_600).unwrap()
    }

    fn anna() -> Users {
        let mut users = Users::default();
        let token = Token::new(&[1; RANDOM_BYTES]);
        users
            .add("anna", Role::Viewer, &token, at(0), None)
            .unwrap();
        users
    }

    #[test]
    fn a_session_ends_when_it_is_unused_old_or_closed() {
        let users = anna();
        let mut sessions = Sessions::default();
        sessions.open("c", "01010101", at(0));
        for hour in 0..12 {
            assert!(sessions.find("c", &users, at(hour)).is_some(), "{hour}");
        }
        assert!(sessions.find("c", &users, at(12)).is_none());
        sessions.open("d", "01010101", at(20));
        assert!(sessions.find("d", &users, at(22)).is_none());
        sessions.open("e", "01010101", at(30));
        sessions.end("e");
        assert!(sessions.find("e", &users, at(30)).is_none());
    }

    #[test]
    fn a_session_ends_with_its_token() {
        let mut users = anna();
        let mut sessions = Sessions::default();
        sessions.open("c", "01010101", at(0));
        users.remove("anna", None);
        assert!(sessions.find("c", &users, at(0)).is_none());
        assert!(sessions.find("c", &anna(), at(0)).is_none());
    }

    #[test]
    fn logins_without_end_take_no_memory_without_end() {
        let users = anna();
        let mut sessions = Sessions::default();
        for number in 0..=MAX_SESSIONS {
            sessions.open(&number.to_string(), "01010101", at(0));
        }
        assert_eq!(sessions.0.len(), MAX_SESSIONS);
        let last = MAX_SESSIONS.to_string();
        assert!(sessions.find(&last, &users, at(0)).is_some());
    }
}
