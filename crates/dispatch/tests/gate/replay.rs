//! What a list of throttles and answers amounts to, replayed from the first.

use std::time::Duration;

use rampmeter_dispatch::{
    FIRST_PAUSE, MAX_PAUSE, PermitId, QUIET_INTERVAL, RAMP_ENDS_AT, Throttle, Time,
};

/// What bears on the learned ceiling and on closures.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Feedback {
    Throttled {
        kind: Throttle,
        at: Time,
        jitter: u64,
        /// When the refused call was started, if it is open.
        started: Option<Time>,
    },
    /// An answer said that nothing is left until then, while our own windows had room.
    UsedUp {
        until: Time,
        at: Time,
    },
    Started(PermitId),
    Answered(PermitId),
    Held(PermitId),
}

/// The closure that a list of feedback amounts to.
#[derive(Clone, Debug)]
pub(crate) struct Closed {
    pub(crate) until: Time,
    pauses: u32,
    pub(crate) width: usize,
    pub(crate) out: Vec<PermitId>,
}

impl Closed {
    pub(crate) fn by(
        before: Option<Closed>,
        stated: Option<Duration>,
        at: Time,
        jitter: u64,
    ) -> Closed {
        let stated = stated
            .filter(|stated| *stated > Duration::ZERO)
            .map(|stated| at.saturating_add(stated));
        match before {
            Some(shut) if at < shut.until => {
                let until = stated.map_or(shut.until, |stated| stated.max(shut.until));
                Closed {
                    until,
                    pauses: shut.pauses,
                    width: 1,
                    out: Vec::new(),
                }
            }
            before => {
                let again = before.filter(|before| {
                    before.width < RAMP_ENDS_AT as usize
                        && at < before.until.saturating_add(QUIET_INTERVAL)
                });
                let pauses = again.map_or(1, |before| before.pauses + 1);
                let longest = (FIRST_PAUSE * 2_u32.pow(pauses.min(20) - 1)).min(MAX_PAUSE);
                let half = longest.as_micros() as u64 / 2;
                let pause = Duration::from_micros(half + jitter % (half + 1));
                let until = stated.unwrap_or(at.saturating_add(pause));
                Closed {
                    until,
                    pauses,
                    width: 1,
                    out: Vec::new(),
                }
            }
        }
    }

    /// Closed as if a throttle had stated this time, but nothing was refused: pauses are not counted.
    pub(crate) fn announced(before: Option<Closed>, until: Time, at: Time) -> Closed {
        let pauses = before.as_ref().map_or(0, |before| {
            let quiet = before.width >= RAMP_ENDS_AT as usize
                || at >= before.until.saturating_add(QUIET_INTERVAL);
            if quiet { 0 } else { before.pauses }
        });
        Closed {
            until: before.map_or(until, |before| before.until.max(until)),
            pauses,
            width: 1,
            out: Vec::new(),
        }
    }

    pub(crate) fn after(mut self, feedback: Feedback) -> Closed {
        let ramps = self.width < RAMP_ENDS_AT as usize;
        match feedback {
            Feedback::Started(id) if ramps => self.out.push(id),
            Feedback::Started(_) => {}
            Feedback::Answered(id) => {
                self.width += usize::from(self.out.contains(&id));
                self.out.retain(|out| *out != id);
            }
            Feedback::Held(id) => self.out.retain(|out| *out != id),
            Feedback::UsedUp { .. } => {}
            Feedback::Throttled { .. } if ramps => self.width = (self.width - 1).max(1),
            Feedback::Throttled { .. } => {}
        }
        self
    }
}

pub(crate) fn quiet_intervals(since: Time, at: Time) -> u32 {
    (at.saturating_since(since).as_secs() / QUIET_INTERVAL.as_secs()) as u32
}
