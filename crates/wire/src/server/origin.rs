//! The name under which a client reaches this server. Queue URLs carry it: some SDKs send their next request to the
//! origin of the queue URL, and between containers or behind a proxy the address that the server listens on would be
//! the wrong one.

use std::net::SocketAddr;

use axum::http::HeaderName;
use axum::http::header::HOST;
use axum::http::request::Parts;

/// What a proxy that terminates TLS says of the connection before it. It is present only where a configured proxy says
/// it.
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Scheme, host and port of a request. `scheme` and `address` are how and where the server listens; they stand in where
/// no proxy passed the request on, and where it has no usable host.
pub(crate) fn of(head: &Parts, scheme: &'static str, address: SocketAddr) -> String {
    let text = |name: &HeaderName| head.headers.get(name).and_then(|value| value.to_str().ok());
    let scheme = match text(&FORWARDED_PROTO) {
        Some("https") => "https",
        _ => scheme,
    };
    match text(&HOST).filter(|host| is_plain_host(host)) {
        Some(host) => format!("{scheme}://{host}"),
        None => format!("{scheme}://{address}"),
    }
}

/// Whether a `Host` header can stand in a URL as it is.
fn is_plain_host(host: &str) -> bool {
    !host.is_empty()
        && host.len() <= 255
        && host
            .bytes()
            .all(|letter| letter.is_ascii_alphanumeric() || b"-._:[]".contains(&letter))
}

/// The queue that a path names: `/ACCOUNT/NAME`, or `/queue/REGION/ACCOUNT/NAME` as LocalStack's users may have it.
pub(crate) fn queue_of_path(path: &str) -> Option<&str> {
    let path = path.strip_prefix('/')?;
    let path = match path.strip_prefix("queue/") {
        Some(rest) => {
            rest.split_once('/')
                .filter(|(region, _)| is_name(region))?
                .1
        }
        None => path,
    };
    let (account, queue) = path.split_once('/')?;
    let queue = queue.strip_suffix('/').unwrap_or(queue);
    let twelve_digits =
        account.len() == 12 && account.bytes().all(|letter| letter.is_ascii_digit());
    (twelve_digits && is_name(queue)).then_some(queue)
}

fn is_name(text: &str) -> bool {
    (1..=80).contains(&text.len())
        && text
            .bytes()
            .all(|letter| letter.is_ascii_alphanumeric() || b"-_.".contains(&letter))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    fn origin(headers: &[(&str, &str)]) -> String {
        let mut request = Request::builder().uri("/");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let head = request.body(()).unwrap().into_parts().0;
        of(&head, "http", SocketAddr::from(([127, 0, 0, 1], 4566)))
    }

    #[test]
    fn a_host_header_is_echoed_only_when_it_is_a_plain_host() {
        for host in [
            "localhost:4566",
            "[::1]:4566",
            "sqs.us-east-1.localhost.localstack.cloud:4566",
        ] {
            assert_eq!(origin(&[("host", host)]), format!("http://{host}"));
        }
        for host in ["", "evil.example/\"x", "user@evil.example"] {
            assert_eq!(origin(&[("host", host)]), "http://127.0.0.1:4566");
        }
        assert_eq!(origin(&[]), "http://127.0.0.1:4566");
    }

    #[test]
    fn behind_a_proxy_with_tls_queue_urls_are_https() {
        let headers = [("host", "queues.example"), ("x-forwarded-proto", "https")];
        assert_eq!(origin(&headers), "https://queues.example");
        let headers = [
            ("host", "queues.example"),
            ("x-forwarded-proto", "javascript"),
        ];
        assert_eq!(origin(&headers), "http://queues.example");
    }

    #[test]
    fn the_paths_of_queue_urls_name_their_queue() {
        for (path, queue) in [
            ("/000000000000/orders", Some("orders")),
            ("/000000000000/orders/", Some("orders")),
            ("/000000000000/orders.fifo", Some("orders.fifo")),
            ("/queue/eu-west-1/000000000000/orders", Some("orders")),
            ("/", None),
            ("/orders", None),
            ("/0000/orders", None),
            ("/000000000000/", None),
            ("/000000000000/a/b", None),
            ("/000000000000/..%2f", None),
            ("/queue//000000000000/orders", None),
            ("//000000000000/orders", None),
        ] {
            assert_eq!(queue_of_path(path), queue, "{path}");
        }
    }
}
