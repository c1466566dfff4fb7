//! The samples that are kept, and those with which a health report compares.

use std::collections::VecDeque;
use std::time::Duration;

use rampmeter_time::UnixMillis;

use super::sample::Sample;

const MINUTE: Duration = Duration::from_secs(60);

/// Samples, the oldest first.
#[derive(Debug, Clone, Copy)]
pub(crate) struct History<'a> {
    kept: &'a VecDeque<Sample>,
    is_whole: bool,
}

impl<'a> History<'a> {
    /// All the samples since the process began, which was so recently that none had to be dropped.
    pub(crate) fn whole(kept: &'a VecDeque<Sample>) -> History<'a> {
        History {
            kept,
            is_whole: true,
        }
    }

    /// The latest of more samples than are kept.
    pub(crate) fn latest(kept: &'a VecDeque<Sample>) -> History<'a> {
        History {
            kept,
            is_whole: false,
        }
    }

    /// The sample since which results count. None if all of them do: a process counts from zero, and what it counted before
    /// its first sample is as recent as the rest.
    pub(crate) fn oldest(self) -> Option<&'a Sample> {
        self.kept.front().filter(|_| !self.is_whole)
    }

    /// The newest sample that is at least a minute older than `at`.
    pub(crate) fn minute_before(self, at: UnixMillis) -> Option<&'a Sample> {
        let mut newest_first = self.kept.iter().rev();
        newest_first.find(|kept| at.saturating_since(kept.at) >= MINUTE)
    }

    /// The sample at the beginning of the minute that ended with what was counted last. `count` never falls.
    pub(crate) fn last_busy_minute(
        self,
        now: &Sample,
        count: impl Fn(&Sample) -> u64,
    ) -> Option<&'a Sample> {
        let counted = count(now);
        let mut newest_first = self.kept.iter().rev();
        let quiet = newest_first
            .by_ref()
            .take_while(|kept| count(kept) == counted);
        let end = quiet.last().map_or(now.at, |kept| kept.at);
        self.minute_before(end)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn sample(second: i64, counted: u64) -> Sample {
        Sample {
            at: UnixMillis(second * 1_000),
            executions: Value::from(counted),
            ..Sample::default()
        }
    }

    #[test]
    fn the_minute_is_the_one_that_ended_with_what_was_counted_last() {
        let counts = [(0, 1), (30, 5), (60, 5), (100, 9), (160, 9), (220, 9)];
        let kept: VecDeque<Sample> = counts
            .into_iter()
            .map(|(at, count)| sample(at, count))
            .collect();
        let history = History::latest(&kept);
        let count = |sample: &Sample| sample.executions.as_u64().unwrap_or_default();
        let begin = |now: Sample| {
            history
                .last_busy_minute(&now, count)
                .map(|kept| kept.at.0 / 1_000)
        };
        // Nothing since second 100: the minute before it counts, however long ago that is.
        assert_eq!(begin(sample(280, 9)), Some(30));
        assert_eq!(begin(sample(280, 10)), Some(220));
        assert_eq!(history.oldest().map(|kept| kept.at.0), Some(0));
        assert!(History::whole(&kept).oldest().is_none());
        assert_eq!(
            history
                .minute_before(UnixMillis(59_000))
                .map(|kept| kept.at.0),
            None
        );
    }
}
