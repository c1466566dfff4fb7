//! The address of a port.

use std::net::SocketAddr;

/// An address and a port, as in `127.0.0.1:4566`.
pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    let text = text.replacen("localhost:", "127.0.0.1:", 1);
    text.parse()
        .map_err(|_| "must be an address and a port, such as 127.0.0.1:4566".to_owned())
}
