//! SAP's protection against cross-site request forgery: a token with the cookies it belongs to, fetched by a GET of the
//! service and sent with every call that changes something. One session serves all calls to a service. Pure but for
//! its memory; fetching is in `call`.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use reqwest::header::HeaderValue;

use crate::answer::Answer;

/// The header of the token, in both directions.
pub(crate) const HEADER: &str = "x-csrf-token";

/// Services of one account that have a session at a time.
const MOST: usize = 256;

/// Bytes of a token or of all cookies together.
const LONGEST: usize = 8 * 1024;

/// A session refused so soon after it was given was never good. A later refusal may be that of a session which has ended in
/// the meantime, though nothing was accepted with it: the answer that would have shown it may be lost.
const FRESH: Duration = Duration::from_secs(1);

/// What calls to one service send.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    number: u64,
    /// None where the service wants no token.
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

    /// Takes a session from the answer to a fetch.
    pub(crate) fn put(&self, service: &str, answer: &Answer, now: Instant) {
        let token = answer
            .header(HEADER)
            .filter(|token| !is_required(token))
            .and_then(sendable);
        let mut state = self.state();
        state.made += 1;
        let session = Session {
            number: state.made,
            token,
            cookies: cookies(answer),
            proven: false,
            given_at: now,
        };
        if state.by_service.len() == MOST && !state.by_service.contains_key(service) {
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

    /// The vendor refused a call for this session's token. Answers whether the session may have been good before.
    pub(crate) fn reject(&self, service: &str, session: &Session, now: Instant) -> bool {
        let mut state = self.state();
        let ours = |kept: &Session| kept.number == session.number;
        match state.by_service.get(service) {
            Some(kept) if ours(kept) => {
                let was_good = kept.proven || now >= kept.given_at + FRESH;
                state.by_service.remove(service);
                was_good
            }
            // Another call found out before.
            _ => true,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether an answer says that the token is missing, wrong or old: 403 with the header `X-CSRF-Token: Required`. A 403
/// without it is a missing right.
pub(crate) fn is_wanted(answer: &Answer) -> bool {
    answer.status == 403 && answer.header(HEADER).is_some_and(is_required)
}

fn is_required(token: &str) -> bool {
    token.trim().eq_ignore_ascii_case("required")
}

fn sendable(text: &str) -> Option<HeaderValue> {
    if text.is_empty() || text.len() > LONGEST {
        return None;
    }
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// All cookies of an answer as one Cookie header. Their attributes concern a browser.
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

/// The service that a call goes to, as a path below the base URL, of which `base` is the path: `/sap/opu/odata/sap/NAME/`
/// (V2) or the first nine segments from `/sap/opu/odata4/` (V4). In another layout it is the base URL itself.
pub(crate) fn service_of(base: &str, path: &str) -> String {
    let base = base.trim_end_matches('/');
    let path = path.split('?').next().unwrap_or_default();
    let whole = format!("{base}{path}");
    let segments: Vec<&str> = whole.split('/').filter(|part| !part.is_empty()).collect();
    let depth = match segments[..] {
        ["sap", "opu", "odata4", ..] => 9,
        ["sap", "opu", "odata", ..] => 5,
        _ => 0,
    };
    let service = format!("/{}/", segments[..depth.min(segments.len())].join("/"));
    match service.strip_prefix(base) {
        Some(below) if below.starts_with('/') && below != "//" => below.to_owned(),
        _ => "/".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer(status: u16, headers: &[(&str, &str)]) -> Answer {
        Answer {
            status,
            status_text: String::new(),
            headers: headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            body: json!(""),
            truncated: false,
            stored: None,
        }
    }

    #[test]
    fn a_session_is_the_token_with_all_its_cookies() {
        let sessions = Sessions::default();
        let fetched = answer(
            200,
            &[
                (HEADER, "canary=="),
                ("set-cookie", "SAP_SESSIONID_S4_100=a%3d; path=/; HttpOnly"),
                ("set-cookie", "sap-usercontext=sap-client=100; path=/"),
                ("set-cookie", "broken"),
            ],
        );
        sessions.put("/a/", &fetched, Instant::now());
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
        for headers in [&[][..], &[(HEADER, "Required")], &[(HEADER, "")]] {
            sessions.put("/a/", &answer(200, headers), Instant::now());
            assert_eq!(sessions.get("/a/").unwrap().token, None);
        }
    }

    #[test]
    fn only_a_403_that_says_required_is_about_the_token() {
        assert!(is_wanted(&answer(403, &[(HEADER, "required")])));
        for other in [
            answer(403, &[]),
            answer(403, &[(HEADER, "abc")]),
            answer(401, &[(HEADER, "Required")]),
        ] {
            assert!(!is_wanted(&other), "{other:?}");
        }
    }

    #[test]
    fn a_refused_session_is_dropped_once_and_its_past_is_known() {
        let sessions = Sessions::default();
        sessions.put("/a/", &answer(200, &[(HEADER, "x")]), Instant::now());
        let first = sessions.get("/a/").unwrap();
        assert!(!sessions.reject("/a/", &first, Instant::now()));
        sessions.put("/a/", &answer(200, &[(HEADER, "y")]), Instant::now());
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
            sessions.put("/a/", &answer(200, &[(HEADER, "x")]), now);
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
                &format!("/{number}/"),
                &answer(200, &[(HEADER, "x")]),
                Instant::now(),
            );
        }
        assert_eq!(sessions.state().by_service.len(), MOST);
    }

    #[test]
    fn a_path_belongs_to_its_service() {
        let v2 = "/sap/opu/odata/sap/API_SALES_ORDER_SRV";
        let v4 = "/sap/opu/odata4/sap/api_salesorder/srvd_a2x/sap/salesorder/0001";
        for (base, path, service) in [
            ("/", format!("{v2}/A_SalesOrder?$top=1"), format!("{v2}/")),
            (
                "/",
                format!("{v2}/A_SalesOrder('1')/to_Item"),
                format!("{v2}/"),
            ),
            ("/", v2.to_owned(), format!("{v2}/")),
            ("/", format!("{v4}/SalesOrder"), format!("{v4}/")),
            ("/proxy", "/x".to_owned(), "/".to_owned()),
            (v2, "/A_SalesOrder".to_owned(), "/".to_owned()),
            (
                "/sap/opu/odata/sap",
                "/API_X/A_Y".to_owned(),
                "/API_X/".to_owned(),
            ),
            ("/", "/orders".to_owned(), "/".to_owned()),
            ("", String::new(), "/".to_owned()),
        ] {
            assert_eq!(service_of(base, &path), service, "{base} {path}");
        }
    }
}
