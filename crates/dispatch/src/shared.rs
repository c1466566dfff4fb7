//! The state of a gate that several processes share: what each reads before it decides and writes
//! with its decision, on condition that nobody wrote in between.
//!
//! All of it fits into [`MAX_SHARED_BYTES`] bytes ([`Shared::to_bytes`]), so that one conditional write of
//! one small item takes a permit in every limit or in none. To fit, a window of more than 64 calls frees
//! its slots in at most [`MAX_SHARED_BUCKETS`] buckets: never early, at most a 63rd of its length (and a
//! millisecond) late. A window of 64 calls or fewer stays exact to the millisecond.
//!
//! The clocks of the processes may differ by [`CLOCK_MARGIN`]: each window is longer by it
//! ([`Rules::shared`]), and the host adds it to each permit's hold. Calendar quotas have no margin:
//! like those of one process, they trust the clock at the reset.

mod ceiling;
mod encoding;
mod succession;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::gate::Gate;
use crate::gate::Memory;
use crate::lane::Waiting;
use crate::limit::WindowRow;
use crate::permit::OpenPermit;
use crate::priority::Priority;
use crate::rules::{LimitKind, MAX_WINDOW, Pace, Rules};
use crate::time::Time;

pub use ceiling::{Ceiling, TooLarge};
pub use encoding::Undecodable;

/// The most bytes that the shared state may have.
pub const MAX_SHARED_BYTES: usize = 4_096;
/// The most buckets of unreleased slots that a shared window has.
pub const MAX_SHARED_BUCKETS: usize = 64;
/// By how much the clocks of two processes may differ.
pub const CLOCK_MARGIN: Duration = Duration::from_millis(250);

/// What the processes of one target share.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shared {
    /// The latest moment at which somebody wrote. Nobody's time is earlier.
    pub now: Time,
    /// The open permits, each until when it may be.
    pub permits: Vec<OpenPermit>,
    /// The unreleased slots.
    pub windows: Vec<WindowRow>,
    /// Deferrals, learned ceiling and vendor pause.
    pub memory: Memory,
    /// Until when each lane is taken to be empty, because somebody found it so; in the order of
    /// [`Priority::ALL`].
    pub empty_until: [Time; 3],
}

impl Shared {
    /// The current state of a gate, with held permits until the end of their hold and all others
    /// until `unheld` after their start.
    pub fn of(gate: &Gate, unheld: Duration, empty_until: [Time; 3], now: Time) -> Shared {
        let now = gate.at(now);
        Shared {
            now,
            permits: gate.permits.open_permits(unheld).collect(),
            windows: gate.view(now).rows(),
            memory: gate.memory(),
            empty_until,
        }
    }

    /// The gate to decide with. `rules` are those of [`Rules::shared`].
    ///
    /// # Panics
    /// If the rules are not valid.
    pub fn gate(&self, rules: &Rules, now: Time) -> Gate {
        let now = now.max(self.now);
        let permits = self.permits.clone();
        let mut gate = Gate::restore(rules.clone(), permits, self.windows.clone(), now);
        gate.recall_shared(self.memory.clone());
        gate
    }

    /// Until when nothing can start, even if every call in flight were answered now; none if
    /// something could.
    ///
    /// # Panics
    /// If the rules are not valid.
    pub fn closed_until(&self, rules: &Rules, now: Time) -> Option<Time> {
        match self.idle_gate(rules, now).decide(Waiting::ALL, now) {
            crate::Decision::NotBefore(until) => until,
            _ => None,
        }
    }

    /// The same for one lane, which a planned pause may stop while others go on.
    ///
    /// # Panics
    /// If the rules are not valid.
    pub fn lane_closed_until(&self, lane: Priority, rules: &Rules, now: Time) -> Option<Time> {
        let gate = self.idle_gate(rules, now);
        let pause = gate.view(now).planned_pause(lane).map(|(_, until)| until);
        self.closed_until(rules, now).max(pause)
    }

    /// The gate if every call in flight were answered now.
    fn idle_gate(&self, rules: &Rules, now: Time) -> Gate {
        let now = now.max(self.now);
        let mut gate = Gate::restore(rules.clone(), Vec::new(), self.windows.clone(), now);
        gate.recall(self.memory.clone());
        gate
    }

    /// The lanes that may have a call, as far as anybody knows.
    pub fn waiting(&self, now: Time) -> Waiting {
        let now = now.max(self.now);
        let mut waiting = Waiting::NONE;
        for lane in Priority::ALL {
            waiting.set(lane, self.empty_until[lane.index()] <= now);
        }
        waiting
    }
}

impl Rules {
    /// The same limits for processes whose clocks differ: each window is longer by
    /// [`CLOCK_MARGIN`], up to the longest there is. They are filled in bursts: a schedule would have to be written with every
    /// start.
    #[must_use]
    pub fn shared(mut self) -> Rules {
        for limit in &mut self.limits {
            limit.pace = Pace::Burst;
            if let LimitKind::Window { per, .. } = &mut limit.kind {
                *per = (*per + CLOCK_MARGIN).min(MAX_WINDOW);
            }
        }
        self
    }
}

#[cfg(test)]
mod tests;
