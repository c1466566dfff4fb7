//! The sessions for calls that change something: a CSRF token with the cookies it belongs to. One session serves all calls
//! to a service. Pure except for its memory; fetching is in `preflight`.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rampmeter_call::Answer;
use reqwest::header::HeaderValue;

use crate::vendor::Csrf;

/// The maximum of services of one account that have a session at a time.
const MAX_SERVICES: usize = 256;

/// The maximum size of a token, or of all cookies together.
const MAX_HEADER_BYTES: usize = 8 * 1024;

/// A session refused this soon after it was issued was never good. A later refusal may concern a session that has ended in
/// the meantime, even if nothing was accepted with it: the answer that would have shown it may be lost.
const FRESH: Duration = Duration::from_secs(1);

/// What calls to one service send.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    number: u64,
    /// None if the service requires no token.
    pub(crate) token: Option<HeaderValue>,
    pub(crate) cookies: Option<HeaderValue>,
    /// A call was accepted with it.
    proven: bool,
    given_at: Instant,
}

#[derive(Debug, Default)]
struct State {
    made: u64,
    by_service: BTreeMap<String, Session>,
}

/// The sessions of one account.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    state: Mutex<State>,
    /// Held while one is fetched.
    pub(crate) fetching: tokio::sync::Mutex<()>,
}

impl Sessions {
    pub(crate) fn get(&self, service: &str) -> Option<Session> {
        self.state().by_service.get(service).cloned()
    }

    /// Keeps the session from the answer to a fetch.
    pub(crate) fn put(&self, csrf: &Csrf, service: &str, answer: &Answer, now: Instant) {
        let token = (csrf.token_of)(answer).and_then(sendable);
        let mut state = self.state();
        state.made += 1;
        let session = Session {
            number: state.made,
            token,
            cookies: cookies(answer),
            proven: false,
            given_at: now,
        };
        if state.by_service.len() == MAX_SERVICES && !state.by_service.contains_key(service) {
            state.by_service.pop_first();
        }
        state.by_service.insert(service.to_owned(), session);
    }

    /// The vendor accepted a call with this session.
    pub(crate) fn accepted(&self, service: &str, session: &Session) {
        if let Some(kept) = self.state().by_service.get_mut(service)
            && kept.number == session.number
        {
            kept.proven = true;
        }
    }

    /// The vendor refused a call because of this session's token. Returns whether the session may have been good
    /// before.
    pub(crate) fn reject(&self, service: &str, session: &Session, now: Instant) -> bool {
        let mut state = self.state();
        let ours = |kept: &Session| kept.number == session.number;
        match state.by_service.get(service) {
            Some(kept) if ours(kept) => {
                let was_good = kept.proven || now >= kept.given_at + FRESH;
                state.by_service.remove(service);
                was_good
            }
            // Another call has found out already.
            _ => true,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn sendable(text: &str) -> Option<HeaderValue> {
    if text.is_empty() || text.len() > MAX_HEADER_BYTES {
        return None;
    }
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// All cookies of an answer as one Cookie header. Their attributes concern browsers only.
fn cookies(answer: &Answer) -> Option<HeaderValue> {
    let pairs: Vec<&str> = answer
        .headers
        .iter()
        .filter(|(name, _)| name == "set-cookie")
        .filter_map(|(_, cookie)| cookie.split(';').next())
        .map(str::trim)
        .filter(|pair| pair.contains('='))
        .collect();
    sendable(&pairs.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vendor::USUAL_CSRF;
    use crate::vendor::tests::answer_with as answer;

    #[test]
    fn a_session_is_the_token_with_all_its_cookies() {
        let sessions = Sessions::default();
        let fetched = answer(
            200,
            &[
                (USUAL_CSRF.header, "canary=="),
                ("set-cookie", "SAP_SESSIONID_S4_100=a%3d; path=/; HttpOnly"),
                ("set-cookie", "sap-usercontext=sap-client=100; path=/"),
                ("set-cookie", "broken"),
            ],
        );
        sessions.put(USUAL_CSRF, "/a/", &fetched, Instant::now());
        let session = sessions.get("/a/").unwrap();
        assert_eq!(session.token.as_ref().unwrap(), "canary==");
        assert_eq!(
            session.cookies.as_ref().unwrap(),
            "SAP_SESSIONID_S4_100=a%3d; sap-usercontext=sap-client=100"
        );
        assert!(!format!("{session:?}").contains("canary"));
        assert!(sessions.get("/b/").is_none());
    }

    #[test]
    fn a_service_that_gives_no_token_wants_none() {
        let sessions = Sessions::default();
        for headers in [
            &[][..],
            &[(USUAL_CSRF.header, "Required")],
            &[(USUAL_CSRF.header, "")],
        ] {
            sessions.put(USUAL_CSRF, "/a/", &answer(200, headers), Instant::now());
            assert_eq!(sessions.get("/a/").unwrap().token, None);
        }
    }

    #[test]
    fn a_refused_session_is_dropped_once_and_its_past_is_known() {
        let sessions = Sessions::default();
        sessions.put(
            USUAL_CSRF,
            "/a/",
            &answer(200, &[(USUAL_CSRF.header, "x")]),
            Instant::now(),
        );
        let first = sessions.get("/a/").unwrap();
        assert!(!sessions.reject("/a/", &first, Instant::now()));
        sessions.put(
            USUAL_CSRF,
            "/a/",
            &answer(200, &[(USUAL_CSRF.header, "y")]),
            Instant::now(),
        );
        let second = sessions.get("/a/").unwrap();
        assert!(
            sessions.reject("/a/", &first, Instant::now()),
            "replaced in the meantime"
        );
        sessions.accepted("/a/", &second);
        assert!(sessions.reject("/a/", &second, Instant::now()));
        assert!(sessions.get("/a/").is_none());
    }

    #[test]
    fn a_session_that_nothing_was_accepted_with_may_have_ended_unless_it_is_fresh() {
        let sessions = Sessions::default();
        let now = Instant::now();
        for (later, may_have_been_good) in [(0, false), (5, true)] {
            sessions.put(
                USUAL_CSRF,
                "/a/",
                &answer(200, &[(USUAL_CSRF.header, "x")]),
                now,
            );
            let session = sessions.get("/a/").unwrap();
            let later = now + Duration::from_secs(later);
            assert_eq!(sessions.reject("/a/", &session, later), may_have_been_good);
        }
    }

    #[test]
    fn sessions_are_bounded() {
        let sessions = Sessions::default();
        for number in 0..1000 {
            sessions.put(
                USUAL_CSRF,
                &format!("/{number}/"),
                &answer(200, &[(USUAL_CSRF.header, "x")]),
                Instant::now(),
            );
        }
        assert_eq!(sessions.state().by_service.len(), MAX_SERVICES);
    }
}
