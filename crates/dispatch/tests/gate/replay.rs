//! What a list of throttles and answers amounts to, replayed from the first.

use std::time::Duration;

use rampmeter_dispatch::{
    CallId, FIRST_PAUSE, MAX_PAUSE, PermitId, QUIET_INTERVAL, RAMP_ENDS_AT, Refusal,
    TROUBLED_CALLS, Throttle, Time, Trouble, Troubled, Whose,
};

/// What affects the learned ceiling, pauses and the account's trouble.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Feedback {
    /// An answer said that nothing is left until then, while our own windows had room.
    UsedUp {
        until: Time,
        at: Time,
    },
    /// A throttle.
    Refused {
        id: PermitId,
        refusal: Refusal,
        whose: Whose,
        at: Time,
        jitter: u64,
        started: Time,
    },
    Troubled {
        id: PermitId,
        outcome: Troubled,
        at: Time,
        jitter: u64,
    },
    Started(PermitId),
    /// A good answer.
    Good {
        id: PermitId,
        started: Time,
        at: Time,
    },
    /// An answer that is not a good one.
    Answered(PermitId),
    Held {
        id: PermitId,
        at: Time,
    },
}

/// The account's trouble that a list of feedback amounts to.
#[derive(Clone, Debug)]
pub(crate) struct InTrouble {
    kind: Trouble,
    pub(crate) next_probe: Time,
    probes: u32,
    pub(crate) probe: Option<PermitId>,
}

/// Everything that a list of feedback amounts to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Learned {
    /// To what the last concurrency throttle lowered the ceiling, and when.
    pub(crate) lowered: Option<(u32, Time)>,
    pub(crate) closed: Option<Closed>,
    pub(crate) trouble: Option<InTrouble>,
    /// Kind and calls of the troubles in a row.
    row: Option<(Trouble, Vec<CallId>)>,
    last_good: Option<Time>,
    /// Calls that were throttled since.
    throttled: Vec<(CallId, bool)>,
    /// The start of the call whose throttle may have closed the target by mistake.
    doubted: Option<Time>,
}

impl Learned {
    pub(crate) fn others_succeed(&self, call: CallId, at: Time) -> bool {
        let recent = |good: Time| at <= good.saturating_add(QUIET_INTERVAL);
        match self.throttled.first() {
            None => self.last_good.is_some_and(recent),
            Some((first, alone)) => {
                *first == call && (*alone || self.last_good.is_some_and(recent))
            }
        }
    }

    pub(crate) fn after(mut self, feedback: Feedback, configured: Option<u32>) -> Learned {
        match feedback {
            Feedback::UsedUp { until, at } => {
                self.closed = Some(Closed::announced(self.closed, until, at));
                self.doubted = None;
            }
            Feedback::Refused {
                id,
                refusal,
                whose,
                at,
                jitter,
                started,
            } => {
                let alone = self.others_succeed(refusal.call, at);
                self.throttled.push((refusal.call, alone));
                if refusal.overload {
                    self.probe_says_nothing(id, at);
                } else {
                    self.reached(id, at);
                }
                match whose {
                    Whose::Call => self.ramp(Feedback::Held { id, at }),
                    Whose::Account => self.throttle(
                        refusal.throttle,
                        at,
                        jitter,
                        Some(started),
                        refusal.for_all,
                        configured,
                    ),
                }
            }
            Feedback::Troubled {
                id,
                outcome,
                at,
                jitter,
            } => {
                self.ramp(Feedback::Held { id, at });
                self.trouble(id, outcome, at, jitter);
            }
            Feedback::Started(id) => {
                self.ramp(feedback);
                if let Some(trouble) = &mut self.trouble {
                    trouble.probe = Some(id);
                }
            }
            Feedback::Good { started, at, .. } => {
                self.last_good = Some(at);
                self.throttled.clear();
                self.row = None;
                if self.doubted.is_some_and(|doubted| started > doubted) {
                    self.doubted = None;
                    if let Some(closed) = &mut self.closed {
                        closed.until = closed.until.min(at);
                    }
                }
                if self.trouble.take().is_some() {
                    self.closed = Some(Closed::announced(self.closed.take(), at, at));
                }
                self.ramp(feedback);
            }
            Feedback::Answered(_) => self.ramp(feedback),
            Feedback::Held { id, at } => {
                self.ramp(feedback);
                self.probe_says_nothing(id, at);
            }
        }
        self
    }

    fn ramp(&mut self, feedback: Feedback) {
        self.closed = self.closed.take().map(|closed| closed.after(feedback));
    }

    fn probe_says_nothing(&mut self, id: PermitId, at: Time) {
        if let Some(trouble) = self.trouble.as_mut().filter(|one| one.probe == Some(id)) {
            trouble.probe = None;
            trouble.next_probe = at.saturating_add(between_probes(trouble.probes, u64::MAX));
        }
    }

    /// A throttle shows that the vendor can be reached, not that it would sign us in.
    fn reached(&mut self, id: PermitId, at: Time) {
        match &self.trouble {
            Some(trouble) if trouble.kind == Trouble::SignInRefused => {
                self.probe_says_nothing(id, at);
            }
            Some(_) => {
                self.trouble = None;
                self.closed = Some(Closed::announced(self.closed.take(), at, at));
            }
            None => self.row = self.row.take().filter(|row| row.0 != Trouble::Unreachable),
        }
    }

    fn trouble(&mut self, id: PermitId, outcome: Troubled, at: Time, jitter: u64) {
        let Troubled {
            call,
            kind,
            reached,
        } = outcome;
        if let Some(trouble) = &mut self.trouble {
            if trouble.probe == Some(id) {
                *trouble = InTrouble {
                    kind,
                    next_probe: at.saturating_add(between_probes(trouble.probes + 1, jitter)),
                    probes: trouble.probes + 1,
                    probe: None,
                };
            }
            return;
        }
        let mut calls = match self.row.take() {
            Some((same, calls)) if same == kind => calls,
            _ => Vec::new(),
        };
        if !reached || !calls.contains(&call) {
            calls.push(call);
        }
        if calls.len() == TROUBLED_CALLS {
            self.trouble = Some(InTrouble {
                kind,
                next_probe: at.saturating_add(between_probes(0, jitter)),
                probes: 0,
                probe: None,
            });
        } else {
            self.row = Some((kind, calls));
        }
    }

    fn throttle(
        &mut self,
        kind: Throttle,
        at: Time,
        jitter: u64,
        started: Option<Time>,
        for_all: bool,
        configured: Option<u32>,
    ) {
        let stated = match (kind, configured) {
            (Throttle::Window { retry_after }, _) => retry_after,
            (Throttle::Concurrency { retry_after }, None) => retry_after,
            (Throttle::Concurrency { retry_after }, Some(configured)) => {
                let left_before = started
                    .zip(self.lowered)
                    .is_some_and(|(started, (_, since))| started < since);
                let ceiling = self
                    .lowered
                    .map(|(to, since)| to + quiet_intervals(since, at));
                let ceiling = ceiling.map_or(configured, |ceiling| ceiling.min(configured));
                if !left_before {
                    self.lowered = Some(((ceiling - 1).max(1), at));
                }
                let states_a_time = retry_after.is_some_and(|time| time > Duration::ZERO);
                if (left_before || ceiling > 1) && !states_a_time {
                    if let Some(closed) = &mut self.closed {
                        closed.narrow();
                    }
                    return;
                }
                retry_after
            }
        };
        let certain =
            self.doubted.is_none() && self.closed.as_ref().is_some_and(|one| at < one.until);
        self.closed = Some(Closed::by(self.closed.take(), stated, at, jitter));
        self.doubted = started.filter(|_| !for_all && !certain);
    }
}

/// The time from one probe to the next, after so many that failed.
fn between_probes(failed: u32, jitter: u64) -> Duration {
    let grown = (0..failed.min(30)).fold(Duration::from_secs(1), |pause, _| pause + pause / 4);
    let half = grown.min(Duration::from_secs(60)).as_micros() as u64 / 2;
    Duration::from_micros(half + jitter % (half + 1))
}

/// The vendor pause that a list of feedback amounts to.
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

    fn after(mut self, feedback: Feedback) -> Closed {
        match feedback {
            Feedback::Started(id) if self.ramps() => self.out.push(id),
            Feedback::Answered(id) | Feedback::Good { id, .. } => {
                self.width += usize::from(self.out.contains(&id));
                self.out.retain(|out| *out != id);
            }
            Feedback::Held { id, .. } => self.out.retain(|out| *out != id),
            _ => {}
        }
        self
    }

    fn narrow(&mut self) {
        if self.ramps() {
            self.width = (self.width - 1).max(1);
        }
    }

    fn ramps(&self) -> bool {
        self.width < RAMP_ENDS_AT as usize
    }
}

pub(crate) fn quiet_intervals(since: Time, at: Time) -> u32 {
    (at.saturating_since(since).as_secs() / QUIET_INTERVAL.as_secs()) as u32
}
