//! Addresses that mean the machine itself, which on AWS is the function.

use std::net::IpAddr;

/// Whether the host of a URL is this machine.
pub(crate) fn is_this_machine(host: &str) -> bool {
    let literal = host.trim_start_matches('[').trim_end_matches(']');
    if let Ok(address) = literal.parse::<IpAddr>() {
        return address.is_loopback();
    }
    // RFC 6761: `localhost` and every name under it resolve to loopback addresses only.
    let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_addresses_and_names_under_localhost_are_this_machine() {
        for host in [
            "localhost",
            "LOCALHOST.",
            "a.localhost",
            "127.8.9.1",
            "[::1]",
        ] {
            assert!(is_this_machine(host), "{host}");
        }
        for host in [
            "",
            "example.com",
            "localhost.example.com",
            "10.0.0.1",
            "[::2]",
        ] {
            assert!(!is_this_machine(host), "{host}");
        }
    }
}
