//! TLS for calls: rustls with the ring provider, certificates checked against the operating system's roots. The
//! provider is passed in here instead of taken from the process, so that a caller works wherever it is built.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;

/// The TLS settings for one account; `secure` says whether any of its URLs is `https`.
///
/// # Errors
/// The operating system has no root certificates, or they cannot be read.
pub(crate) fn config(secure: bool) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let mut config = if secure {
        builder.with_platform_verifier()?.with_no_client_auth()
    } else {
        // Plain HTTP never opens TLS (no redirect is followed), and must work where no roots are installed.
        builder
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth()
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}
