//! A user's token: `rmp_`, eight digits that name it in logs and lists, and 32 random bytes. Those cannot be guessed,
//! so a plain SHA-256 in the file of users is enough: slow hashes are for passwords that people choose.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// The prefix of a token, by which secret scanners find one that has leaked.
const PREFIX: &str = "rmp_";

/// Random bytes that make the id.
const ID_BYTES: usize = 4;
/// Random bytes that make a token.
pub const RANDOM_BYTES: usize = ID_BYTES + 32;

/// A token, known only where it is made. It is wiped from memory when it is dropped.
pub struct Token(SecretString);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({})", self.id())
    }
}

impl Token {
    /// The token that these random bytes make.
    #[must_use]
    pub fn new(random: &[u8; RANDOM_BYTES]) -> Token {
        let (id, secret) = random.split_at(ID_BYTES);
        let text = format!("{PREFIX}{}_{}", hex(id), URL_SAFE_NO_PAD.encode(secret));
        Token(text.into())
    }

    /// The token itself, to be shown to its user once.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// The eight digits by which it is named.
    #[must_use]
    pub fn id(&self) -> &str {
        id_of(self.expose()).unwrap_or_default()
    }

    /// The digest that the file of users holds.
    #[must_use]
    pub fn digest(&self) -> String {
        digest(self.expose())
    }
}

/// The id that a text names, if it has the form of a token.
pub(super) fn id_of(text: &str) -> Option<&str> {
    let (id, secret) = text.strip_prefix(PREFIX)?.split_once('_')?;
    let of_token = id.len() == 2 * ID_BYTES && id.bytes().all(|digit| digit.is_ascii_hexdigit());
    (of_token && !secret.is_empty()).then_some(id)
}

/// SHA-256 of a text, in hexadecimal digits.
pub(super) fn digest(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

/// Whether a text has this digest. Compared in constant time.
pub(super) fn has_digest(text: &str, expected: &str) -> bool {
    digest(text).as_bytes().ct_eq(expected.as_bytes()).into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_names_itself_and_shows_nothing_else() {
        let token = Token::new(&[0xab; RANDOM_BYTES]);
        assert_eq!(token.id(), "abababab");
        assert!(token.expose().starts_with("rmp_abababab_q6ur"));
        assert_eq!(format!("{token:?}"), "Token(abababab)");
        assert!(has_digest(token.expose(), &token.digest()));
        assert!(!has_digest("rmp_abababab_other", &token.digest()));
    }

    #[test]
    fn what_has_not_the_form_of_a_token_names_none() {
        for text in [
            "",
            "rmp_",
            "rmp_abababab",
            "rmp_abababab_",
            "rmp_ab_x",
            "xyz_abababab_x",
            "rmp_abababag_x",
        ] {
            assert_eq!(id_of(text), None, "{text}");
        }
    }
}
