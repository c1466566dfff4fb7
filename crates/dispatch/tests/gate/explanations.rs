//! What a gate tells a call that waits, after each step: it is what the oracle is held by, and what the decision is held by,
//! for with the holder gone the decision or the holder is another.

use std::time::Duration;

use rampmeter_dispatch::{
    Decision, Explanation, Gate, Holder, Limit, LimitKind, Pace, Position, Priority, Reserve,
    Rules, Share, Start, Time, Waiting,
};

use crate::world::{World, check};

/// A limit that is raised has room for more than any run can take.
const RAISED: u32 = 4_000;

impl World {
    pub(crate) fn explanations_agree(&mut self) -> Result<(), String> {
        let waiting = self.waiting();
        let mut contended = false;
        for lane in Priority::ALL {
            let explanation = self.explain(lane, waiting);
            check!(
                self.oracle_is_held_by(&explanation.held_by, lane, waiting),
                "{lane} is told {explanation:?}"
            );
            self.decision_is_held_by(&explanation, lane, waiting)?;
            self.start_is_possible(&explanation, lane, waiting)?;
            self.seen.extend(situation(&explanation.held_by));
            contended |= self.waits_for_a_slot(lane, waiting);
        }
        check!(
            self.gate.view(self.clock).contended(waiting) == contended,
            "contended must be {contended}"
        );
        self.saw("a slot is contended", contended);
        Ok(())
    }

    fn explain(&self, lane: Priority, waiting: Waiting) -> Explanation {
        self.gate
            .view(self.clock)
            .explanation(Position::first(lane), waiting, None)
    }

    fn refusing(&self, lane: Priority, waiting: Waiting) -> impl Iterator<Item = &Limit> {
        let limits = self.oracle.rules.limits.iter();
        let (now, charges) = (self.oracle.now, waiting.charges(lane));
        limits.filter(move |limit| !self.oracle.limit_admits(limit, lane, charges, now, false))
    }

    fn waits_for_a_slot(&self, lane: Priority, waiting: Waiting) -> bool {
        let is_no_slot = |limit: &Limit| {
            !matches!(limit.kind, LimitKind::Concurrency { .. })
                || self
                    .oracle
                    .only_its_share_refuses(limit, lane, waiting.charges(lane))
        };
        waiting.has(lane)
            && self.oracle.is_open_for(lane, self.oracle.now)
            && self.refusing(lane, waiting).count() > 0
            && !self.refusing(lane, waiting).any(is_no_slot)
            && !self.oracle.is_paced(lane, waiting, self.oracle.now)
    }

    /// Whether the oracle knows this holder too.
    fn oracle_is_held_by(&self, holder: &Holder, lane: Priority, waiting: Waiting) -> bool {
        let (oracle, now) = (&self.oracle, self.oracle.now);
        let decides = |other| oracle.decide(waiting.with(lane)) == Decision::Start(other);
        match holder {
            Holder::Nothing => decides(lane),
            Holder::Lane(other) => *other != lane && decides(*other),
            Holder::Share { limit, .. } => self.refusing(lane, waiting).any(|refusing| {
                refusing.name == *limit
                    && oracle.only_its_share_refuses(refusing, lane, waiting.charges(lane))
            }),
            Holder::Pace { limit } => {
                oracle.is_paced(lane, waiting, now)
                    && oracle.paced_until(limit).is_some_and(|until| until > now)
            }
            Holder::PlannedPause { lane: of, .. } => {
                *of == lane && oracle.is_planned_pause(lane, now)
            }
            Holder::Trouble { .. }
            | Holder::VendorPause
            | Holder::Ramp { .. }
            | Holder::Pause { .. } => !oracle.is_open_for(lane, now),
            other => {
                let limit = other.limit();
                limit.is_some_and(|name| {
                    self.refusing(lane, waiting).any(|limit| limit.name == name)
                })
            }
        }
    }

    /// The lane starts if and only if nothing holds it; and if the holder alone lets go, it starts or something else holds
    /// it.
    fn decision_is_held_by(
        &self,
        explanation: &Explanation,
        lane: Priority,
        waiting: Waiting,
    ) -> Result<(), String> {
        let now = self.oracle.now;
        let starts =
            self.gate.clone().decide(waiting.with(lane), self.clock) == Decision::Start(lane);
        check!(
            explanation.is_admissible() == starts,
            "{lane} is told {explanation:?}, starts: {starts}"
        );
        if starts {
            return Ok(());
        }
        let mut freed = self.gate.clone();
        let mut freed_waiting = waiting;
        lift(
            &mut freed,
            &mut freed_waiting,
            &explanation.held_by,
            &self.oracle.rules,
            now,
        );
        {
            let after = freed
                .view(now)
                .explanation(Position::first(lane), freed_waiting, None);
            check!(
                moved(&explanation.held_by, &after.held_by),
                "{lane} is told {explanation:?}, and without it {after:?}"
            );
        }
        if let Some(until) = explanation.until.filter(|until| *until < Time::MAX) {
            let holds_are_released = self.oracle.first_hold_end().is_none_or(|end| end > now);
            check!(
                until > now || !holds_are_released,
                "{lane} is told {explanation:?} at {now:?}"
            );
            let mut later = self.gate.clone();
            later.release_holds(until);
            let after = later
                .view(until)
                .explanation(Position::first(lane), waiting, None);
            check!(
                moved(&explanation.held_by, &after.held_by)
                    || after.until.is_none_or(|after| after > until),
                "{lane} is told {explanation:?}, and then {after:?}"
            );
        }
        Ok(())
    }

    /// No start is foretold before time, or for a call that stands behind others before that of the first.
    fn start_is_possible(
        &mut self,
        explanation: &Explanation,
        lane: Priority,
        waiting: Waiting,
    ) -> Result<(), String> {
        let now = self.oracle.now;
        check!(
            (explanation.starts == Start::Now) == explanation.is_admissible(),
            "{lane} is told {explanation:?}"
        );
        let latency = Some(Duration::from_millis(80));
        let mut latest = Start::Now;
        for ahead in [0, 1, 7, 1_000_000] {
            let position = Position {
                ahead,
                ..Position::first(lane)
            };
            let told = self
                .gate
                .view(self.clock)
                .explanation(position, waiting, latency);
            let Some(moment) = told.starts.moment(now) else {
                continue;
            };
            check!(
                told.until
                    .is_none_or(|until| until <= now || until <= moment),
                "{lane}, {ahead} ahead, is told {told:?} at {now:?}"
            );
            check!(
                latest.moment(now) <= Some(moment),
                "{lane}, {ahead} ahead, is told {told:?}, one before it {latest:?}"
            );
            check!(
                ahead == 0 || !told.is_admissible(),
                "{ahead} are ahead, and it is told {told:?}"
            );
            self.saw("a start is foretold", moment > now);
            latest = told.starts;
        }
        Ok(())
    }
}

/// Whether the second holder is another than the first.
fn moved(before: &Holder, after: &Holder) -> bool {
    match (before, after) {
        (Holder::Lane(_), Holder::Lane(_)) | (Holder::Pause { .. }, Holder::Pause { .. }) => {
            before != after
        }
        (before, after) => before.name() != after.name() || before.limit() != after.limit(),
    }
}

/// Takes a holder away, and nothing else.
fn lift(gate: &mut Gate, waiting: &mut Waiting, holder: &Holder, rules: &Rules, now: Time) {
    match holder {
        Holder::Pause { scope, .. } => gate.resume(*scope),
        Holder::Lane(other) => waiting.set(*other, false),
        Holder::PlannedPause { .. } => gate.amend(
            Rules {
                pauses: Vec::new(),
                ..rules.clone()
            },
            now,
        ),
        Holder::Trouble { .. }
        | Holder::VendorPause
        | Holder::Ramp { .. }
        | Holder::LearnedCeiling { .. } => {
            gate.feedback(now).forget_throttles();
        }
        Holder::Pace { limit } => {
            // Its own schedule alone; that of another window may hold the lane then.
            let mut rules = rules.clone();
            for of_rules in rules.limits.iter_mut().filter(|of| of.name == *limit) {
                of_rules.pace = Pace::Burst;
            }
            gate.amend(rules, now);
        }
        other => {
            let mut rules = rules.clone();
            let limits = rules.limits.iter_mut();
            for limit in limits.filter(|limit| Some(limit.name.as_str()) == other.limit()) {
                limit.reserve = Reserve::default();
                limit.share = Share::default();
                match &mut limit.kind {
                    LimitKind::Concurrency { max } => *max = RAISED,
                    LimitKind::Window { calls, .. } | LimitKind::Calendar { calls, .. } => {
                        *calls = (*calls).max(u64::from(RAISED));
                    }
                }
            }
            gate.amend(rules, now);
        }
    }
}

/// What a holder shows that a run came through.
pub(crate) fn situation(holder: &Holder) -> Option<&'static str> {
    match holder {
        Holder::Limit { .. } => Some("a call is held by a limit"),
        Holder::Cost { .. } => Some("a call is held by its cost"),
        Holder::Reserve { .. } => Some("a call is held by a reserve"),
        Holder::Share { .. } => Some("a call is held by a share"),
        Holder::LearnedCeiling { .. } => Some("a call is held by a learned ceiling"),
        Holder::Lane(_) => Some("a call is held by a lane"),
        Holder::Pace { .. } => Some("a call is held by a pace"),
        Holder::Trouble { .. } => Some("a call is held by the account's trouble"),
        Holder::VendorPause => Some("a call is held by a closed target"),
        Holder::Ramp { .. } => Some("a call is held by a ramp"),
        Holder::Pause { .. } => Some("a call is held by a pause"),
        Holder::PlannedPause { .. } => Some("a call is held by a pause by the calendar"),
        _ => None,
    }
}
