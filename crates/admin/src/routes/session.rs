//! `/v1/session`: who the server takes the client for; `open` exchanges a token for a browser session, `close` ends it.
//! The token is never part of a URL, and no script of the page keeps it.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::guard::Caller;
use crate::access::{Identity, cleared_cookie, is_of_own_page, session_cookie, session_of};
use crate::change::{Body, read};
use crate::response::{JsonResponse, Refused};
use crate::site::Site;

/// The body of `/v1/session/open`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OpenBody {
    token: String,
}

/// The body of `/v1/session/close`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CloseBody {}

pub(crate) async fn show(
    State(site): State<Arc<Site>>,
    Extension(caller): Extension<Caller>,
) -> JsonResponse {
    JsonResponse(session_json(
        site.access.asks_for_login(),
        caller.identity.as_ref(),
    ))
}

fn session_json(login: bool, identity: Option<&Identity>) -> Value {
    json!({
        "schema": "rampmeter.session/1",
        "asks_for_login": login,
        "user": identity.map(|identity| &identity.name),
        "role": identity.map(|identity| identity.role.as_str()),
        "token_id": identity.and_then(|identity| identity.token_id.as_ref()),
    })
}

pub(crate) async fn open(
    State(site): State<Arc<Site>>,
    headers: HeaderMap,
    body: Body<OpenBody>,
) -> Result<Response, Refused> {
    let body = read(body)?;
    // A page of another site must not log a person in as somebody else.
    if !is_of_own_page(&headers) {
        return Err(Refused::not_allowed(
            "a session is opened by the dashboard; anything else sends Authorization: Bearer TOKEN",
        ));
    }
    let mut random = [0; 32];
    getrandom::fill(&mut random)
        .map_err(|why| Refused::bad_request(format!("there are no random bytes: {why}")))?;
    let cookie = URL_SAFE_NO_PAD.encode(random);
    let identity = site
        .access
        .log_in(body.token.trim(), &cookie, Timestamp::now());
    let Some(identity) = identity else {
        tracing::warn!("a login was refused: the token is not one of a user");
        return Err(Refused::unknown_user());
    };
    tracing::info!(user = identity.name, token = identity.token_id, "logged in");
    let answer = JsonResponse(session_json(true, Some(&identity)));
    Ok(with_cookie(
        answer,
        &session_cookie(&cookie, site.secure || by_tls_of_a_proxy(&headers)),
    ))
}

pub(crate) async fn close(
    State(site): State<Arc<Site>>,
    headers: HeaderMap,
    body: Body<CloseBody>,
) -> Result<Response, Refused> {
    read(body)?;
    if let Some(cookie) = session_of(&headers).filter(|_| is_of_own_page(&headers)) {
        site.access.log_out(cookie);
    }
    let answer = JsonResponse(session_json(site.access.asks_for_login(), None));
    Ok(with_cookie(answer, &cleared_cookie()))
}

/// Headers of proxies that are not configured never get here: they are removed when a connection is accepted.
fn by_tls_of_a_proxy(headers: &HeaderMap) -> bool {
    headers
        .get("x-forwarded-proto")
        .is_some_and(|scheme| scheme == "https")
}

fn with_cookie(answer: JsonResponse, cookie: &str) -> Response {
    let mut response = answer.into_response();
    if let Ok(cookie) = HeaderValue::from_str(cookie) {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    response
}
