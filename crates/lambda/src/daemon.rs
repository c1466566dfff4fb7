//! The X-Ray daemon beside the function: each document is a datagram to it. What cannot be sent is dropped, so a call
//! never waits or fails because of tracing.
//!
//! <https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sendingdata.html#xray-api-daemon>

use std::net::{SocketAddr, UdpSocket};

use serde_json::Value;

/// What every datagram begins with.
const PREFIX: &str = "{\"format\":\"json\",\"version\":1}\n";
/// The longest datagram that the daemon reads, in bytes.
const MAX_DATAGRAM_BYTES: usize = 64 * 1_024;

/// The daemon.
#[derive(Debug)]
pub(crate) struct Daemon {
    socket: UdpSocket,
}

impl Daemon {
    /// The daemon at an address.
    ///
    /// # Errors
    /// When the operating system gives no socket.
    pub(crate) fn at(address: SocketAddr) -> std::io::Result<Daemon> {
        let own = if address.is_ipv4() {
            "0.0.0.0:0"
        } else {
            "[::]:0"
        };
        let socket = UdpSocket::bind(own)?;
        socket.connect(address)?;
        socket.set_nonblocking(true)?;
        Ok(Daemon { socket })
    }

    /// Sends a document.
    pub(crate) fn send(&self, document: &Value) {
        let datagram = format!("{PREFIX}{document}");
        if datagram.len() <= MAX_DATAGRAM_BYTES
            && let Err(error) = self.socket.send(datagram.as_bytes())
        {
            tracing::debug!(%error, "a segment is not sent");
        }
    }
}

/// The address of the daemon's UDP port as `AWS_XRAY_DAEMON_ADDRESS` has it: `ADDRESS:PORT`, or `tcp:ADDRESS:PORT
/// udp:ADDRESS:PORT` in any order.
pub(crate) fn address(text: &str) -> Option<SocketAddr> {
    let udp = text
        .split_whitespace()
        .find_map(|part| part.strip_prefix("udp:"));
    udp.unwrap_or(text.trim()).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_that_of_the_udp_port() {
        let expected = Some("169.254.79.129:2000".parse().unwrap());
        assert_eq!(address("169.254.79.129:2000"), expected);
        assert_eq!(
            address("tcp:127.0.0.1:2001 udp:169.254.79.129:2000"),
            expected
        );
        assert_eq!(
            address("udp:169.254.79.129:2000 tcp:127.0.0.1:2001"),
            expected
        );
        assert_eq!(address("somewhere"), None);
        assert_eq!(address(""), None);
    }

    #[test]
    fn a_document_is_one_datagram_behind_the_line_that_says_its_form() {
        let there = UdpSocket::bind("127.0.0.1:0").unwrap();
        let daemon = Daemon::at(there.local_addr().unwrap()).unwrap();
        daemon.send(&serde_json::json!({ "name": "n" }));
        let mut bytes = [0; 200];
        let length = there.recv(&mut bytes).unwrap();
        assert_eq!(
            std::str::from_utf8(&bytes[..length]).unwrap(),
            "{\"format\":\"json\",\"version\":1}\n{\"name\":\"n\"}"
        );
    }

    #[test]
    fn a_daemon_that_is_not_there_is_no_trouble() {
        let gone = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = gone.local_addr().unwrap();
        drop(gone);
        let daemon = Daemon::at(address).unwrap();
        for number in 0..3 {
            daemon.send(&serde_json::json!({ "number": number }));
        }
    }
}
