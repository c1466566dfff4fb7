//! What the limits of a gate can reach, and what the vendor may count in each.

use std::time::Duration;

use super::Gate;
use crate::rules::{CountFrom, Counts, Limit, LimitKind};

impl Gate {
    /// The most calls per second that each limit admits in the long run if every call takes
    /// `latency`, in the order of the rules. See [`crate::Limit::reachable_rate`].
    pub fn reachable_rates(&self, latency: Duration) -> Vec<f64> {
        let limits = self.limits.iter();
        limits
            .map(|limit| limit.rule.reachable_rate(latency))
            .collect()
    }

    /// The most calls that the vendor may count in one window of each limit, in the order of the
    /// rules: the limit itself where slots are counted to the answer.
    ///
    /// A window that is counted from the send admits that many permits; but the vendor may also count
    /// calls in it that were in flight when it began. Each of those has a slot in every limit on calls
    /// in flight, so there are no more of them than the tightest of these allows. None if nothing bounds
    /// them.
    pub fn most_counted(&self) -> Vec<Option<u64>> {
        let rules = || self.limits.iter().map(|limit| &limit.rule);
        let in_flight = rules()
            .filter(|limit| matches!(limit.kind, LimitKind::Concurrency { .. }))
            .filter(|limit| limit.counts != Counts::Jobs)
            .map(Limit::max)
            .min();
        let most = rules().map(|limit| match (&limit.kind, limit.count_from) {
            (LimitKind::Concurrency { .. }, _) | (_, CountFrom::Answer) => Some(limit.max()),
            (_, CountFrom::Send) => in_flight.map(|in_flight| limit.max() + in_flight),
        });
        most.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn counted_from_the_send_a_window_may_hold_what_was_in_flight_too() {
        let most = |limits: Vec<Limit>| {
            let rules = crate::Rules {
                limits,
                ..crate::Rules::default()
            };
            Gate::new(rules, crate::Time::from_millis(0)).most_counted()
        };
        let exact = Limit::window("second", 100, SECOND);
        let sent = Limit {
            count_from: CountFrom::Send,
            ..exact.clone()
        };
        let account = Limit::concurrency("account", 10);
        assert_eq!(most(vec![account.clone(), exact]), [Some(10), Some(100)]);
        assert_eq!(most(vec![account, sent.clone()]), [Some(10), Some(110)]);
        assert_eq!(most(vec![sent]), [None]);
    }
}
