//! Whether HIGH went first: for each HIGH call, whether any lower call was started between its message and its own
//! start, by the engine's own records. Pure.

use rampmeter_dispatch::{Priority, Time};
use rampmeter_engine::CallTimes;
use serde::Serialize;

/// The HIGH calls of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub(crate) struct HighFirst {
    /// All that started.
    pub(crate) calls: u64,
    /// Those for which no lower call was started between their message and their own start.
    pub(crate) first: u64,
}

impl HighFirst {
    /// Counts them.
    pub(crate) fn of(times: &[CallTimes]) -> HighFirst {
        let mut lower: Vec<Time> = times
            .iter()
            .filter(|call| call.priority != Priority::High)
            .filter_map(|call| call.started_at)
            .collect();
        lower.sort_unstable();
        let high = times.iter().filter(|call| call.priority == Priority::High);
        let mut counted = HighFirst::default();
        for (sent_at, started_at) in high.filter_map(|call| Some((call.sent_at, call.started_at?)))
        {
            // Permits are given after all messages of their transaction have been written. Two permits of one
            // transaction have the same time; a HIGH call that waits then goes before a lower one.
            let next_lower = lower.partition_point(|start| *start < sent_at);
            let passed = lower
                .get(next_lower)
                .is_some_and(|start| *start < started_at);
            counted.calls += 1;
            counted.first += u64::from(!passed);
        }
        counted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(priority: Priority, sent_at: i64, started_at: i64) -> CallTimes {
        CallTimes {
            execution_arn: String::new(),
            priority,
            sent_at: Time::from_micros(sent_at),
            started_at: Some(Time::from_micros(started_at)),
            ended_at: Time::from_micros(started_at + 1),
            receive_count: 1,
            attempts: 0,
            crashes: 0,
        }
    }

    #[test]
    fn a_lower_call_between_message_and_start_is_seen() {
        let calls = [
            call(Priority::Batch, 0, 10),
            call(Priority::Medium, 0, 20),
            // Started at once, though a lower call starts in the same transaction.
            call(Priority::High, 10, 10),
            // After a lower one had started, before the next.
            call(Priority::High, 11, 20),
            // Passed by the one at 20.
            call(Priority::High, 12, 21),
            call(Priority::High, 30, 90),
        ];
        assert_eq!(HighFirst::of(&calls), HighFirst { calls: 4, first: 3 });
    }
}
