//! Which configuration a drainer uses, and which of two is the later one. Pure.
//!
//! A drainer runs for minutes, so after a deployment drainers of two configurations are at work. Once the new one is in
//! force, Lambda begins no invocation with the old one (apart from a few seconds), so the configuration of the
//! invocation that began last is the one that counts. Nothing else needs to be known of a deployment, and a rollback is
//! a later deployment like any other.

use rampmeter_dispatch::Time;

/// The configuration of a drainer, or the one by which the item is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Generation {
    /// A digest of the configuration; 0 where nobody has written yet.
    pub(crate) digest: u64,
    /// When the latest invocation that used it began.
    pub(crate) since: Time,
}

impl Generation {
    /// The generation of an invocation that begins now with a configuration of this digest.
    pub(crate) fn begun(digest: u64, now: Time) -> Generation {
        Generation { digest, since: now }
    }

    /// Whether a drainer of this generation may decide nothing more because a later one keeps the item.
    pub(crate) fn yields_to(self, item: Generation) -> bool {
        self.digest != item.digest && (item.since, item.digest) > (self.since, self.digest)
    }

    /// Whether a drainer of this generation is the first of its configuration to keep the item.
    pub(crate) fn succeeds(self, item: Generation) -> bool {
        self.digest != item.digest && !self.yields_to(item)
    }

    /// The generation of the item once a drainer of this one has written it.
    pub(crate) fn kept(self, item: Generation) -> Generation {
        Generation {
            digest: self.digest,
            since: if self.digest == item.digest {
                self.since.max(item.since)
            } else {
                self.since
            },
        }
    }
}

/// The digest of a configuration: FNV-1a, cut to 63 bits so that every notation has it as a positive number. Never 0.
pub(crate) fn digest(configuration: &str) -> u64 {
    let hash = configuration
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    (hash >> 1).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_configurations_the_one_whose_invocation_began_last_counts() {
        let at = Time::from_millis;
        let (old, new) = (Generation::begun(1, at(10)), Generation::begun(2, at(20)));
        assert!(old.yields_to(new) && !new.yields_to(old));
        assert!(new.succeeds(old) && !old.succeeds(new));
        assert!(
            old.succeeds(Generation::default()),
            "nobody has written yet"
        );
        // Rolled back: the old configuration again, in a later invocation.
        let again = Generation::begun(1, at(30));
        assert!(again.succeeds(new) && new.yields_to(again));
    }

    #[test]
    fn drainers_of_one_configuration_work_side_by_side_and_the_item_knows_the_latest() {
        let at = Time::from_millis;
        let (early, late) = (Generation::begun(7, at(10)), Generation::begun(7, at(20)));
        assert!(!early.yields_to(late) && !late.succeeds(early));
        assert_eq!(early.kept(late), late);
        assert_eq!(late.kept(early), late);
        // Two that begin in the same moment: one of them yields, and only one.
        let (one, other) = (Generation::begun(1, at(5)), Generation::begun(2, at(5)));
        assert_ne!(one.yields_to(other), other.yields_to(one));
        assert_ne!(digest("a = 1"), digest("a = 2"));
    }
}
