//! A bounded memory of calls, by their idempotency keys: which have had their second chance after a refused sign-in,
//! and which the vendor has said did not happen. Kept in memory only: after a restart a call may have another
//! chance, or the vendor may be asked about it again; neither does harm.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Calls that are remembered; the oldest is forgotten first.
const MAX_CALLS: usize = 4096;

/// The calls.
#[derive(Debug, Default)]
pub(crate) struct RecentCalls {
    keys: Mutex<VecDeque<String>>,
}

impl RecentCalls {
    /// Remembers a call; false if it was remembered before. A call without a key is not remembered.
    pub(crate) fn insert(&self, key: &str) -> bool {
        if key.is_empty() {
            return true;
        }
        let mut keys = self.keys();
        if keys.iter().any(|other| other == key) {
            return false;
        }
        if keys.len() == MAX_CALLS {
            keys.pop_front();
        }
        keys.push_back(key.to_owned());
        true
    }

    /// Forgets a call; true if it was remembered.
    pub(crate) fn remove(&self, key: &str) -> bool {
        let mut keys = self.keys();
        let before = keys.len();
        if before > 0 {
            keys.retain(|other| other != key);
        }
        keys.len() < before
    }

    /// The memory is consistent after every step, so a panic of another holder does no harm.
    fn keys(&self) -> MutexGuard<'_, VecDeque<String>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_remembered_until_it_is_forgotten() {
        let calls = RecentCalls::default();
        assert!(calls.insert("a") && !calls.insert("a") && calls.insert("b"));
        assert!(calls.remove("a") && !calls.remove("a"));
        assert!(calls.insert("a"));
        assert!(calls.insert("") && calls.insert("") && !calls.remove(""));
    }

    #[test]
    fn memory_is_bounded() {
        let calls = RecentCalls::default();
        for number in 0..=MAX_CALLS {
            assert!(calls.insert(&number.to_string()));
        }
        assert_eq!(calls.keys().len(), MAX_CALLS);
        assert!(calls.insert("0"));
    }
}
