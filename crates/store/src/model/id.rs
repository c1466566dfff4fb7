//! Numbers of the store's rows, each kind a type of its own so that they cannot be confused, and the UUIDs made from them.
//! Numbers are given out in order and never used twice for rows that last.

use hmac::{Hmac, Mac};
use rampmeter_asl::EventId;
use rusqlite::types::{FromSql, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use sha2::{Digest, Sha256};
use uuid::Uuid;

macro_rules! row_number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub i64);

        impl ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                self.0.to_sql()
            }
        }

        impl FromSql for $name {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                i64::column_result(value).map($name)
            }
        }
    };
}

row_number!(
    /// One activity.
    ActivityId
);
row_number!(
    /// One execution.
    ExecutionId
);
row_number!(
    /// One run of a Distributed Map state.
    MapRunId
);
row_number!(
    /// One state machine.
    MachineId
);
row_number!(
    /// One message.
    MessageNumber
);
row_number!(
    /// One queue.
    QueueId
);
row_number!(
    /// One revision of a state machine.
    RevisionId
);
row_number!(
    /// One step of an execution: what one command made of it.
    StepId
);
row_number!(
    /// One target.
    TargetId
);

row_number!(
    /// One message group of a FIFO queue, as a 64-bit hash, so that the index stays small however long the names are. Two
    /// groups with the same hash would share one order, which harms neither.
    GroupHash
);

row_number!(
    /// One OrderingKey of a target, as a 64-bit hash. Two keys with the same hash would wait for each other.
    OrderingHash
);

impl GroupHash {
    /// The hash of a MessageGroupId.
    pub fn of(group_id: &str) -> GroupHash {
        GroupHash(hash(group_id))
    }
}

impl OrderingHash {
    /// The hash of an OrderingKey.
    pub fn of(key: &str) -> OrderingHash {
        OrderingHash(hash(key))
    }
}

fn hash(text: &str) -> i64 {
    let digest = Sha256::digest(text.as_bytes());
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&digest[..8]);
    i64::from_be_bytes(bytes)
}

/// The MessageId that SQS clients see: a UUID (version 8, RFC 9562) whose first half is a MAC of the message's number
/// and whose second half is the number, so that no table of random text is needed to find it again.
pub fn message_id(key: &[u8; 32], message: MessageNumber) -> String {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&message_mac(key, message));
    bytes[8..].copy_from_slice(&message.0.to_be_bytes());
    Uuid::new_v8(bytes).to_string()
}

/// The message that a MessageId names; `None` if it was not made with this key.
pub fn message_number(key: &[u8; 32], id: &str) -> Option<MessageNumber> {
    let uuid = Uuid::parse_str(id).ok()?;
    let mut number = [0; 8];
    number.copy_from_slice(&uuid.as_bytes()[8..]);
    // The two highest bits are the UUID's variant; no number reaches them.
    number[0] &= 0x3f;
    let number = MessageNumber(i64::from_be_bytes(number));
    (message_id(key, number) == uuid.to_string()).then_some(number)
}

fn message_mac(key: &[u8; 32], message: MessageNumber) -> [u8; 8] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(b"message");
    mac.update(&message.0.to_be_bytes());
    let full = mac.finalize().into_bytes();
    let mut short = [0; 8];
    short.copy_from_slice(&full[..8]);
    short
}

/// The idempotency key of one entry into a state: the same for every attempt of that entry, different for every pass of a
/// loop. A UUID (version 8) from SHA-256 of the execution's ARN and the id of its TaskStateEntered event.
pub fn idempotency_key(execution_arn: &str, entered: EventId) -> String {
    let mut hash = Sha256::new();
    hash.update(execution_arn.as_bytes());
    hash.update([0]);
    hash.update(entered.to_be_bytes());
    let digest = hash.finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    Uuid::new_v8(bytes).to_string()
}

/// The key by which an execution's name is found: 64 bits of SHA-256, so that the index stays small however long the names
/// are. The row it leads to is compared in full.
pub fn name_hash(machine_name: &str, execution_name: &str) -> i64 {
    let mut hash = Sha256::new();
    hash.update(machine_name.as_bytes());
    hash.update([0]);
    hash.update(execution_name.as_bytes());
    let digest = hash.finalize();
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&digest[..8]);
    i64::from_be_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_ids_differ_between_messages_and_between_stores() {
        let first = message_id(&[1; 32], MessageNumber(1));
        assert_ne!(first, message_id(&[1; 32], MessageNumber(2)));
        assert_ne!(first, message_id(&[2; 32], MessageNumber(1)));
        assert_eq!(first, message_id(&[1; 32], MessageNumber(1)));
        assert!(Uuid::parse_str(&first).is_ok());
    }

    #[test]
    fn a_message_id_leads_back_to_its_message_and_only_with_its_key() {
        for number in [1, 77, 1_000_000_007].map(MessageNumber) {
            let id = message_id(&[1; 32], number);
            assert_eq!(message_number(&[1; 32], &id), Some(number));
            assert_eq!(message_number(&[2; 32], &id), None);
        }
        assert_eq!(message_number(&[1; 32], "no UUID"), None);
    }

    #[test]
    fn an_idempotency_key_belongs_to_one_entry_into_one_state_of_one_execution() {
        let key = idempotency_key("arn:a", 2);
        assert_eq!(key, idempotency_key("arn:a", 2));
        assert_ne!(key, idempotency_key("arn:a", 8));
        assert_ne!(key, idempotency_key("arn:b", 2));
    }

    #[test]
    fn the_same_name_in_two_state_machines_has_two_hashes() {
        assert_ne!(name_hash("a", "bc"), name_hash("ab", "c"));
    }
}
