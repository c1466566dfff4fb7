//! A limit at work: what it has, what is taken, and whether it admits one more call.
//!
//! A limit that counts every call once has no state of its own if it is on calls in flight: the open permits are its state. A
//! window adds the unreleased slots. A limit with a tariff keeps tallies.

use std::num::NonZeroU64;

use super::pace::Schedule;
use super::reading::{Reading, ShareReading};
use super::slot::WindowRow;
use super::tally::Tallies;
use super::window::Window;
use crate::calendar_clock::CalendarClock;
use crate::explain::Holder;
use crate::feedback::Ceiling;
use crate::permit::NextCall;
use crate::permit::{Permits, Stage};
use crate::priority::Priority;
use crate::rules::{Charge, Charges, CountFrom, Counts, Key, Limit, Line, Taken, Tariff};
use crate::time::{Time, earliest};

/// One limit and what it remembers.
#[derive(Clone, Debug)]
pub(crate) struct LimitState {
    pub(crate) rule: Limit,
    /// Its tariff, by its place among those of the gate; none where it counts every call once.
    pub(crate) tariff: Option<usize>,
    /// Of a limit without a tariff.
    pub(super) window: Option<Window>,
    /// Of a limit with one.
    pub(super) tallies: Tallies,
    /// Where it is filled evenly.
    pub(super) schedule: Option<Schedule>,
}

/// Everything else that a limit reads to decide.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LimitContext<'a> {
    pub(crate) permits: &'a Permits,
    /// The ceiling learned from the vendor's throttles.
    pub(crate) ceiling: Option<Ceiling>,
    pub(crate) now: Time,
}

/// What a limit is asked for by one call.
#[derive(Clone, Copy, Debug)]
struct Demand {
    /// Whose places; none in a limit without a tariff.
    key: Option<Key>,
    cost: u64,
}

impl LimitState {
    /// A limit of a gate with these tariffs.
    pub(crate) fn new(rule: Limit, tariffs: &[Tariff]) -> LimitState {
        let tariff = tariffs.iter().position(|tariff| *tariff == rule.tariff);
        LimitState {
            window: Window::of(&rule).filter(|_| tariff.is_none()),
            schedule: Schedule::of(&rule),
            tariff,
            tallies: Tallies::default(),
            rule,
        }
    }

    pub(crate) fn restore(&mut self, mut rows: Vec<WindowRow>, now: Time) {
        if self.tariff.is_some() {
            return self.tallies.restore(&self.rule, rows, now);
        }
        if let Some(window) = &mut self.window {
            rows.retain(|row| row.key.is_none());
            window.restore(rows, now);
        }
    }

    /// What this limit is charged for a call; none if it has no tariff, or the tariff leaves the call out.
    fn charge(&self, charges: &Charges) -> Option<Charge> {
        charges.by(self.tariff?)
    }

    /// What a call asks of it; none if its tariff leaves the call out.
    fn demand(&self, charges: &Charges) -> Option<Demand> {
        if self.tariff.is_none() {
            return Some(Demand { key: None, cost: 1 });
        }
        self.charge(charges).map(|charge| Demand {
            key: Some(charge.key),
            cost: u64::from(charge.cost.get()),
        })
    }

    /// A request that is charged so goes out, or was out at a restart: it has its places.
    pub(crate) fn open(&mut self, priority: Priority, charges: &Charges) {
        if let Some(charge) = self
            .charge(charges)
            .filter(|_| self.rule.counts_open_calls())
        {
            self.tallies.open(&self.rule, priority, charge);
        }
    }

    /// A request is out no more.
    pub(crate) fn close(&mut self, priority: Priority, charges: &Charges) {
        if let Some(charge) = self
            .charge(charges)
            .filter(|_| self.rule.counts_open_calls())
        {
            self.tallies.close(priority, charge);
        }
    }

    /// As [`Window::keep_calendar`].
    pub(crate) fn keep_calendar(&mut self, clock: CalendarClock) {
        self.tallies.keep_calendar(clock);
        if let Some(window) = &mut self.window {
            window.keep_calendar(clock);
        }
    }

    /// As [`Window::follow_calendar`].
    pub(crate) fn follow_calendar(&mut self, clock: CalendarClock) -> bool {
        let of_keys = self.tallies.follow_calendar(clock);
        let window = self.window.as_mut();
        of_keys | window.is_some_and(|window| window.follow_calendar(clock))
    }

    /// The rows of the slots not yet released at `now`.
    pub(crate) fn rows(&self, now: Time) -> impl Iterator<Item = WindowRow> {
        let window = self.window.iter();
        let rows = window.flat_map(move |window| window.rows(&self.rule.name, now));
        rows.chain(self.tallies.rows(&self.rule.name, now))
    }

    pub(crate) fn is_concurrency(&self) -> bool {
        self.rule.is_concurrency()
    }

    /// Whether an open permit has a slot here. A window that counts from the send counts the send
    /// alone.
    pub(crate) fn counts_open_calls(&self) -> bool {
        self.rule.counts_open_calls()
    }

    /// Slots taken, by priority: of a limit that is kept by a key, those of the key that has most of them.
    pub(crate) fn taken(&self, context: LimitContext<'_>) -> Taken {
        if self.tariff.is_some() {
            let taken = self.tallies.all().map(|tally| tally.taken(context.now));
            return taken.max_by_key(|taken| taken.total()).unwrap_or_default();
        }
        self.taken_by_all(context)
    }

    /// Places that are taken of those that a call with these charges would take too; none if its tariff leaves the call out.
    pub(crate) fn taken_from(&self, charges: &Charges, context: LimitContext<'_>) -> Option<Taken> {
        let demand = self.demand(charges)?;
        Some(match demand.key {
            None => self.taken_by_all(context),
            Some(key) => {
                let tally = self.tallies.get(key);
                tally.map_or(Taken::default(), |tally| tally.taken(context.now))
            }
        })
    }

    /// How many keys have places taken; none where the limit is not kept by one.
    pub(crate) fn keys(&self) -> Option<usize> {
        self.rule.tariff.by.as_ref()?;
        Some(self.tallies.len())
    }

    /// When places of some key are free again by time alone.
    pub(crate) fn first_free(&self) -> Option<Time> {
        self.tallies.first_free()
    }

    fn taken_by_all(&self, context: LimitContext<'_>) -> Taken {
        let expiring = self
            .window
            .as_ref()
            .map_or(Taken::default(), |window| window.taken(context.now));
        match (self.is_concurrency(), self.rule.counts) {
            (true, Counts::Jobs) => context.permits.jobs(),
            (true, Counts::RequestsAndJobs) => context.permits.all(),
            _ if self.counts_open_calls() => expiring.and(context.permits.requests()),
            _ => expiring,
        }
    }

    /// Slots there are now: what is configured, or what was learned where that is less.
    pub(crate) fn max(&self, context: LimitContext<'_>) -> u64 {
        match (self.is_concurrency(), context.ceiling) {
            // The vendor refuses requests, not jobs that it has accepted.
            (true, Some(ceiling)) if self.counts_requests() && self.tariff.is_none() => {
                u64::from(ceiling.at(context.now)).min(self.rule.max())
            }
            _ => self.rule.max(),
        }
    }

    /// Whether a concurrency limit counts the requests in flight.
    pub(crate) fn counts_requests(&self) -> bool {
        self.rule.counts != Counts::Jobs
    }

    /// Whether it counts jobs after their calls were answered.
    pub(crate) fn counts_jobs(&self) -> bool {
        self.is_concurrency() && self.rule.counts != Counts::Requests
    }

    /// What it says about a call; none if its tariff leaves the call out.
    pub(crate) fn read(
        &self,
        priority: Priority,
        call: NextCall,
        context: LimitContext<'_>,
    ) -> Option<Reading> {
        let taken = self.taken_from(&call.charges, context)?;
        let cost = self.demand(&call.charges)?.cost;
        let share = self.rule.share.of(priority).map(|share| ShareReading {
            used: taken.of(priority),
            max: u64::from(share),
        });
        let mut reading = Reading {
            cost,
            used: taken.total(),
            max: self.max(context),
            kept: self.rule.reserve.kept_from(priority, taken),
            kept_for_polls: 0,
            share,
        };
        if !self.counts_jobs() {
            return Some(reading);
        }
        match (call.stage, self.rule.counts) {
            // Jobs that fill the limit to its last place could never be asked after.
            (Stage::Call, Counts::RequestsAndJobs) if reading.max > 1 => reading.kept_for_polls = 1,
            // A poll is not a job.
            (Stage::Poll, Counts::Jobs) => {
                return Some(Reading {
                    cost: 1,
                    used: 0,
                    max: 1,
                    kept: 0,
                    kept_for_polls: 0,
                    share: None,
                });
            }
            // The job that is polled may fill the share.
            (Stage::Poll, _) => reading.share = None,
            _ => {}
        }
        Some(reading)
    }

    pub(crate) fn admits(
        &self,
        priority: Priority,
        call: NextCall,
        context: LimitContext<'_>,
    ) -> bool {
        self.read(priority, call, context)
            .is_none_or(Reading::admits)
    }

    /// What in this limit holds a call that it refuses.
    pub(crate) fn holder(
        &self,
        priority: Priority,
        call: NextCall,
        context: LimitContext<'_>,
    ) -> Holder {
        let limit = self.rule.name.clone();
        let Some(reading) = self.read(priority, call, context) else {
            return Holder::Nothing;
        };
        let (used, max) = (reading.used, reading.max);
        if let (true, Some(share)) = (reading.fits_but_for_its_share(), reading.share) {
            return Holder::Share {
                limit,
                priority,
                used: share.used,
                max: share.max,
            };
        }
        if used >= self.rule.max() {
            let max = self.rule.max();
            return Holder::Limit { limit, used, max };
        }
        if used >= max {
            return Holder::LearnedCeiling {
                limit,
                used,
                ceiling: max,
                max: self.rule.max(),
            };
        }
        if reading.cost > 1 && reading.missing_but_for_cost().is_none() {
            return Holder::Cost {
                limit,
                used,
                max,
                cost: reading.cost,
            };
        }
        if used + reading.kept >= max {
            return Holder::Reserve {
                limit,
                used,
                max,
                kept: reading.kept,
            };
        }
        Holder::SlotForPolls { limit, used, max }
    }

    /// For a call that it refuses: before this moment time alone cannot make it admit. None if only
    /// an answer can.
    pub(crate) fn frees_at(
        &self,
        priority: Priority,
        call: NextCall,
        context: LimitContext<'_>,
    ) -> Option<Time> {
        let reading = self.read(priority, call, context)?;
        let window = self.window_of(&call.charges);
        let gives_back = |missing, of| self.gives_back(missing, of, window, context);
        let whole = reading.missing();
        let share = reading.missing_of_share();
        let whole_frees_at = whole.map(|missing| gives_back(missing, None));
        let share_frees_at = share.map(|missing| gives_back(missing, Some(priority)));
        match (whole_frees_at, share_frees_at) {
            (None, None) => None,
            (Some(only), None) | (None, Some(only)) => only,
            (Some(whole), Some(share)) => Some(whole?.max(share?)),
        }
    }

    /// The unreleased slots of those that a call with these charges would take too.
    pub(super) fn window_of(&self, charges: &Charges) -> Option<&Window> {
        match self.charge(charges) {
            Some(charge) => self.tallies.get(charge.key)?.window.as_ref(),
            None => self.window.as_ref(),
        }
    }

    /// Before this moment time alone does not give so many slots back, of all or of one priority.
    fn gives_back(
        &self,
        missing: NonZeroU64,
        priority: Option<Priority>,
        window: Option<&Window>,
        context: LimitContext<'_>,
    ) -> Option<Time> {
        let hold_end = context.permits.first_hold_end();
        match window {
            None => {
                let learned = priority.is_none() && self.max(context) < self.rule.max();
                let rises = context
                    .ceiling
                    .filter(|_| learned)
                    .map(|ceiling| ceiling.rises_at(context.now));
                earliest(hold_end, rises)
            }
            Some(window) => {
                let held = hold_end.filter(|_| self.counts_open_calls());
                earliest(
                    window.frees_at(missing.get(), priority, context.now),
                    held.map(|end| window.expires_at(end)),
                )
            }
        }
    }

    /// Forgets the places that are free by `now`; `freed` hears in which lines.
    pub(crate) fn expire(&mut self, now: Time, mut freed: impl FnMut(Line)) {
        if let Some(window) = &mut self.window {
            window.expire(now);
        }
        if let Some(tariff) = self.tariff {
            self.tallies.expire(now, |key| freed(Line { tariff, key }));
        }
    }

    /// When the schedule lets a lower lane start its next call; none without one.
    pub(crate) fn paced_until(&self) -> Option<Time> {
        self.schedule.map(Schedule::next)
    }

    /// Slots that no call in flight has: those that are given back over one length.
    pub(super) fn not_in_flight(&self, permits: &Permits) -> u64 {
        let in_flight = if self.counts_open_calls() {
            permits.requests().total()
        } else {
            0
        };
        self.rule.max().saturating_sub(in_flight)
    }

    /// A call was given its permit, which is open already: the schedule goes on.
    pub(crate) fn pace(&mut self, permits: &Permits, now: Time) {
        let places = self.not_in_flight(permits);
        if let Some(schedule) = &mut self.schedule {
            schedule.started(places, now);
        }
    }

    /// A call was given its permit.
    pub(crate) fn started(
        &mut self,
        priority: Priority,
        charges: &Charges,
        now: Time,
    ) -> Option<WindowRow> {
        self.open(priority, charges);
        self.count(CountFrom::Send, (priority, charges), now, now)
    }

    /// A call was answered, or its hold ended, at `answered_at`.
    pub(crate) fn answered(
        &mut self,
        priority: Priority,
        charges: &Charges,
        answered_at: Time,
        now: Time,
    ) -> Option<WindowRow> {
        // The places that cool are taken before those of the request are free.
        let row = self.count(CountFrom::Answer, (priority, charges), answered_at, now);
        self.close(priority, charges);
        row
    }

    /// A call that was given its permit at `started_at` never left.
    pub(crate) fn not_started(
        &mut self,
        priority: Priority,
        charges: &Charges,
        started_at: Time,
        now: Time,
    ) -> Option<WindowRow> {
        self.close(priority, charges);
        if self.rule.count_from != CountFrom::Send {
            return None;
        }
        if let Some(charge) = self.charge(charges) {
            let call = (priority, charge);
            return self.tallies.uncount(&self.rule, call, started_at, now);
        }
        let window = self.window.as_mut()?;
        window.uncount(&self.rule.name, (priority, 1), started_at, now)
    }

    fn count(
        &mut self,
        moment: CountFrom,
        (priority, charges): (Priority, &Charges),
        from: Time,
        now: Time,
    ) -> Option<WindowRow> {
        if self.rule.count_from != moment {
            return None;
        }
        if let Some(charge) = self.charge(charges) {
            return self
                .tallies
                .count(&self.rule, (priority, charge), from, now);
        }
        let window = self.window.as_mut()?;
        window.count(&self.rule.name, (priority, 1), from, now)
    }
}
