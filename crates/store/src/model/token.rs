//! Task tokens: sealed references to one event of one execution.
//!
//! Layout before base64url: version (1 byte), execution number (8), id of the TaskScheduled event (8), the first 128 bits of
//! HMAC-SHA256 over those. The event id is new for every attempt, so a late result for an earlier attempt cannot complete a
//! later one, and no table of tokens is needed. The key is kept in the store, so a restored backup still recognises its
//! tokens.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use rampmeter_asl::EventId;
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::model::id::ExecutionId;

const VERSION: u8 = 1;
const BODY: usize = 17;
const SEAL: usize = 16;

/// Mints and opens the task tokens of one store.
#[derive(Clone)]
pub struct TokenSeal {
    key: [u8; 32],
}

impl std::fmt::Debug for TokenSeal {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("TokenSeal")
    }
}

impl TokenSeal {
    /// A seal with this key.
    pub fn new(key: [u8; 32]) -> TokenSeal {
        TokenSeal { key }
    }

    /// The key, for the other names that are derived from it.
    pub fn key(&self) -> &[u8; 32] {
        &self.key
    }

    /// The task token of one TaskScheduled event.
    pub fn mint(&self, execution: ExecutionId, event: EventId) -> String {
        let mut bytes = [0; BODY + SEAL];
        bytes[0] = VERSION;
        bytes[1..9].copy_from_slice(&execution.0.to_be_bytes());
        bytes[9..BODY].copy_from_slice(&event.to_be_bytes());
        let seal = self.seal(&bytes[..BODY]);
        bytes[BODY..].copy_from_slice(&seal);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// What a task token refers to; `None` if it was not minted with this key or was altered.
    pub fn open(&self, token: &str) -> Option<(ExecutionId, EventId)> {
        let bytes: [u8; BODY + SEAL] = URL_SAFE_NO_PAD.decode(token).ok()?.try_into().ok()?;
        let (body, seal) = bytes.split_at(BODY);
        let genuine = self.seal(body).ct_eq(seal);
        if body[0] != VERSION || !bool::from(genuine) {
            return None;
        }
        let execution = i64::from_be_bytes(body[1..9].try_into().ok()?);
        let event = EventId::from_be_bytes(body[9..BODY].try_into().ok()?);
        Some((ExecutionId(execution), event))
    }

    /// Seals other names of this store (receipt handles, handles of move tasks). `purpose` keeps the kinds apart; none
    /// begins with the version byte of a task token.
    pub fn seal_text(&self, purpose: &[u8], body: &[u8]) -> String {
        let mut bytes = body.to_vec();
        bytes.extend(self.seal(&[purpose, body].concat()));
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// What was sealed for this purpose; `None` if it was not, or was altered.
    pub fn open_text(&self, purpose: &[u8], text: &str) -> Option<Vec<u8>> {
        let mut bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let seal = bytes.split_off(bytes.len().checked_sub(SEAL)?);
        let genuine = self
            .seal(&[purpose, bytes.as_slice()].concat())
            .ct_eq(seal.as_slice());
        bool::from(genuine).then_some(bytes)
    }

    fn seal(&self, body: &[u8]) -> [u8; SEAL] {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes a key of any length");
        mac.update(body);
        let full = mac.finalize().into_bytes();
        let mut short = [0; SEAL];
        short.copy_from_slice(&full[..SEAL]);
        short
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_opens_to_what_it_was_minted_for() {
        let seal = TokenSeal::new([7; 32]);
        let token = seal.mint(ExecutionId(41), 3);
        assert_eq!(seal.open(&token), Some((ExecutionId(41), 3)));
    }

    #[test]
    fn no_token_with_any_one_bit_changed_opens() {
        let seal = TokenSeal::new([7; 32]);
        let bytes = URL_SAFE_NO_PAD
            .decode(seal.mint(ExecutionId(41), 3))
            .unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut altered = bytes.clone();
            altered[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(
                seal.open(&URL_SAFE_NO_PAD.encode(altered)),
                None,
                "bit {bit}"
            );
        }
    }

    #[test]
    fn a_token_of_another_store_does_not_open() {
        let token = TokenSeal::new([7; 32]).mint(ExecutionId(41), 3);
        assert_eq!(TokenSeal::new([8; 32]).open(&token), None);
    }

    #[test]
    fn text_that_is_no_token_does_not_open() {
        let seal = TokenSeal::new([7; 32]);
        for text in ["", "x", "AAAA", "not base64url!", &"A".repeat(4096)] {
            assert_eq!(seal.open(text), None, "{text}");
        }
    }
}
