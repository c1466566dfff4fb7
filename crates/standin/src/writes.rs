//! Which writes were accepted before, by method, business record and idempotency key: how a repeat is told from a first
//! and from one that changed its key.

use std::collections::{HashMap, HashSet};

/// The writes of an account so far.
#[derive(Debug, Default)]
pub(crate) struct Writes {
    keys: HashMap<(String, String), HashSet<Option<String>>>,
}

/// What an accepted write is, compared with those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Novelty {
    First,
    /// This record with this key, or this absence of one, was written before.
    Repeated,
    /// This record was written before, but never with this key.
    OtherKey,
}

impl Writes {
    /// Notes an accepted write.
    pub(crate) fn note(&mut self, method: &str, record: &str, key: Option<&str>) -> Novelty {
        let place = (method.to_owned(), record.to_owned());
        let keys = self.keys.entry(place).or_default();
        match (keys.is_empty(), keys.insert(key.map(str::to_owned))) {
            (true, _) => Novelty::First,
            (false, true) => Novelty::OtherKey,
            (false, false) => Novelty::Repeated,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_are_told_apart_by_record_and_key() {
        let mut writes = Writes::default();
        let mut note = |record: &str, key| writes.note("PUT", record, key);
        assert_eq!(note("salesOrder/eid:A", Some("1")), Novelty::First);
        assert_eq!(note("salesOrder/eid:A", Some("1")), Novelty::Repeated);
        assert_eq!(note("salesOrder/eid:A", Some("2")), Novelty::OtherKey);
        assert_eq!(note("salesOrder/eid:A", None), Novelty::OtherKey);
        assert_eq!(note("salesOrder/eid:A", None), Novelty::Repeated);
        assert_eq!(note("salesOrder/eid:B", Some("1")), Novelty::First);
    }
}
