//! Admits requests: the head of a request says who it is from, and `access` decides. Nothing of a body is read before that.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::Method;
use axum::http::header::{AUTHORIZATION, HOST};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::MethodRouter;
use jiff::Timestamp;
use rampmeter_engine::{Actor, Engine};
use rampmeter_wire::loopback;
use rampmeter_wire::peer::Peer;

use super::request_body::read_body;
use crate::access::{Denied, Identity, Need, Shown, is_of_own_page, session_of};
use crate::response::Refused;
use crate::site::Site;

/// The sender of a request, as far as known; every handler may ask for it.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) identity: Option<Identity>,
    /// The engine, on their behalf: changes made through it are recorded in their name.
    pub(crate) engine: Engine,
}

/// An operation behind its guard.
pub(super) fn guarded(
    site: &Arc<Site>,
    need: Need,
    operation: MethodRouter<Arc<Site>>,
) -> MethodRouter<Arc<Site>> {
    let guard = (Arc::clone(site), need);
    operation
        .layer(middleware::from_fn(read_body))
        .layer(middleware::from_fn_with_state(guard, admit))
}

async fn admit(
    State((site, need)): State<(Arc<Site>, Need)>,
    mut request: Request,
    next: Next,
) -> Result<Response, Refused> {
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD);
    let admitted = site
        .access
        .admit(need, changes, shown(&request), Timestamp::now());
    let identity = admitted.map_err(|why| refusal(&why))?;
    if !changes {
        let engine = site.engine.clone();
        request.extensions_mut().insert(Caller { identity, engine });
        return Ok(next.run(request).await);
    }
    let actor = actor(identity.as_ref(), request.extensions().get());
    let by = actor.to_string();
    let path = request.uri().path().to_owned();
    let engine = site.engine.on_behalf_of(actor);
    request.extensions_mut().insert(Caller { identity, engine });
    let response = next.run(request).await;
    tracing::info!(
        by,
        path,
        status = response.status().as_u16(),
        "asked for a change"
    );
    Ok(response)
}

fn actor(identity: Option<&Identity>, peer: Option<&Peer>) -> Actor {
    Actor {
        user: identity.map(|identity| identity.name.clone()),
        token_id: identity.and_then(|identity| identity.token_id.clone()),
        access_key_id: None,
        peer: peer.map(Peer::to_string),
    }
}

/// A token takes precedence over a session: whoever sends one means to use it. At the local socket the system has said who it is.
fn shown(request: &Request) -> Shown<'_> {
    if let Some(Peer::Local(user)) = request.extensions().get() {
        return Shown::Local(user);
    }
    let headers = request.headers();
    if let Some(authorization) = headers.get(AUTHORIZATION) {
        let token = authorization.to_str().ok().and_then(bearer);
        return token.map_or(Shown::Nothing, Shown::Token);
    }
    match session_of(headers) {
        Some(cookie) => Shown::Session {
            cookie,
            own_page: is_of_own_page(headers),
        },
        None => Shown::Nothing,
    }
}

/// The token of `Authorization: Bearer TOKEN`.
fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn refusal(why: &Denied) -> Refused {
    match why {
        Denied::Unknown => Refused::unknown_user(),
        Denied::NotAllowed { role, needed } => Refused::not_allowed(format!(
            "the role {role} may not do this: it needs {needed}"
        )),
        Denied::ForeignPage => {
            Refused::not_allowed("a session may change something from its own pages only")
        }
    }
}

/// A port without login answers only to names of this machine: a web page that has bound its own name to a loopback
/// address must not read it through a browser. With login, such a page has neither token nor cookie.
pub(super) async fn refuse_foreign_host(
    State(site): State<Arc<Site>>,
    request: Request,
    next: Next,
) -> Result<Response, Refused> {
    match request.headers().get(HOST) {
        _ if site.access.asks_for_login() => Ok(next.run(request).await),
        Some(host) if loopback::is_loopback_host(host.as_bytes()) => Ok(next.run(request).await),
        _ => Err(Refused::foreign_host()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_what_follows_bearer() {
        assert_eq!(bearer("Bearer rmp_1_2"), Some("rmp_1_2"));
        assert_eq!(bearer("bearer  rmp_1_2"), Some("rmp_1_2"));
        assert_eq!(bearer("Basic rmp_1_2"), None);
        assert_eq!(bearer("rmp_1_2"), None);
    }
}
