//! The gate of one target: which lane may start a call now, or not until when.
//!
//! It holds limits, open permits, three lanes and what the vendor's throttles taught. It does not
//! hold the backlog: the host says which lanes have a call waiting, takes the first call of the
//! lane it is offered, and persists what it is given back in the transaction of that decision. See
//! `explain.rs` for the questions that change nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::feedback::{Ceiling, Closure, Opening, Throttle, ThrottleReport};
use crate::lane::Lanes;
use crate::limit::{Meter, Surroundings, earliest};
use crate::pause::{Pauses, Scope};
use crate::permit::{OpenPermit, PermitId, Permits, Released, Stage};
use crate::priority::{Priority, Waiting};
use crate::rules::{MaxDeferrals, Rules};
use crate::time::Time;
use crate::window::WindowRow;

/// The gate of one target. See the crate's page for how a host drives it.
#[derive(Clone, Debug)]
pub struct Gate {
    pub(crate) limits: Vec<Meter>,
    pub(crate) bounds: MaxDeferrals,
    pub(crate) permits: Permits,
    pub(crate) lanes: Lanes,
    pub(crate) ceiling: Option<Ceiling>,
    pub(crate) closure: Option<Closure>,
    pub(crate) pauses: Pauses,
    /// The latest moment it was told. An earlier one is taken for this one.
    now: Time,
}

/// The answer to "what may start now?".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The first call of this lane may start.
    Start(Priority),
    /// A call waits, but none may start before this moment; `None`: only an answer or a command can
    /// change that.
    NotBefore(Option<Time>),
    /// No call waits.
    Idle,
}

impl Gate {
    /// A gate without open calls.
    ///
    /// # Panics
    /// If the rules are not valid: the host must have called [`Rules::validate`].
    pub fn new(rules: Rules, now: Time) -> Gate {
        Gate::restore(rules, Vec::new(), Vec::new(), now)
    }

    /// The gate after a restart. Permits that were open keep their place in every limit until their
    /// hold ends, for nobody knows whether the vendor saw their calls. Rows of limits that no
    /// longer exist are ignored.
    ///
    /// No limit admits more than it would have without the restart. The rest of what that gate
    /// knew, such as a closure by the vendor, comes back with [`Gate::recall`].
    ///
    /// # Panics
    /// As [`Gate::new`], and if two open permits have one id.
    pub fn restore(
        rules: Rules,
        open: Vec<OpenPermit>,
        windows: Vec<WindowRow>,
        now: Time,
    ) -> Gate {
        if let Err(error) = rules.validate() {
            panic!("the rules of a gate are checked before it is made: {error}");
        }
        // No call can have started in the future: a clock that went back across the restart is not
        // believed.
        let now = open
            .iter()
            .map(|permit| permit.started_at)
            .fold(now, Time::max);
        let mut rows = BTreeMap::<String, Vec<WindowRow>>::new();
        for row in windows {
            rows.entry(row.limit.clone()).or_default().push(row);
        }
        let mut limits: Vec<Meter> = rules.limits.into_iter().map(Meter::new).collect();
        for limit in &mut limits {
            limit.restore(rows.remove(&limit.rule.name).unwrap_or_default(), now);
        }
        let mut permits = Permits::default();
        for permit in open {
            permits.open(permit.id, permit.priority, Stage::Call, permit.started_at);
            permits.hold(permit.id, permit.held_until);
        }
        Gate {
            limits,
            bounds: rules.max_deferrals,
            permits,
            lanes: Lanes::default(),
            ceiling: None,
            closure: None,
            pauses: Pauses::default(),
            now,
        }
    }

    /// Which lane may start its next call. Call [`Gate::release_holds`] first where a hold may have
    /// ended: this only decides.
    pub fn decide(&mut self, waiting: Waiting, now: Time) -> Decision {
        self.advance(now);
        match self
            .lanes
            .first(self.eligible(waiting, self.now), &self.bounds)
        {
            Some(lane) => Decision::Start(lane),
            None if waiting.any() => Decision::NotBefore(self.opens_at(waiting)),
            None => Decision::Idle,
        }
    }

    /// Takes the permit that [`Gate::decide`] just offered, in every limit. Persist the permit and
    /// the rows before the call leaves. `waiting` is what `decide` was asked with.
    ///
    /// # Panics
    /// If a limit does not admit the call, or the permit is open already.
    pub fn start(
        &mut self,
        id: PermitId,
        priority: Priority,
        waiting: Waiting,
        now: Time,
    ) -> Vec<WindowRow> {
        self.advance(now);
        let waiting = waiting.with(priority);
        let eligible = self.eligible(waiting, self.now);
        assert!(
            eligible.has(priority),
            "permit {id}: a {priority} call starts that the gate does not admit"
        );
        self.permits
            .open(id, priority, waiting.next(priority), self.now);
        self.lanes.started(priority, eligible, &self.bounds);
        if let Some(closure) = &mut self.closure {
            closure.started(id);
        }
        let now = self.now;
        self.limits
            .iter_mut()
            .filter_map(|limit| limit.started(priority, now))
            .collect()
    }

    /// The answer arrived, whatever it says: the call is no longer in flight, and its place in each
    /// window is free one length after now (after the start, where the window counts from the
    /// send). `now` must be read after the answer.
    ///
    /// # Panics
    /// If the permit is not open.
    pub fn finish(&mut self, id: PermitId, now: Time) -> Vec<WindowRow> {
        self.advance(now);
        if let Some(closure) = &mut self.closure {
            closure.answered(id);
        }
        self.close(id, self.now)
    }

    /// The vendor accepted the call and goes on with it as a job. In windows and in limits that count
    /// requests the call is over, as with [`Gate::finish`]; in limits that count jobs it keeps its
    /// place until `finish` of the same permit, when the job has ended. For a gate whose
    /// [`Gate::counts_jobs`] is false, `finish` the call instead.
    ///
    /// # Panics
    /// If the permit is not open.
    pub fn accepted(&mut self, id: PermitId, now: Time) -> Vec<WindowRow> {
        self.advance(now);
        if let Some(closure) = &mut self.closure {
            closure.answered(id);
        }
        let priority = self.permits.become_job(id);
        let now = self.now;
        self.answered_in_windows(priority, now)
    }

    /// After [`Gate::restore`]: the job of this permit still runs, as far as the host knows. Its
    /// permit must not be among those that were restored.
    ///
    /// # Panics
    /// If the permit is open already.
    pub fn restore_job(&mut self, id: PermitId, priority: Priority, started_at: Time) {
        self.permits.open(id, priority, Stage::Job, started_at);
    }

    /// The outcome is unknown (a time-out, a lost connection): the permit keeps its place in every
    /// limit until `until`, the latest moment at which the vendor may still count the call. A later
    /// hold or answer replaces this one.
    ///
    /// # Panics
    /// If the permit is not open.
    pub fn hold(&mut self, id: PermitId, until: Time) {
        if let Some(closure) = &mut self.closure {
            closure.held(id);
        }
        self.permits.hold(id, until.max(self.now));
    }

    /// Closes the permits whose hold has ended, as if each had been answered at the end of its
    /// hold.
    pub fn release_holds(&mut self, now: Time) -> Vec<Released> {
        self.advance(now);
        let mut released = Vec::new();
        while let Some((end, id)) = self.permits.ended_hold(self.now) {
            released.push(Released {
                id,
                rows: self.close(id, end),
            });
        }
        released
    }

    /// The vendor refused the call of this permit. Call it before [`Gate::finish`] of that call, so
    /// that the call itself counts as in flight. `jitter` is any random number; it spreads the pauses
    /// whose length the vendor did not state.
    ///
    /// A concurrency throttle lowers the ceiling, but once per round trip: the refusals of calls that
    /// were started before it was lowered teach nothing new. With a ceiling of one call there is
    /// nothing to lower, and the target closes as for a window throttle.
    pub fn refused(
        &mut self,
        id: PermitId,
        kind: Throttle,
        now: Time,
        jitter: u64,
    ) -> ThrottleReport {
        let started_at = self.permits.started_at(id);
        self.advance(now);
        let under_our_limit = self.has_room(matches!(kind, Throttle::Concurrency));
        match (kind, self.tightest_concurrency()) {
            (Throttle::Concurrency, Some(ceiling)) => self.lower(ceiling, started_at, jitter),
            // Without a limit on calls in flight there is nothing to lower: a pause is all that
            // helps.
            (Throttle::Concurrency, None) => self.shut(None, jitter),
            (Throttle::Window { retry_after }, _) => self.shut(retry_after, jitter),
        }
        ThrottleReport {
            under_our_limit,
            learned_ceiling: self.learned_ceiling(self.now),
            closed_until: self
                .closure
                .as_ref()
                .map(Closure::until)
                .filter(|until| *until > self.now),
        }
    }

    /// An answer that refused nobody says that none of the vendor's calls are left for `resets_in`. If our own
    /// windows have room, somebody else uses the account or a limit is too high: the target closes
    /// until then, before the first throttle, and reopens with a trickle. If one of them is full, the
    /// vendor says no more than we know, and what we count is finer than a header.
    ///
    /// Answers until when the target is closed, if this closed it.
    pub fn used_up(&mut self, resets_in: Duration, now: Time) -> Option<Time> {
        self.advance(now);
        let until = self.now.saturating_add(resets_in);
        if until <= self.now || !self.has_room(false) {
            return None;
        }
        let closure = Closure::announced(self.closure.as_ref(), until, self.now);
        let until = closure.until();
        self.closure = Some(closure);
        Some(until)
    }

    /// Starts nothing any more, in the whole target or in one lane, until [`Gate::resume`]. Calls
    /// in flight go on.
    pub fn pause(&mut self, scope: Scope) {
        self.pauses.set(scope, true);
    }

    /// Ends the pause of the target or of one lane; each is paused apart.
    pub fn resume(&mut self, scope: Scope) {
        self.pauses.set(scope, false);
    }

    /// What is paused, the target before its lanes.
    pub fn paused(&self) -> Vec<Scope> {
        self.pauses.scopes()
    }

    /// The most calls a second that each limit admits in the long run if every call takes `latency`,
    /// in the order of the rules. See [`crate::Limit::reachable_rate`].
    pub fn reachable_rates(&self, latency: Duration) -> Vec<f64> {
        let limits = self.limits.iter();
        limits
            .map(|limit| limit.rule.reachable_rate(latency))
            .collect()
    }

    /// Forgets what throttles taught: the ceiling is the configured one, the target is open.
    pub fn forget_throttles(&mut self) {
        self.ceiling = None;
        self.closure = None;
    }

    /// The earliest moment at which time alone may change a decision: the end of a hold, a place
    /// that is free again in a limit that refuses somebody, the reopening of the target, the rise
    /// of a learned ceiling.
    pub fn next_change(&self, now: Time) -> Option<Time> {
        let now = self.at(now);
        let around = self.around(now);
        let opens = match self.opening(now) {
            Opening::ClosedUntil(until) => Some(until),
            Opening::Open | Opening::Full { .. } => None,
        };
        let refusals = Priority::ALL
            .into_iter()
            .flat_map(|lane| [(lane, Stage::Call), (lane, Stage::Poll)])
            .flat_map(|next| self.limits.iter().map(move |limit| (next, limit)));
        refusals
            .filter_map(|((lane, stage), limit)| limit.frees_at(lane, stage, around))
            .fold(
                earliest(opens, self.permits.first_hold_end()),
                |first, time| earliest(first, Some(time)),
            )
    }

    /// The lanes that wait and whose next call everything admits.
    pub(crate) fn eligible(&self, waiting: Waiting, now: Time) -> Waiting {
        let mut eligible = Waiting::NONE;
        for lane in waiting.lanes() {
            eligible.set(lane, self.admits(lane, waiting.next(lane), now));
        }
        eligible
    }

    fn admits(&self, lane: Priority, stage: Stage, now: Time) -> bool {
        let around = self.around(now);
        self.pauses.of(lane).is_none()
            && self.opening(now) == Opening::Open
            && self
                .limits
                .iter()
                .all(|limit| limit.admits(lane, stage, around))
    }

    /// Which of the eligible lanes would start.
    pub(crate) fn first(&self, eligible: Waiting) -> Option<Priority> {
        self.lanes.first(eligible, &self.bounds)
    }

    pub(crate) fn opening(&self, now: Time) -> Opening {
        self.closure
            .as_ref()
            .map_or(Opening::Open, |closure| closure.opening(now))
    }

    /// What the limits read.
    pub(crate) fn around(&self, now: Time) -> Surroundings<'_> {
        Surroundings {
            permits: &self.permits,
            ceiling: self.ceiling,
            now,
        }
    }

    /// The moment to take `now` for.
    pub(crate) fn at(&self, now: Time) -> Time {
        self.now.max(now)
    }

    pub(crate) fn advance(&mut self, now: Time) {
        self.now = self.at(now);
        for limit in &mut self.limits {
            limit.expire(self.now);
        }
    }

    fn close(&mut self, id: PermitId, answered_at: Time) -> Vec<WindowRow> {
        match self.permits.close(id) {
            // Its request was answered when the vendor accepted it.
            (_, Stage::Job) => Vec::new(),
            (priority, Stage::Call | Stage::Poll) => {
                self.answered_in_windows(priority, answered_at)
            }
        }
    }

    fn answered_in_windows(&mut self, priority: Priority, answered_at: Time) -> Vec<WindowRow> {
        let now = self.now;
        self.limits
            .iter_mut()
            .filter_map(|limit| limit.answered(priority, answered_at, now))
            .collect()
    }

    /// When the first of the waiting lanes, none of which is eligible, may become so by time alone.
    fn opens_at(&self, waiting: Waiting) -> Option<Time> {
        waiting
            .lanes()
            .filter_map(|lane| self.lane_opens_at(lane, waiting.next(lane)))
            .min()
    }

    /// A lane opens when the last of its obstacles is gone; never, if one of them does not go by
    /// itself.
    fn lane_opens_at(&self, lane: Priority, stage: Stage) -> Option<Time> {
        let around = self.around(self.now);
        let mut opens = match (self.pauses.of(lane), self.opening(self.now)) {
            (Some(_), _) | (None, Opening::Full { .. }) => return None,
            (None, Opening::ClosedUntil(until)) => until,
            (None, Opening::Open) => self.now,
        };
        for limit in self
            .limits
            .iter()
            .filter(|limit| !limit.admits(lane, stage, around))
        {
            opens = opens.max(limit.frees_at(lane, stage, around)?);
        }
        Some(opens)
    }

    /// Whether all limits of one kind, as configured, have a place left.
    fn has_room(&self, concurrency: bool) -> bool {
        let around = self.around(self.now);
        let mut limits = self
            .limits
            .iter()
            .filter(|limit| limit.is_concurrency() == concurrency);
        limits.all(|limit| limit.taken(around).total() < limit.rule.max())
    }

    /// The most calls that may be in flight at present, if any limit bounds them.
    fn tightest_concurrency(&self) -> Option<u32> {
        let around = self.around(self.now);
        let limits = self
            .limits
            .iter()
            .filter(|limit| limit.is_concurrency() && limit.counts_requests());
        limits
            .map(|limit| u32::try_from(limit.max(around)).unwrap_or(u32::MAX))
            .min()
    }

    /// Lowers the ceiling after the refusal of a call that was started at this time, unless the call
    /// left before the last lowering. Below one call a ceiling cannot go, and only a pause leaves the
    /// vendor alone.
    fn lower(&mut self, ceiling: u32, started_at: Option<Time>, jitter: u64) {
        let left_before = self
            .ceiling
            .zip(started_at)
            .is_some_and(|(ceiling, started_at)| started_at < ceiling.lowered_at());
        if !left_before {
            self.ceiling = Some(Ceiling::below(ceiling, self.now));
            if ceiling == 1 {
                return self.shut(None, jitter);
            }
        }
        if let Some(closure) = &mut self.closure {
            closure.narrow();
        }
    }

    fn shut(&mut self, retry_after: Option<Duration>, jitter: u64) {
        self.closure = Some(Closure::after(
            self.closure.as_ref(),
            retry_after,
            self.now,
            jitter,
        ));
    }
}
