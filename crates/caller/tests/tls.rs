//! Calls over TLS: a server whose root the system trusts is called, any other is sent nothing.

#![allow(
    clippy::unwrap_used,
    reason = "a failure of a helper is the test's report"
)]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::Command;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use rampmeter_call::{Outcome, Repeatable, Request};
use rampmeter_caller::{Caller, CallerError, Network, Profile};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::json;
use url::Url;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/certificates/root.pem");
const CERTIFICATE: &[u8] = include_bytes!("certificates/server.pem");
const KEY: &[u8] = include_bytes!("certificates/server.key");

/// A server that answers one request over TLS; it tells how many bytes of a request it could read.
fn server() -> (SocketAddr, Receiver<usize>) {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from_pem_slice(CERTIFICATE).unwrap()],
            PrivateKeyDer::from_pem_slice(KEY).unwrap(),
        )
        .unwrap();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, read) = channel();
    thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let connection = ServerConnection::new(Arc::new(config)).unwrap();
        let mut tls = StreamOwned::new(connection, stream);
        let count = tls.read(&mut [0; 4096]).unwrap_or(0);
        sender.send(count).unwrap();
        tls.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\n{\"tls\":true}")
            .unwrap_or(());
        tls.flush().unwrap_or(());
    });
    (address, read)
}

fn caller(address: SocketAddr) -> Result<Caller, CallerError> {
    let url = Url::parse(&format!("https://localhost:{}/", address.port())).unwrap();
    let mut profile = Profile::new("vendor", url, Duration::from_secs(20));
    profile.allow_networks = Network::LOOPBACK.to_vec();
    Caller::new(profile)
}

fn request() -> Request {
    Request {
        method: "GET".to_owned(),
        endpoint: None,
        path: "/x".to_owned(),
        query: Vec::new(),
        headers: Vec::new(),
        body: None,
        idempotency_key: String::new(),
    }
}

/// The roots of the system are read from the environment, and a test must not change its own: it runs itself
/// again with the variable set.
#[test]
fn a_trusted_server_is_called_over_tls() {
    if std::env::var("SSL_CERT_FILE").is_ok_and(|file| file == ROOT) {
        let (address, read) = server();
        let call = async { caller(address).unwrap().call(&request()).await };
        let outcome = tokio::runtime::Runtime::new().unwrap().block_on(call);
        let Outcome::Success(answer) = outcome else {
            panic!("{outcome:?}")
        };
        assert_eq!(answer.body, json!({"tls": true}));
        assert!(read.recv().unwrap() > 0);
        return;
    }
    let again = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_trusted_server_is_called_over_tls"])
        .env("SSL_CERT_FILE", ROOT)
        .env_remove("SSL_CERT_DIR")
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&again.stdout);
    assert!(
        again.status.success() && shown.contains("1 passed"),
        "{shown}"
    );
}

#[tokio::test]
async fn an_untrusted_server_is_sent_nothing() {
    let (address, read) = server();
    let caller = match caller(address) {
        Ok(caller) => caller,
        // A machine without any root certificate trusts nobody, and says so before the first call.
        Err(error) => return assert!(matches!(error, CallerError::Tls(_)), "{error}"),
    };
    let outcome = caller.call(&request()).await;
    let Outcome::Repeatable {
        reason: Repeatable::ConnectFailed(why),
        ..
    } = outcome
    else {
        panic!("{outcome:?}")
    };
    assert!(why.contains("certificate"), "{why}");
    assert_eq!(read.recv().unwrap(), 0);
}
