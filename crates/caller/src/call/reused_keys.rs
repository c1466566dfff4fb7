//! Notices when one idempotency key comes with two different requests: the vendor takes the second for a retry of the first
//! and answers it as such, and what it asked for is never done. Kept in memory only, and bounded.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};

use rampmeter_call::Request;

/// Keys that are remembered; the oldest is forgotten first.
const MAX_KEYS: usize = 4096;

/// The keys that were sent, with what was sent under them.
#[derive(Debug, Default)]
pub(crate) struct ReusedKeys {
    hasher: RandomState,
    sent: Mutex<Sent>,
}

#[derive(Debug, Default)]
struct Sent {
    requests: HashMap<u64, u64>,
    order: VecDeque<u64>,
    reused: u64,
}

impl ReusedKeys {
    /// Remembers a request; true if its key was sent with another request before.
    pub(crate) fn note(&self, request: &Request) -> bool {
        if request.idempotency_key.is_empty() {
            return false;
        }
        let key = self.hasher.hash_one(&request.idempotency_key);
        let asked = self.hasher.hash_one((
            &request.method,
            &request.path,
            &request.query,
            request.body.as_ref().map(ToString::to_string),
        ));
        let mut sent = self.sent();
        match sent.requests.get(&key) {
            Some(before) if *before == asked => return false,
            Some(_) => {
                sent.reused += 1;
                return true;
            }
            None => {}
        }
        if sent.order.len() == MAX_KEYS
            && let Some(oldest) = sent.order.pop_front()
        {
            sent.requests.remove(&oldest);
        }
        sent.order.push_back(key);
        sent.requests.insert(key, asked);
        false
    }

    /// How many requests went out under the key of another one.
    pub(crate) fn count(&self) -> u64 {
        self.sent().reused
    }

    /// The memory is consistent after every step, so a panic of another holder does no harm.
    fn sent(&self) -> std::sync::MutexGuard<'_, Sent> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn request(key: &str, number: usize) -> Request {
        Request {
            method: "POST".to_owned(),
            body: Some(json!({"number": number})),
            idempotency_key: key.to_owned(),
            ..Request::get("/orders")
        }
    }

    #[test]
    fn a_key_with_another_body_is_noticed_and_a_repeat_is_not() {
        let keys = ReusedKeys::default();
        assert!(!keys.note(&request("a", 1)) && !keys.note(&request("a", 1)));
        assert!(!keys.note(&request("b", 2)) && keys.note(&request("a", 2)));
        assert!(!keys.note(&request("", 1)) && !keys.note(&request("", 2)));
        assert_eq!(keys.count(), 1);
    }

    #[test]
    fn memory_is_bounded() {
        let keys = ReusedKeys::default();
        for number in 0..=MAX_KEYS {
            assert!(!keys.note(&request(&number.to_string(), 1)));
        }
        assert_eq!(keys.sent().requests.len(), MAX_KEYS);
        assert!(!keys.note(&request("0", 2)), "the oldest is forgotten");
    }
}
