//! What most vendors require of a base URL.

use url::Url;

/// The rule that most presets have for a base URL: TLS, except for a stand-in on the same machine.
pub(super) fn https_only(url: &Url) -> Option<&'static str> {
    (url.scheme() != "https" && !is_this_machine(url))
        .then_some("must begin with https://, for credentials are sent there")
}

/// Whether a URL leads to this very machine by its wording.
pub(super) fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
