//! Public keys as a vendor gets them: a certificate or a bare public key in PEM, or a certificate in DER as text.

use super::der::{BIT_STRING, INTEGER, OID, Reader, SEQUENCE, VERSION};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use std::fmt;

/// A public key that signatures are checked with.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    kind: Kind,
    /// RSAPublicKey (RFC 8017) or an uncompressed point (SEC 1), as ring takes them.
    bytes: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Rsa,
    P256,
    P384,
}

/// 1.2.840.113549.1.1.1
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// 1.2.840.10045.2.1
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
/// 1.2.840.10045.3.1.7
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
/// 1.3.132.0.34
const P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];

impl PublicKey {
    /// Reads the first certificate or public key of a PEM text: RSA, P-256 or P-384.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn from_pem(text: &str) -> Result<PublicKey, String> {
        let begin = text
            .find("-----BEGIN ")
            .ok_or("it is no PEM: there is no -----BEGIN")?;
        let (label, rest) = text[begin + 11..]
            .split_once("-----")
            .ok_or("its first line does not end in -----")?;
        let (body, _) = rest
            .split_once("-----END ")
            .ok_or("it has no -----END line")?;
        let packed: String = body.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        let der = STANDARD
            .decode(packed)
            .map_err(|error| format!("its base64 is broken: {error}"))?;
        match label {
            "CERTIFICATE" => key_info_of_certificate(&der).and_then(PublicKey::from_key_info),
            "PUBLIC KEY" => Reader::new(&der)
                .expect(SEQUENCE)
                .and_then(PublicKey::from_key_info),
            label if label.ends_with("PRIVATE KEY") => {
                return Err("it is a private key: a vendor gets the certificate of it".to_owned());
            }
            label => {
                return Err(format!(
                    "it is neither a certificate nor a public key but {label}"
                ));
            }
        }
        .ok_or_else(|| "it holds no RSA, P-256 or P-384 key".to_owned())
    }

    /// From the content of a SubjectPublicKeyInfo (RFC 5280).
    fn from_key_info(content: &[u8]) -> Option<PublicKey> {
        let mut info = Reader::new(content);
        let mut algorithm = Reader::new(info.expect(SEQUENCE)?);
        let kind = match algorithm.expect(OID)? {
            RSA => Kind::Rsa,
            EC => match algorithm.expect(OID)? {
                P256 => Kind::P256,
                P384 => Kind::P384,
                _ => return None,
            },
            _ => return None,
        };
        // The first byte tells how many of the last bits are unused: none.
        let (0, bytes) = info.expect(BIT_STRING)?.split_first()? else {
            return None;
        };
        Some(PublicKey {
            kind,
            bytes: bytes.to_vec(),
        })
    }

    /// How a signature by this key is checked under an algorithm of RFC 7518; `None` if the two do not go together.
    fn way(&self, algorithm: &str) -> Option<&'static dyn VerificationAlgorithm> {
        Some(match (self.kind, algorithm) {
            (Kind::Rsa, "RS256") => &signature::RSA_PKCS1_2048_8192_SHA256,
            (Kind::Rsa, "PS256") => &signature::RSA_PSS_2048_8192_SHA256,
            (Kind::Rsa, "PS384") => &signature::RSA_PSS_2048_8192_SHA384,
            (Kind::Rsa, "PS512") => &signature::RSA_PSS_2048_8192_SHA512,
            (Kind::P256, "ES256") => &signature::ECDSA_P256_SHA256_FIXED,
            (Kind::P384, "ES384") => &signature::ECDSA_P384_SHA384_FIXED,
            _ => return None,
        })
    }

    /// Whether a signature is this key's over the text, under this algorithm.
    pub(crate) fn signed(&self, algorithm: &str, text: &[u8], signature: &[u8]) -> bool {
        self.way(algorithm).is_some_and(|way| {
            UnparsedPublicKey::new(way, &self.bytes)
                .verify(text, signature)
                .is_ok()
        })
    }

    /// Bits of an RSA key's modulus; `None` for another kind.
    #[must_use]
    pub fn rsa_bits(&self) -> Option<usize> {
        if self.kind != Kind::Rsa {
            return None;
        }
        let modulus = Reader::new(Reader::new(&self.bytes).expect(SEQUENCE)?).expect(INTEGER)?;
        let significant = modulus.iter().skip_while(|byte| **byte == 0).count();
        Some(significant * 8)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({:?})", self.kind)
    }
}

/// The content of the SubjectPublicKeyInfo of a certificate (RFC 5280): after the version, if there is one, the serial
/// number, the signature's algorithm, the issuer, the validity and the subject.
fn key_info_of_certificate(der: &[u8]) -> Option<&[u8]> {
    let mut certificate = Reader::new(Reader::new(der).expect(SEQUENCE)?);
    let mut signed = Reader::new(certificate.expect(SEQUENCE)?);
    signed.skip(VERSION);
    signed.expect(INTEGER)?;
    for _ in 0..4 {
        signed.expect(SEQUENCE)?;
    }
    signed.expect(SEQUENCE)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The public half of a key that was made for test vectors and thrown away.
    pub(crate) const RSA_PEM: &str = "-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAxiaaF5nVNoWJ7epAbb/MaZkQFkRGS9xa/dbdJvKRP7GkYsdkhBRx0KE+2Dm6ftibw7K+yquDvkB4
5/PopU+9K67yDpVPovLWwCGDEtw1TBQOCX2ZRnuX7edu+dagvyWfRDwUo/5jf+TW7+WBDPC7AxGSMnRQv4QE2Eg6qWY0HpZTowxK6lI2i2OpG1Q+KNzK2J6m
Ivu9kfB+WuC3wYbS+ehvtBx8lR92HUWLc5mI6TZrF1iBl+O+KpoW9K/wz4DRVj+yN02Xus3k7uTsRYIzJQ8LvkzL2hk2/l0l5ffC6H2eq1HabbqcNGK3+S18
hemxIU0DfRVYnWVrDbGS6qGLVwIDAQAB
-----END PUBLIC KEY-----
";

    /// The point of another such key, on P-256.
    pub(crate) fn p256() -> PublicKey {
        let point = "045a3084e89dc624c27a7103178caf0bfc0437434ac8c46d2c8caa96d5cfc28cc8\
                     c06e4ca2a7ac6aeb07a5b34371ebde3741326e0ea706e52c15c422b1d3a7bf66";
        let bytes = (0..point.len() / 2)
            .map(|n| u8::from_str_radix(&point[2 * n..2 * n + 2], 16).unwrap())
            .collect();
        PublicKey {
            kind: Kind::P256,
            bytes,
        }
    }

    #[test]
    fn a_bare_public_key_is_read() {
        let key = PublicKey::from_pem(RSA_PEM).unwrap();
        assert_eq!((key.kind, key.rsa_bits()), (Kind::Rsa, Some(2048)));
        assert_eq!(p256().rsa_bits(), None);
    }

    #[test]
    fn what_is_no_public_key_is_refused_with_the_reason() {
        let private = RSA_PEM.replace("PUBLIC KEY", "PRIVATE KEY");
        let cut = RSA_PEM.replace("MIIBIjANBgkqhkiG9w0B", "MIIBIjANBgkqhkiG9w0C");
        for (text, why) in [
            ("hello", "no PEM"),
            (private.as_str(), "a private key"),
            (cut.as_str(), "holds no RSA"),
            (
                "-----BEGIN PUBLIC KEY-----\n!\n-----END PUBLIC KEY-----",
                "base64",
            ),
        ] {
            let error = PublicKey::from_pem(text).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
    }
}
