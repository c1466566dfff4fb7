//! Tells a port who is at the other end of a request's connection. The forwarding headers of the proxies that the
//! configuration names are believed; anybody else could send such headers too, so they are removed from all other
//! requests.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName};
use axum::response::Response;
use hyper::body::Incoming;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use rampmeter_caller::Network;
use rampmeter_wire::peer::Peer;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// The port for one connection.
pub(super) fn with_peer(
    router: Router,
    address: SocketAddr,
    proxies: Arc<[Network]>,
) -> impl Service<
    hyper::Request<Incoming>,
    Response = Response,
    Error = Infallible,
    Future = impl Future<Output = Result<Response, Infallible>> + Send,
> {
    let router = TowerToHyperService::new(router);
    hyper::service::service_fn(move |request: hyper::Request<Incoming>| {
        let mut request: Request = request.map(axum::body::Body::new);
        let peer = peer(address, request.headers_mut(), &proxies);
        request.extensions_mut().insert(peer);
        router.call(request)
    })
}

/// Who sent a request, according to those of its headers that may be believed.
fn peer(address: SocketAddr, headers: &mut HeaderMap, proxies: &[Network]) -> Peer {
    let is_proxy = |address: IpAddr| {
        let address = address.to_canonical();
        proxies.iter().any(|network| network.holds(address))
    };
    if !is_proxy(address.ip()) {
        headers.remove(FORWARDED_FOR);
        headers.remove(FORWARDED_PROTO);
        return Peer(address.ip());
    }
    // Each proxy appends the address that it was asked from. Anything before the last address that is not a proxy of
    // ours may have been written by anybody.
    let told = headers.get_all(FORWARDED_FOR).into_iter();
    let told: Vec<&str> = told
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect();
    let mut from_the_last = told.iter().rev().map_while(|text| text.trim().parse().ok());
    let client = from_the_last.find(|address| !is_proxy(*address));
    Peer(client.unwrap_or(address.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(by: &str, told: &[&str]) -> (String, bool) {
        let mut headers = HeaderMap::new();
        for text in told {
            headers.append(FORWARDED_FOR, text.parse().unwrap());
        }
        headers.insert(FORWARDED_PROTO, "https".parse().unwrap());
        let address = SocketAddr::new(by.parse().unwrap(), 1);
        let proxies = ["10.0.0.0/8".parse().unwrap()];
        let peer = peer(address, &mut headers, &proxies);
        (peer.to_string(), headers.contains_key(FORWARDED_PROTO))
    }

    #[test]
    fn what_a_named_proxy_says_is_believed() {
        assert_eq!(
            asked("10.0.0.1", &["192.0.2.7"]),
            ("192.0.2.7".to_owned(), true)
        );
        assert_eq!(
            asked("::ffff:10.0.0.1", &["192.0.2.7"]),
            ("192.0.2.7".to_owned(), true)
        );
        assert_eq!(
            asked("10.0.0.1", &["192.0.2.7, 10.0.0.2"]),
            ("192.0.2.7".to_owned(), true)
        );
        assert_eq!(asked("10.0.0.1", &[]), ("10.0.0.1".to_owned(), true));
    }

    #[test]
    fn what_a_client_wrote_before_the_proxy_is_not() {
        for told in ["203.0.113.9, 192.0.2.7", "nonsense, 192.0.2.7"] {
            assert_eq!(asked("10.0.0.1", &[told]), ("192.0.2.7".to_owned(), true));
        }
    }

    #[test]
    fn what_anybody_else_says_is_taken_off() {
        assert_eq!(
            asked("192.0.2.7", &["203.0.113.9"]),
            ("192.0.2.7".to_owned(), false)
        );
    }
}
