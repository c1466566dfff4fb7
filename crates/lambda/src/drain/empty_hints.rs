//! What a drainer assumes of the three queues. SQS does not say how many messages wait, so a lane is taken to have
//! calls unless a drainer found it empty a moment ago; that drainer writes it into the item, for all others.

use std::time::Duration;

use rampmeter_dispatch::{Priority, Time};

use super::action::MAX_RECEIVED;

/// For how long a lane that was found empty is taken to be empty.
const EMPTY_FOR: Duration = Duration::from_millis(250);

/// What one drainer saw since it last wrote.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct EmptyHints {
    found_empty: [Option<Time>; 3],
    /// A message of the lane waits for certain.
    seen: [bool; 3],
    /// The last receive of the lane gave all that it asked for.
    rich: [bool; 3],
}

impl EmptyHints {
    /// A receive asked for `asked` messages and was given `given`.
    pub(crate) fn has_received(&mut self, lane: Priority, asked: usize, given: usize, now: Time) {
        let lane = lane.index();
        self.rich[lane] = given >= asked;
        self.found_empty[lane] = (given < asked).then(|| now.saturating_add(EMPTY_FOR));
    }

    /// A message of this lane waits.
    pub(crate) fn has_seen(&mut self, lane: Priority) {
        self.seen[lane.index()] = true;
    }

    /// Until when each lane is taken to be empty, including what was seen here; and whether another drainer's hint is
    /// wrong.
    pub(crate) fn applied(&self, mut empty_until: [Time; 3], now: Time) -> ([Time; 3], bool) {
        let mut contradicted = false;
        let seen_here = self.found_empty.iter().zip(self.seen);
        for (until, (found_empty, seen)) in empty_until.iter_mut().zip(seen_here) {
            if let Some(found_empty) = found_empty {
                *until = *found_empty;
            }
            if seen && *until > now {
                *until = now;
                contradicted = true;
            }
        }
        (empty_until, contradicted)
    }

    /// The item holds what was seen.
    pub(crate) fn were_written(&mut self) {
        self.found_empty = [None; 3];
        self.seen = [false; 3];
    }

    /// How many permits are taken for a lane before it is known to have messages: one to find out, or as many as one
    /// receive gives if the last one was full.
    pub(crate) fn most_at_once(&self, lane: Priority) -> usize {
        if self.rich[lane.index()] {
            MAX_RECEIVED
        } else {
            1
        }
    }
}
