//! Counts of good and bad results, and when too few are good: the same rule for the answers of a target and for the
//! executions of a workflow.

/// The share that must be good.
const ENOUGH: f64 = 0.95;

/// How many were good, and how many bad.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) good: u64,
    pub(crate) bad: u64,
}

impl Tally {
    /// The share of good results; `None` if there were no results.
    pub(crate) fn share(self) -> Option<f64> {
        let all = self.good + self.bad;
        #[expect(clippy::cast_precision_loss, reason = "a share for people")]
        let share = self.good as f64 / all as f64;
        (all > 0).then_some(share)
    }

    /// What was counted since an earlier tally.
    pub(crate) fn since(self, earlier: Tally) -> Tally {
        Tally {
            good: self.good.saturating_sub(earlier.good),
            bad: self.bad.saturating_sub(earlier.bad),
        }
    }

    fn is_good(self) -> bool {
        self.share().is_some_and(|share| share >= ENOUGH)
    }

    /// Whether too few of all results were good, unless `last`, the minute that ended with the latest of them, shows
    /// that this is over. A single bad result proves nothing.
    pub(crate) fn fails(self, last: Option<Tally>) -> bool {
        self.bad > 1 && !self.is_good() && !last.is_some_and(Tally::is_good)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_few_good_ones_fail_until_a_minute_is_good() {
        let tally = |good, bad| Tally { good, bad };
        assert!(!tally(0, 0).fails(None));
        assert!(!tally(0, 1).fails(None), "one alone says nothing");
        assert!(tally(0, 2).fails(None));
        assert!(tally(30, 50).fails(Some(tally(9, 1))));
        assert!(!tally(30, 50).fails(Some(tally(30, 0))));
        // A minute without results shows nothing.
        assert!(tally(30, 50).fails(Some(tally(0, 0))));
        assert_eq!(tally(5, 5).since(tally(3, 5)), tally(2, 0));
    }
}
