//! Private keys that sign assertions, read from PEM: PKCS#8, PKCS#1 (RSA) and SEC1 (elliptic curves). The key itself
//! never leaves this file.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512,
    RsaEncoding, RsaKeyPair,
};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use thiserror::Error;

use crate::secret::Secret;

/// A signature algorithm of JSON Web Signatures (RFC 7518, section 3.1). ES512 is not among them: ring has no P-521.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PSS with SHA-256.
    Ps256,
    /// RSASSA-PSS with SHA-384.
    Ps384,
    /// RSASSA-PSS with SHA-512.
    Ps512,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
}

impl Algorithm {
    /// Every algorithm.
    pub const ALL: [Algorithm; 6] = [
        Algorithm::Rs256,
        Algorithm::Ps256,
        Algorithm::Ps384,
        Algorithm::Ps512,
        Algorithm::Es256,
        Algorithm::Es384,
    ];

    /// The name in a token's header, such as `PS256`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Algorithm::Rs256 => "RS256",
            Algorithm::Ps256 => "PS256",
            Algorithm::Ps384 => "PS384",
            Algorithm::Ps512 => "PS512",
            Algorithm::Es256 => "ES256",
            Algorithm::Es384 => "ES384",
        }
    }

    fn kind(self) -> Kind {
        match self {
            Algorithm::Rs256 => Kind::Rsa(&RSA_PKCS1_SHA256),
            Algorithm::Ps256 => Kind::Rsa(&RSA_PSS_SHA256),
            Algorithm::Ps384 => Kind::Rsa(&RSA_PSS_SHA384),
            Algorithm::Ps512 => Kind::Rsa(&RSA_PSS_SHA512),
            Algorithm::Es256 => Kind::Ecdsa(&ECDSA_P256_SHA256_FIXED_SIGNING, &P256),
            Algorithm::Es384 => Kind::Ecdsa(&ECDSA_P384_SHA384_FIXED_SIGNING, &P384),
        }
    }
}

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    fn from_str(name: &str) -> Result<Algorithm, UnknownAlgorithm> {
        Algorithm::ALL
            .into_iter()
            .find(|algorithm| algorithm.as_str() == name)
            .ok_or(UnknownAlgorithm)
    }
}

/// No algorithm has this name.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("no such algorithm")]
pub struct UnknownAlgorithm;

enum Kind {
    Rsa(&'static dyn RsaEncoding),
    Ecdsa(&'static EcdsaSigningAlgorithm, &'static [u8]),
}

enum Pair {
    Rsa(RsaKeyPair, &'static dyn RsaEncoding),
    Ecdsa(EcdsaKeyPair),
}

/// A private key with the algorithm it signs with. `Debug` shows the algorithm alone.
#[derive(Clone)]
pub struct SigningKey {
    algorithm: Algorithm,
    pair: Arc<Pair>,
}

/// Why a private key cannot be used. No variant repeats any of it.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum KeyError {
    /// There is no private key in PEM.
    #[error(
        "it holds no private key in PEM: -----BEGIN PRIVATE KEY-----, the key in lines, -----END PRIVATE KEY-----"
    )]
    NotPem,
    /// It is encrypted with a passphrase.
    #[error(
        "it is encrypted; write it without a passphrase: openssl pkcs8 -topk8 -nocrypt -in KEY"
    )]
    Encrypted,
    /// It is not the kind of key that the algorithm signs with, or damaged, or too short.
    #[error("it does not fit {algorithm}: {reason}")]
    Unfit {
        /// The algorithm's name.
        algorithm: &'static str,
        /// What the cryptographic library says about it.
        reason: String,
    },
}

impl SigningKey {
    /// The key in a PEM text, for the first of the algorithms that it fits.
    ///
    /// # Errors
    /// See [`KeyError`]; where none of the algorithms fits, the reason of the first.
    pub fn from_pem(pem: &Secret, algorithms: &[Algorithm]) -> Result<SigningKey, KeyError> {
        if pem.expose().contains("ENCRYPTED") {
            return Err(KeyError::Encrypted);
        }
        let pem = with_line_ends(pem);
        let key =
            PrivateKeyDer::from_pem_slice(pem.expose().as_bytes()).map_err(|_| KeyError::NotPem)?;
        let mut first = None;
        for algorithm in algorithms {
            match pair(&key, *algorithm) {
                Ok(pair) => {
                    return Ok(SigningKey {
                        algorithm: *algorithm,
                        pair: Arc::new(pair),
                    });
                }
                Err(error) => first = first.or(Some(error)),
            }
        }
        Err(first.unwrap_or(KeyError::NotPem))
    }

    /// The algorithm it signs with.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Signs a message: for an elliptic curve the two numbers one after the other (RFC 7518, section 3.4).
    ///
    /// # Errors
    /// The operating system gives no random bytes.
    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, NoRandomBytes> {
        let random = SystemRandom::new();
        match &*self.pair {
            Pair::Rsa(pair, encoding) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(*encoding, &random, message, &mut signature)
                    .map_err(|_| NoRandomBytes)?;
                Ok(signature)
            }
            Pair::Ecdsa(pair) => pair
                .sign(&random, message)
                .map(|signature| signature.as_ref().to_vec())
                .map_err(|_| NoRandomBytes),
        }
    }
}

/// The operating system gives no random bytes, so nothing can be signed.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the operating system gives no random bytes to sign with")]
pub struct NoRandomBytes;

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({}, hidden)", self.algorithm.as_str())
    }
}

/// A key as it was before it became the value of a variable: without a byte order mark, and with line ends instead of a
/// written `
/// ` or blanks.
fn with_line_ends(pem: &Secret) -> Secret {
    let text = pem.expose().trim_start_matches('\u{feff}').trim();
    if text.contains('\n') {
        return Secret::new(text);
    }
    let text = text.replace("\\r", "").replace("\\n", "\n");
    // Between the two dashed lines is base64, in which blanks have no meaning.
    let mut parts = text.split("-----");
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(""), Some(begin), Some(body), Some(end)) if !text.contains('\n') => {
            let body = body.replace(' ', "\n");
            Secret::new(format!("-----{begin}-----{body}-----{end}-----"))
        }
        _ => Secret::new(text),
    }
}

fn pair(key: &PrivateKeyDer<'_>, algorithm: Algorithm) -> Result<Pair, KeyError> {
    let unfit = |reason: &str| KeyError::Unfit {
        algorithm: algorithm.as_str(),
        reason: reason.to_owned(),
    };
    let rejected = |error: ring::error::KeyRejected| unfit(&error.to_string());
    match (algorithm.kind(), key) {
        (Kind::Rsa(encoding), PrivateKeyDer::Pkcs8(der)) => {
            RsaKeyPair::from_pkcs8(der.secret_pkcs8_der())
                .map(|pair| Pair::Rsa(pair, encoding))
                .map_err(rejected)
        }
        (Kind::Rsa(encoding), PrivateKeyDer::Pkcs1(der)) => {
            RsaKeyPair::from_der(der.secret_pkcs1_der())
                .map(|pair| Pair::Rsa(pair, encoding))
                .map_err(rejected)
        }
        (Kind::Ecdsa(curve, _), PrivateKeyDer::Pkcs8(der)) => {
            EcdsaKeyPair::from_pkcs8(curve, der.secret_pkcs8_der(), &SystemRandom::new())
                .map(Pair::Ecdsa)
                .map_err(rejected)
        }
        (Kind::Ecdsa(curve, identifier), PrivateKeyDer::Sec1(der)) => {
            let der = pkcs8(identifier, der.secret_sec1_der());
            EcdsaKeyPair::from_pkcs8(curve, &der, &SystemRandom::new())
                .map(Pair::Ecdsa)
                .map_err(rejected)
        }
        _ => Err(unfit("it is a key of another kind")),
    }
}

/// AlgorithmIdentifier of an elliptic-curve key on P-256 (RFC 5480): ecPublicKey, prime256v1.
const P256: [u8; 21] = [
    0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
    0xce, 0x3d, 0x03, 0x01, 0x07,
];

/// The same on P-384: ecPublicKey, secp384r1.
const P384: [u8; 18] = [
    0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b, 0x81, 0x04,
    0x00, 0x22,
];

/// Wraps a SEC1 key as PKCS#8 (RFC 5958): version 0, the algorithm, and the key as an octet string.
fn pkcs8(identifier: &[u8], sec1: &[u8]) -> Vec<u8> {
    let mut inner = vec![0x02, 0x01, 0x00];
    inner.extend_from_slice(identifier);
    inner.extend(tagged(0x04, sec1));
    tagged(0x30, &inner)
}

/// One DER element. Lengths above 65,535 do not occur: such a key would have been refused as unfit.
fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let [.., high, low] = content.len().to_be_bytes();
    let mut der = match content.len() {
        0..=0x7f => vec![tag, low],
        0x80..=0xff => vec![tag, 0x81, low],
        _ => vec![tag, 0x82, high, low],
    };
    der.extend_from_slice(content);
    der
}
