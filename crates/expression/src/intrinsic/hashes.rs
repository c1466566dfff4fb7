//! Functions on bytes: `Base64Encode`, `Base64Decode`, `Hash`, and the form of a `UUID`.

use std::fmt::Write as _;

use base64::engine::general_purpose::STANDARD;
use base64::engine::{DecodePaddingMode, Engine as _, GeneralPurpose, GeneralPurposeConfig};
use md5::Md5;
use serde_json::Value;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::strings::text;
use super::{CallError, failed};
use crate::java_text;

/// How many characters these functions accept; AWS's limit.
const LENGTH_LIMIT: usize = 10_000;

/// Decodes as Java does: also without padding, and whatever the unused bits are.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

fn limited(text: &str) -> Result<&str, CallError> {
    if text.chars().count() <= LENGTH_LIMIT {
        Ok(text)
    } else {
        failed(format!(
            "The argument at index 0 is longer than {LENGTH_LIMIT} characters"
        ))
    }
}

/// `States.Base64Encode(text)`.
pub(super) fn base64_encode(values: &[Value]) -> Result<Value, CallError> {
    Ok(Value::String(STANDARD.encode(limited(text(values, 0)?)?)))
}

/// `States.Base64Decode(text)`. Bytes that are not text become replacement characters, as in Java.
pub(super) fn base64_decode(values: &[Value]) -> Result<Value, CallError> {
    let encoded = limited(text(values, 0)?)?;
    let is_whole = !encoded.contains('=') || encoded.len().is_multiple_of(4);
    match LENIENT.decode(encoded) {
        Ok(bytes) if is_whole => Ok(Value::from(String::from_utf8_lossy(&bytes))),
        _ => failed("The argument at index 0 is not the base64 form of a text"),
    }
}

/// `States.Hash(data, algorithm)`, in lower-case hexadecimal. Data that is not text is hashed as
/// JSON.
pub(super) fn hash(values: &[Value]) -> Result<Value, CallError> {
    let json = java_text::json(&values[0]);
    let data = limited(values[0].as_str().unwrap_or(&json))?;
    let algorithm = text(values, 1)?;
    match digest(data, algorithm) {
        Some(digest) => Ok(Value::String(digest)),
        None => failed(format!(
            "'{algorithm}' is no hash algorithm that is supported"
        )),
    }
}

/// The digest of a text in lower-case hexadecimal. None if the algorithm is not one of AWS's.
pub fn digest(data: &str, algorithm: &str) -> Option<String> {
    let digest = match algorithm {
        "MD5" => Md5::digest(data).to_vec(),
        "SHA-1" => Sha1::digest(data).to_vec(),
        "SHA-256" => Sha256::digest(data).to_vec(),
        "SHA-384" => Sha384::digest(data).to_vec(),
        "SHA-512" => Sha512::digest(data).to_vec(),
        _ => return None,
    };
    let mut hexadecimal = String::with_capacity(digest.len() * 2);
    for byte in digest {
        write!(hexadecimal, "{byte:02x}").expect("writing to a text cannot fail");
    }
    Some(hexadecimal)
}

/// A UUID of version 4 (RFC 9562) made of 128 random bits.
pub fn uuid(high: u64, low: u64) -> String {
    let high = (high & !0xF000) | 0x4000;
    let low = (low & !(0b11 << 62)) | (0b10 << 62);
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xFFFF,
        high & 0xFFFF,
        low >> 48,
        low & 0xFFFF_FFFF_FFFF
    )
}
