//! What a simulation found: the fate of every call, and the figures that people ask for.

use std::sync::Arc;
use std::time::Duration;

use rampmeter_call::{Failed, OUTCOME_UNKNOWN, THROTTLED, UNAVAILABLE};
use rampmeter_dispatch::{Priority, Time};

use super::held::{Held, Obstacle};
use crate::workload::arrivals::Arrival;

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// With an answer that says it is done.
    Succeeded,
    /// With a final error of the vendor.
    Refused,
    /// Its attempts were used up.
    Unavailable,
    /// The vendor throttled it too often while it answered others.
    Throttled,
    /// Its answer was lost, and the target does not repeat it, or would have to reconcile it and cannot.
    Unknown,
}

impl End {
    /// How a call that failed ended.
    pub(crate) fn of(failed: &Failed) -> End {
        match failed.error.as_str() {
            UNAVAILABLE => End::Unavailable,
            THROTTLED => End::Throttled,
            OUTCOME_UNKNOWN => End::Unknown,
            _ => End::Refused,
        }
    }
}

/// What became of a call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Record {
    /// Attempts used up.
    pub(crate) attempts: u32,
    /// How often in a row the vendor refused it, as far as could be told for a reason of its own.
    pub(crate) refusals: u32,
    /// Its position in its lane, once it has one.
    pub(crate) turn: Option<u64>,
    /// Times it was given a permit.
    pub(crate) starts: u32,
    /// When it was first given one.
    pub(crate) first_start: Option<Time>,
    /// When and how it ended; `None` if it did not.
    pub(crate) end: Option<(Time, End)>,
}

/// The state from a moment to the next step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Level {
    /// The moment.
    pub(crate) at: Time,
    /// Open permits, held ones included.
    pub(crate) in_flight: u32,
    /// Calls of ours the vendor was at work on.
    pub(crate) at_vendor: u32,
    /// Calls that waited in each lane.
    pub(crate) waiting: [u32; 3],
}

impl Level {
    /// Whether nothing changed but the time.
    pub(crate) fn is_like(&self, other: &Level) -> bool {
        Level {
            at: other.at,
            ..*self
        } == *other
    }
}

/// The vendor's refusals.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Throttles {
    /// All.
    pub(crate) all: u64,
    /// Those that came while our own limits of that kind had room.
    pub(crate) under_our_limit: u64,
}

/// What a simulation found.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    /// When the last call had ended and the workload's stretch was over.
    pub(crate) end: Time,
    /// The calls, in the order of arrival.
    pub(crate) arrivals: Arc<[Arrival]>,
    /// What became of them, in the same order.
    pub(crate) records: Vec<Record>,
    /// What held them back.
    pub(crate) held: Vec<Held>,
    /// The states, in order of time.
    pub(crate) steps: Vec<Level>,
    /// Deferrals of each lane.
    pub(crate) deferrals: [u64; 3],
    /// The vendor's refusals.
    pub(crate) throttles: Throttles,
    /// Calls of others that the vendor refused because it was full.
    pub(crate) others_refused: u64,
}

/// Percentiles of durations, by nearest rank; all 0 when there are no durations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Percentiles {
    /// Half of them are not longer.
    pub(crate) p50: Duration,
    /// 95 of 100.
    pub(crate) p95: Duration,
    /// 99 of 100.
    pub(crate) p99: Duration,
    /// All.
    pub(crate) max: Duration,
}

impl Percentiles {
    /// The percentiles of these durations.
    pub(crate) fn of(mut durations: Vec<Duration>) -> Percentiles {
        durations.sort_unstable();
        let rank = |percent: usize| {
            let place = (durations.len() * percent).div_ceil(100).saturating_sub(1);
            durations.get(place).copied().unwrap_or_default()
        };
        Percentiles {
            p50: rank(50),
            p95: rank(95),
            p99: rank(99),
            max: rank(100),
        }
    }
}

impl Run {
    /// The calls of one priority and what became of them.
    pub(crate) fn calls_of(&self, priority: Priority) -> impl Iterator<Item = (&Arrival, &Record)> {
        let calls = self.arrivals.iter().zip(&self.records);
        calls.filter(move |(arrival, _)| arrival.priority == priority)
    }

    /// From sent to first started. A call that never started waited to the end.
    pub(crate) fn waits(&self, priority: Priority) -> Percentiles {
        let waits = self.calls_of(priority).map(|(arrival, record)| {
            let started = record.first_start.unwrap_or(self.end);
            started.saturating_since(arrival.at)
        });
        Percentiles::of(waits.collect())
    }

    /// The longest stretch in which there was always a call of this priority that had not ended. For a burst: from
    /// its first call to the last answer.
    pub(crate) fn drain(&self, priority: Priority) -> Duration {
        let mut longest = Duration::ZERO;
        let mut stretch: Option<(Time, Time)> = None;
        for (arrival, record) in self.calls_of(priority) {
            let end = record.end.map_or(self.end, |(at, _)| at);
            let (from, to) = match stretch {
                Some((from, to)) if arrival.at <= to => (from, to.max(end)),
                _ => (arrival.at, end),
            };
            longest = longest.max(to.saturating_since(from));
            stretch = Some((from, to));
        }
        longest
    }

    /// How many calls of this priority there were.
    pub(crate) fn count(&self, priority: Priority) -> u64 {
        self.calls_of(priority).count() as u64
    }

    /// How many calls of this priority ended this way; `None`: did not end.
    pub(crate) fn ended(&self, priority: Priority, how: Option<End>) -> u64 {
        let ends = self.calls_of(priority).map(|(_, record)| record.end);
        ends.filter(|end| end.map(|(_, how)| how) == how).count() as u64
    }

    /// Calls that did not end.
    pub(crate) fn unfinished(&self) -> u64 {
        self.records
            .iter()
            .filter(|record| record.end.is_none())
            .count() as u64
    }

    /// Calls to the vendor: first attempts and repeats.
    pub(crate) fn starts(&self) -> u64 {
        self.records
            .iter()
            .map(|record| u64::from(record.starts))
            .sum()
    }

    /// The limit that held calls back for the longest time.
    pub(crate) fn binding(&self) -> Option<(&str, &Held)> {
        let limits = self.held.iter().filter_map(|held| match &held.by {
            Obstacle::Limit(name) => Some((name.as_str(), held)),
            Obstacle::Closed | Obstacle::Ramp | Obstacle::PlannedPause => None,
        });
        limits.max_by_key(|(_, held)| held.total)
    }

    /// The mean of what `read` reads of each step, in each of `parts` equal parts of the time.
    pub(crate) fn series(&self, parts: usize, read: impl Fn(&Level) -> u32) -> Vec<f64> {
        let whole = self.end.as_micros().max(1) as f64;
        let part = whole / parts as f64;
        let mut sums = vec![0.0; parts];
        let ends = self
            .steps
            .iter()
            .skip(1)
            .map(|step| step.at)
            .chain([self.end]);
        for (step, end) in self.steps.iter().zip(ends) {
            let value = f64::from(read(step));
            let (mut from, to) = (step.at.as_micros() as f64, end.as_micros() as f64);
            let mut place = ((from / part) as usize).min(parts - 1);
            while from < to {
                let border = if place + 1 == parts {
                    to
                } else {
                    part * (place + 1) as f64
                };
                let until = to.min(border);
                sums[place] += value * (until - from).max(0.0);
                from = until;
                place = (place + 1).min(parts - 1);
            }
        }
        sums.iter().map(|sum| sum / part).collect()
    }

    /// The mean of what `read` reads, over all of the time.
    pub(crate) fn mean(&self, read: impl Fn(&Level) -> u32) -> f64 {
        self.series(1, read)[0]
    }
}
