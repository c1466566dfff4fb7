//! What holds a waiting call, and when it should start.

use std::time::Duration;

use super::GateView;
use crate::explain::{Explanation, Holder, Position, Start};
use crate::feedback::{Opening, VendorPause};
use crate::lane::Waiting;
use crate::limit::LimitState;
use crate::permit::Stage;
use crate::priority::Priority;
use crate::time::Time;

/// What holds, since when, and until when at least.
type Held = (Holder, Option<Time>, Option<Time>);

impl GateView<'_> {
    /// Why a waiting call has not started, and when it should.
    ///
    /// `waiting` is what [`super::Gate::decide`] would be asked with; the call's own lane is taken to wait. `latency` is the
    /// mean time from permit to answer, as far as the host knows: without it nobody can predict when a call in flight makes
    /// room.
    ///
    /// The explanation is [`Holder::Nothing`] if and only if `decide` would start the lane and no call of that lane is
    /// ahead. Otherwise it names one holder; if several hold the call, one that holds at least as long as the others.
    pub fn explanation(
        &self,
        position: Position,
        waiting: Waiting,
        latency: Option<Duration>,
    ) -> Explanation {
        let lane = position.priority;
        let waiting = waiting.with(lane);
        let (held_by, since, until) = self.holder(lane, waiting);
        let held_by = match held_by {
            Holder::Nothing if position.ahead > 0 => Holder::CallsAhead,
            held_by => held_by,
        };
        let starts = match &held_by {
            Holder::Nothing => Start::Now,
            held_by if held_by.needs_a_person() => Start::Unknown,
            _ => self.start_of(position, waiting.next(lane), latency),
        };
        Explanation {
            held_by,
            since,
            until,
            ahead: position.ahead,
            starts,
        }
    }

    /// What the vendor, or its absence, does to the whole target: a vendor pause, the ramp that follows it, or trouble. None
    /// while the target is open. While it ramps, calls may be let through all the same.
    pub fn vendor(&self) -> Option<Explanation> {
        let ramp = self.gate.vendor_pause.as_ref().and_then(VendorPause::ramp);
        let (held_by, since, until) = match (self.closed(), ramp) {
            (Some(closed), _) => closed,
            (None, Some(width)) => (Holder::Ramp { width }, None, None),
            (None, None) => return None,
        };
        Some(Explanation::by_host(held_by, since, until))
    }

    /// The target starts nothing before this moment, because the vendor asked for a pause or the account is in trouble;
    /// none while it is open, or a probe is in flight.
    pub fn closed_until(&self) -> Option<Time> {
        match self.opening() {
            Opening::Trouble(trouble) => trouble.next_probe,
            Opening::ClosedUntil(until) => Some(until),
            Opening::Full { .. } | Opening::Open => None,
        }
    }

    /// What closes the whole target, since when, and until when at least.
    fn closed(&self) -> Option<Held> {
        match self.opening() {
            Opening::Trouble(trouble) => {
                let held_by = Holder::Trouble {
                    kind: trouble.kind,
                    probes: trouble.probes,
                };
                Some((held_by, Some(trouble.since), trouble.next_probe))
            }
            Opening::ClosedUntil(until) => Some((Holder::VendorPause, None, Some(until))),
            Opening::Full { width } => Some((Holder::Ramp { width }, None, None)),
            Opening::Open => None,
        }
    }

    /// What holds the next call of a lane, since when, and until when at least.
    fn holder(&self, lane: Priority, waiting: Waiting) -> Held {
        if let Some(scope) = self.gate.pauses.of(lane) {
            let pause = Holder::Pause {
                scope,
                reason: None,
            };
            return (pause, None, None);
        }
        if let Some((pause, until)) = self.planned_pause(lane) {
            let reason = Some(&pause.reason).filter(|reason| !reason.is_empty());
            let reason = reason.cloned();
            return (Holder::PlannedPause { lane, reason }, None, Some(until));
        }
        if let Some(closed) = self.closed() {
            return closed;
        }
        if let Some((limit, until)) = self.refusal(lane, waiting.next(lane)) {
            return (limit, None, until);
        }
        if let Some((limit, until)) = self.paced(lane, waiting) {
            let limit = limit.rule.name.clone();
            return (Holder::Pace { limit }, None, Some(until));
        }
        match self.first(self.admitted(waiting)) {
            Some(first) if first != lane => (Holder::Lane(first), None, None),
            _ => (Holder::Nothing, None, None),
        }
    }

    /// The limit that refuses a lane and will have a free slot last, and when that is at the earliest.
    fn refusal(&self, lane: Priority, stage: Stage) -> Option<(Holder, Option<Time>)> {
        let context = self.context();
        let refusing = self
            .gate
            .limits
            .iter()
            .filter(|limit| !limit.admits(lane, stage, context));
        let frees_at = |limit: &LimitState| limit.frees_at(lane, stage, context);
        let last = refusing.max_by_key(|limit| frees_at(limit).unwrap_or(Time::MAX))?;
        Some((last.holder(lane, stage, context), frees_at(last)))
    }

    /// When a call should start that something holds: after those before it, when the vendor lets calls through again and
    /// every limit has had slots for all of them.
    fn start_of(&self, position: Position, stage: Stage, latency: Option<Duration>) -> Start {
        let lane = position.priority;
        let opens = self.lane_opens_at(lane, stage);
        let resumes = self.planned_pause(lane).map(|(_, until)| until);
        let estimate = self.reopens_at(position, latency).and_then(|reopens| {
            let context = self.context();
            let earliest = resumes.map_or(reopens, |until| until.max(reopens));
            self.gate.limits.iter().try_fold(earliest, |latest, limit| {
                let places = limit.has_places_at(position, stage, latency, context)?;
                Some(latest.max(places))
            })
        });
        match (estimate, opens) {
            (Some(moment), opens) => Start::About(opens.map_or(moment, |opens| opens.max(moment))),
            (None, Some(opens)) if opens > self.now => Start::NotBefore(opens),
            (None, _) => Start::Unknown,
        }
    }

    /// When the vendor lets this many calls through, as far as its pause is concerned.
    fn reopens_at(&self, position: Position, latency: Option<Duration>) -> Option<Time> {
        if self.gate.pauses.of(position.priority).is_some() {
            return None;
        }
        let rounds = |calls: u64, width: u32| {
            let rounds = calls.div_ceil(u64::from(width));
            Some(latency?.saturating_mul(u32::try_from(rounds).unwrap_or(u32::MAX)))
        };
        match self.opening() {
            Opening::Trouble(_) => None,
            Opening::Open => Some(self.now),
            Opening::Full { width } => {
                let calls = position.before().saturating_add(1);
                Some(self.now.saturating_add(rounds(calls, width)?))
            }
            // The ramp widens with each answer, so that soon only the limits count.
            Opening::ClosedUntil(until) => match position.before() {
                0 => Some(until),
                calls => Some(until.saturating_add(self.drains_in(calls, latency?))),
            },
        }
    }

    /// How long this many calls take at the rate that the limits reach.
    fn drains_in(&self, calls: u64, latency: Duration) -> Duration {
        let rates = self.gate.reachable_rates(latency);
        let rate = rates.into_iter().fold(f64::INFINITY, f64::min);
        #[expect(clippy::cast_precision_loss, reason = "an estimate for people")]
        let seconds = calls as f64 / rate;
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
    }
}
