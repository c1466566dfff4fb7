//! Which calls have had their second chance: after a refused sign-in a call is sent once more with a new token, and
//! a second refusal counts. Kept in memory only: after a restart a call may have another chance, which does no harm.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// Calls that are remembered; the oldest is forgotten first.
const MOST: usize = 4096;

/// The calls, by their idempotency keys.
#[derive(Debug, Default)]
pub(crate) struct SecondChances {
    taken: Mutex<VecDeque<String>>,
}

impl SecondChances {
    /// Takes the second chance of a call; false if it was taken before. A call without a key always has one: its
    /// attempts are counted elsewhere.
    pub(crate) fn take(&self, key: &str) -> bool {
        if key.is_empty() {
            return true;
        }
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.iter().any(|other| other == key) {
            return false;
        }
        if taken.len() == MOST {
            taken.pop_front();
        }
        taken.push_back(key.to_owned());
        true
    }

    /// The call went through: should it meet a refusal again, that is another matter.
    pub(crate) fn forget(&self, key: &str) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if !taken.is_empty() {
            taken.retain(|other| other != key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chance_is_taken_once_until_the_call_went_through() {
        let chances = SecondChances::default();
        assert!(chances.take("a"));
        assert!(!chances.take("a"));
        assert!(chances.take("b"));
        chances.forget("a");
        assert!(chances.take("a"));
        assert!(chances.take("") && chances.take(""));
    }

    #[test]
    fn memory_is_bounded() {
        let chances = SecondChances::default();
        for number in 0..=MOST {
            assert!(chances.take(&number.to_string()));
        }
        assert_eq!(chances.taken.lock().unwrap().len(), MOST);
        assert!(chances.take("0"));
    }
}
