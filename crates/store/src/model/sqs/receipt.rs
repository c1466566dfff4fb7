//! Receipt handles: sealed references to one receive of one message, so that no table of handles is needed.
//! Only the newest receive of a message can delete it.

use crate::model::id::MessageNumber;
use crate::model::token::TokenSeal;

/// The purpose in the seal of a handle, so that nothing else sealed with the same key can pass for one.
const PURPOSE: &[u8] = b"receipt";

/// One receive of one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    /// The message that was received.
    pub message: MessageNumber,
    /// The message's receive count at that receive.
    pub receive: u32,
}

impl Receipt {
    /// The handle that clients see.
    pub fn handle(self, seal: &TokenSeal) -> String {
        let mut body = [0; 12];
        body[..8].copy_from_slice(&self.message.0.to_be_bytes());
        body[8..].copy_from_slice(&self.receive.to_be_bytes());
        seal.seal_text(PURPOSE, &body)
    }

    /// What a handle refers to; `None` if it was not made with this key or was altered.
    pub fn open(seal: &TokenSeal, handle: &str) -> Option<Receipt> {
        let body: [u8; 12] = seal.open_text(PURPOSE, handle)?.try_into().ok()?;
        let (message, receive) = body.split_at(8);
        Some(Receipt {
            message: MessageNumber(i64::from_be_bytes(message.try_into().ok()?)),
            receive: u32::from_be_bytes(receive.try_into().ok()?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_opens_to_its_receive_and_only_with_its_key() {
        let seal = TokenSeal::new([7; 32]);
        let receipt = Receipt {
            message: MessageNumber(41),
            receive: 3,
        };
        let handle = receipt.handle(&seal);
        assert_eq!(Receipt::open(&seal, &handle), Some(receipt));
        assert_eq!(Receipt::open(&TokenSeal::new([8; 32]), &handle), None);
        for text in ["", "x", "not base64!", &handle[1..], &"A".repeat(40)] {
            assert_eq!(Receipt::open(&seal, text), None, "{text}");
        }
    }

    #[test]
    fn a_task_token_is_no_receipt_handle() {
        let seal = TokenSeal::new([7; 32]);
        let token = seal.mint(crate::model::id::ExecutionId(41), 3);
        assert_eq!(Receipt::open(&seal, &token), None);
    }
}
