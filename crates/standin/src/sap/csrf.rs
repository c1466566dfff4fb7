//! Sessions against cross-site request forgery: a token that is given to whoever asks for one, and accepted together
//! with the cookies that came with it. Pure: the present arrives as an argument.

use crate::chance::Chance;
use crate::clock::{EpochUs, microseconds};
use crate::request::Arrival;
use crate::response::VendorResponse;
use axum::http::Method;
use std::collections::HashMap;
use std::time::Duration;

const HEADER: &str = "x-csrf-token";
const SESSION: &str = "SAP_SESSIONID_S4H_100";
const CONTEXT: &str = "sap-usercontext";
const CLIENT: &str = "sap-client=100";

/// The sessions of one system.
#[derive(Debug)]
pub(super) struct Sessions {
    life: EpochUs,
    chance: Chance,
    /// The token of each session, and until when it lives.
    open: HashMap<String, (String, EpochUs)>,
    issued: u64,
}

impl Sessions {
    pub(super) fn new(life: Duration, seed: u64) -> Sessions {
        Sessions {
            life: microseconds(life),
            chance: Chance::new(seed, 5),
            open: HashMap::new(),
            issued: 0,
        }
    }

    /// Whether a call may change something: it is safe anyway, or carries the token of the session of its cookies.
    pub(super) fn admits(&self, arrival: &Arrival, now: EpochUs) -> bool {
        if matches!(arrival.method, Method::GET | Method::HEAD | Method::OPTIONS) {
            return true;
        }
        let Some((token, until)) = self.session_of(arrival).and_then(|id| self.open.get(id)) else {
            return false;
        };
        *until > now && arrival.header(HEADER) == Some(token)
    }

    /// Gives a session to a safe call that asks for a token: the one of its cookies, or a new one.
    pub(super) fn give(&mut self, arrival: &Arrival, now: EpochUs, answer: &mut VendorResponse) {
        let asks = arrival
            .header(HEADER)
            .is_some_and(|value| value.eq_ignore_ascii_case("fetch"));
        if !asks || !matches!(arrival.method, Method::GET | Method::HEAD) {
            return;
        }
        let kept = self
            .session_of(arrival)
            .and_then(|id| self.open.get(id))
            .filter(|(_, until)| *until > now);
        if let Some((token, _)) = kept {
            answer.headers.push((HEADER, token.clone()));
            return;
        }
        self.open.retain(|_, (_, until)| *until > now);
        let (id, token) = (self.chance.letters(32), self.chance.letters(24));
        answer.headers.extend([
            (HEADER, token.clone()),
            ("set-cookie", format!("{CONTEXT}={CLIENT}; path=/")),
            ("set-cookie", format!("{SESSION}={id}; path=/; HttpOnly")),
        ]);
        self.open.insert(id, (token, now.saturating_add(self.life)));
        self.issued += 1;
    }

    pub(super) fn issued(&self) -> u64 {
        self.issued
    }

    /// The session that a request's cookies name. All cookies must come back, not only the one with the session.
    fn session_of<'a>(&self, arrival: &'a Arrival) -> Option<&'a str> {
        let cookies = arrival.header("cookie")?;
        let value = |name: &str| {
            cookies
                .split(';')
                .find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
        };
        value(CONTEXT).filter(|context| *context == CLIENT)?;
        value(SESSION)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::tests::arrival;

    #[test]
    fn a_token_is_good_with_all_cookies_of_its_own_session_while_that_lives() {
        let mut sessions = Sessions::new(Duration::from_secs(1), 1);
        let fetch = [(HEADER, "Fetch")];
        let mut fetched = |headers: &[(&str, &str)]| {
            let mut answer = VendorResponse::empty(200);
            sessions.give(&arrival(&Method::GET, "/s/", headers, ""), 0, &mut answer);
            answer
        };
        let (one, two) = (fetched(&fetch), fetched(&fetch));
        assert_eq!(fetched(&[]).headers, []);
        let token = |answer: &VendorResponse| answer.header(HEADER).unwrap().to_owned();
        let cookies = |answer: &VendorResponse| {
            let cookies = answer
                .headers
                .iter()
                .filter(|(name, _)| *name == "set-cookie");
            let pairs: Vec<&str> = cookies.map(|(_, v)| v.split(';').next().unwrap()).collect();
            pairs.join("; ")
        };
        let admits = |token: &str, cookies: &str, now| {
            let headers = [(HEADER, token), ("cookie", cookies)];
            sessions.admits(&arrival(&Method::POST, "/s/A", &headers, "{}"), now)
        };
        let (jar, other_jar) = (cookies(&one), cookies(&two));
        assert!(admits(&token(&one), &jar, 999_999));
        assert!(
            !admits(&token(&one), &jar, 1_000_000),
            "the session has ended"
        );
        assert!(!admits(&token(&one), &other_jar, 0), "of another session");
        assert!(!admits("x", &jar, 0), "a wrong token");
        let session_alone = jar.split("; ").nth(1).unwrap();
        assert!(
            !admits(&token(&one), session_alone, 0),
            "a cookie is missing"
        );
        assert!(!sessions.admits(&arrival(&Method::POST, "/s/A", &[], ""), 0));
        assert!(sessions.admits(&arrival(&Method::GET, "/s/A", &[], ""), 0));
        assert_eq!(sessions.issued(), 2);
    }
}
