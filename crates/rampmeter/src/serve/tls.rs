//! TLS on both ports: the server's certificate and the authorities for clients' certificates, read again when the files
//! change. A change that cannot be used is logged and leaves the former files in force.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use rampmeter_config::Tls;
use rampmeter_terminal::{Exit, Failure};
use rustls::RootCertStore;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// How long a client may take for the handshake.
const SLOWEST_HANDSHAKE: Duration = Duration::from_secs(10);

/// The time between two checks of the files.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The TLS settings for new connections. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Offer {
    current: Arc<RwLock<Arc<ServerConfig>>>,
}

impl Offer {
    /// Reads the files now and, from then on, whenever they change.
    pub(super) fn of_files(files: Tls) -> Result<Offer, Failure> {
        let config = read(&files).map_err(|why| {
            Failure::new("RM2064", Exit::Usage, why).with_help(
                "the files of [server.tls] are PEM: the certificate with its chain, and its key",
            )
        })?;
        let offer = Offer {
            current: Arc::new(RwLock::new(Arc::new(config))),
        };
        tokio::spawn(offer.clone().follow(files));
        Ok(offer)
    }

    /// Makes the handshake with a client. One that fails or takes too long is given up.
    pub(super) async fn accept(&self, stream: TcpStream) -> Option<TlsStream<TcpStream>> {
        let current = Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner));
        let accepted = TlsAcceptor::from(current).accept(stream);
        tokio::time::timeout(SLOWEST_HANDSHAKE, accepted)
            .await
            .ok()?
            .ok()
    }

    async fn follow(self, files: Tls) {
        let mut seen = versions(&files);
        let mut every = tokio::time::interval(LOOK_EVERY);
        loop {
            every.tick().await;
            let found = versions(&files);
            if found == seen {
                continue;
            }
            match read(&files) {
                Ok(config) => {
                    let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
                    *current = Arc::new(config);
                    tracing::info!(certificate = %files.certificate.display(), "a new certificate is in force");
                }
                // A certificate and its key are two files: between the two writes they do not match, and a second later
                // they do.
                Err(why) => tracing::warn!(why, "the certificate was not changed"),
            }
            seen = found;
        }
    }
}

/// The metadata by which changed files are recognised.
fn versions(files: &Tls) -> Vec<Option<(u64, u64, i64, i64)>> {
    let paths = [&files.certificate, &files.key]
        .into_iter()
        .chain(&files.client_ca);
    paths
        .map(|path| {
            let found = std::fs::metadata(path).ok()?;
            Some((found.ino(), found.size(), found.mtime(), found.mtime_nsec()))
        })
        .collect()
}

fn read(files: &Tls) -> Result<ServerConfig, String> {
    let chain = certificates(&files.certificate)?;
    let key = PrivateKeyDer::from_pem_file(&files.key)
        .map_err(|why| format!("{} holds no private key: {why}", files.key.display()))?;
    let builder = ServerConfig::builder();
    let builder = match &files.client_ca {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let mut roots = RootCertStore::empty();
            for certificate in certificates(path)? {
                roots
                    .add(certificate)
                    .map_err(|why| format!("{}: {why}", path.display()))?;
            }
            let verifier = WebPkiClientVerifier::builder(Arc::new(roots)).build();
            let verifier = verifier.map_err(|why| format!("{}: {why}", path.display()))?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let config = builder.with_single_cert(chain, key);
    let mut config = config.map_err(|why| {
        format!(
            "{} and {} do not fit: {why}",
            files.certificate.display(),
            files.key.display()
        )
    })?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let unreadable =
        |why: &dyn std::fmt::Display| format!("{} holds no certificates: {why}", path.display());
    let found = CertificateDer::pem_file_iter(path).map_err(|why| unreadable(&why))?;
    let found: Vec<_> = found
        .collect::<Result<_, _>>()
        .map_err(|why| unreadable(&why))?;
    if found.is_empty() {
        return Err(unreadable(&io::Error::from(io::ErrorKind::UnexpectedEof)));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_hold_no_certificate_or_key_are_named() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        let files = Tls {
            certificate: path("cert.pem"),
            key: path("key.pem"),
            client_ca: None,
        };
        assert!(read(&files).unwrap_err().contains("cert.pem"));
        std::fs::write(path("cert.pem"), "nothing").unwrap();
        assert!(read(&files).unwrap_err().contains("holds no certificates"));
    }
}
