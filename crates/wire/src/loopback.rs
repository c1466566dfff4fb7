//! Names of this machine: which `Host` and `Origin` headers a server on a loopback address may trust.
//! A web page can point its own name at 127.0.0.1, but it cannot make a browser call that name `localhost`.

use std::net::IpAddr;

/// Whether the value of a `Host` header, with or without a port, names this machine.
pub fn is_loopback_host(host: &[u8]) -> bool {
    std::str::from_utf8(host).is_ok_and(|host| is_loopback_name(without_port(host)))
}

/// Whether the value of an `Origin` header is that of a page served from this machine.
pub fn is_loopback_origin(origin: &[u8]) -> bool {
    let Ok(origin) = std::str::from_utf8(origin) else {
        return false;
    };
    let host = origin
        .strip_prefix("http://")
        .or_else(|| origin.strip_prefix("https://"));
    host.is_some_and(|host| is_loopback_name(without_port(host)))
}

fn without_port(host: &str) -> &str {
    if let Some(rest) = host.strip_prefix('[') {
        return match rest.split_once(']') {
            Some((address, port)) if port.is_empty() || port.starts_with(':') => address,
            _ => "",
        };
    }
    match host.split_once(':') {
        Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => name,
        Some(_) => "",
        None => host,
    }
}

fn is_loopback_name(name: &str) -> bool {
    if let Ok(address) = name.parse::<IpAddr>() {
        return address.is_loopback();
    }
    // RFC 6761: `localhost` and every name under it resolve only to loopback addresses.
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_this_machine_are_trusted_with_and_without_a_port() {
        for host in [
            "localhost",
            "LOCALHOST:4580",
            "localhost.",
            "rampmeter.localhost:1",
            "127.0.0.1",
            "127.8.9.1:4580",
            "[::1]:4580",
            "[::1]",
        ] {
            assert!(is_loopback_host(host.as_bytes()), "{host}");
        }
    }

    #[test]
    fn other_names_are_not_trusted_however_they_are_dressed() {
        for host in [
            "",
            "example.com",
            "localhost.example.com",
            "127.0.0.1.example.com",
            "localhost:80@example.com",
            "example.com:4580",
            "10.0.0.1",
            "0.0.0.0",
            "[::2]:1",
            "[::1]example.com",
            "notlocalhost",
            "localhost:4580:1",
        ] {
            assert!(!is_loopback_host(host.as_bytes()), "{host}");
        }
        assert!(!is_loopback_host(&[0xff, 0xfe]));
    }

    #[test]
    fn an_origin_counts_by_its_host() {
        assert!(is_loopback_origin(b"http://localhost:4580"));
        assert!(is_loopback_origin(b"https://127.0.0.1"));
        assert!(!is_loopback_origin(b"http://evil.example:4566"));
        assert!(!is_loopback_origin(b"null"));
        assert!(!is_loopback_origin(b"file://localhost"));
    }
}
