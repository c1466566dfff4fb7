//! The keys and digests of Signature Version 4.

use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

use super::Scope;

/// The signature of a text: lower-case hexadecimal digits.
pub(super) fn signature(secret: &str, scope: &Scope, text: &[u8]) -> String {
    hexadecimal(&hmac(&signing_key(secret, scope), text))
}

/// The key of one day, region and service.
pub(super) fn signing_key(secret: &str, scope: &Scope) -> [u8; 32] {
    let mut key = hmac(format!("AWS4{secret}").as_bytes(), scope.date.as_bytes());
    for part in [&scope.region, &scope.service, &scope.terminator] {
        key = hmac(&key, part.as_bytes());
    }
    key
}

/// Lower-case hexadecimal SHA-256.
pub(super) fn digest(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

fn hmac(key: &[u8], text: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(text);
    mac.finalize().into_bytes().into()
}

pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}
