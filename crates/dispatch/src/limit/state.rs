//! A limit at work: what it has, what is taken, and whether it admits one more call.
//!
//! A concurrency limit has no state of its own: the open permits are its state. A window adds its
//! unreleased slots.

use std::num::NonZeroU64;

use super::pace::Schedule;
use super::reading::{Reading, ShareReading};
use super::slot::WindowRow;
use super::window::Window;
use crate::calendar_clock::CalendarClock;
use crate::explain::Holder;
use crate::feedback::Ceiling;
use crate::permit::{Permits, Stage};
use crate::priority::Priority;
use crate::rules::{CountFrom, Counts, Limit, Taken};
use crate::time::{Time, earliest};

/// One limit and what it remembers.
#[derive(Clone, Debug)]
pub(crate) struct LimitState {
    pub(crate) rule: Limit,
    pub(super) window: Option<Window>,
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

impl LimitState {
    pub(crate) fn new(rule: Limit) -> LimitState {
        LimitState {
            window: Window::of(&rule),
            schedule: Schedule::of(&rule),
            rule,
        }
    }

    pub(crate) fn restore(&mut self, rows: Vec<WindowRow>, now: Time) {
        if let Some(window) = &mut self.window {
            window.restore(rows, now);
        }
    }

    /// As [`Window::keep_calendar`].
    pub(crate) fn keep_calendar(&mut self, clock: CalendarClock) {
        if let Some(window) = &mut self.window {
            window.keep_calendar(clock);
        }
    }

    /// As [`Window::follow_calendar`].
    pub(crate) fn follow_calendar(&mut self, clock: CalendarClock) -> bool {
        self.window
            .as_mut()
            .is_some_and(|window| window.follow_calendar(clock))
    }

    /// The rows of the slots not yet released at `now`.
    pub(crate) fn rows(&self, now: Time) -> impl Iterator<Item = WindowRow> {
        let window = self.window.iter();
        window.flat_map(move |window| window.rows(&self.rule.name, now))
    }

    pub(crate) fn is_concurrency(&self) -> bool {
        self.window.is_none()
    }

    /// Whether an open permit has a slot here. A window that counts from the send counts the send
    /// alone.
    pub(crate) fn counts_open_calls(&self) -> bool {
        self.window
            .as_ref()
            .is_none_or(|window| window.count_from() == CountFrom::Answer)
    }

    /// Slots taken, by priority.
    pub(crate) fn taken(&self, context: LimitContext<'_>) -> Taken {
        let cooling = self
            .window
            .as_ref()
            .map_or(Taken::default(), |window| window.taken(context.now));
        match (self.is_concurrency(), self.rule.counts) {
            (true, Counts::Jobs) => context.permits.jobs(),
            (true, Counts::RequestsAndJobs) => context.permits.all(),
            _ if self.counts_open_calls() => cooling.and(context.permits.requests()),
            _ => cooling,
        }
    }

    /// Slots there are now: what is configured, or what was learned where that is less.
    pub(crate) fn max(&self, context: LimitContext<'_>) -> u64 {
        match (self.is_concurrency(), context.ceiling) {
            // The vendor refuses requests, not jobs that it has accepted.
            (true, Some(ceiling)) if self.counts_requests() => {
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

    pub(crate) fn read(
        &self,
        priority: Priority,
        stage: Stage,
        context: LimitContext<'_>,
    ) -> Reading {
        let taken = self.taken(context);
        let share = self.rule.share.of(priority).map(|share| ShareReading {
            used: taken.of(priority),
            max: u64::from(share),
        });
        let mut reading = Reading {
            used: taken.total(),
            max: self.max(context),
            kept: self.rule.reserve.kept_from(priority, taken),
            kept_for_polls: 0,
            share,
        };
        if !self.counts_jobs() {
            return reading;
        }
        match (stage, self.rule.counts) {
            // Jobs that filled the limit to its last slot could never be polled.
            (Stage::Call, Counts::RequestsAndJobs) if reading.max > 1 => reading.kept_for_polls = 1,
            // A poll is not a job.
            (Stage::Poll, Counts::Jobs) => {
                return Reading {
                    used: 0,
                    max: 1,
                    kept: 0,
                    kept_for_polls: 0,
                    share: None,
                };
            }
            // The job that is polled may fill the share.
            (Stage::Poll, _) => reading.share = None,
            _ => {}
        }
        reading
    }

    pub(crate) fn admits(
        &self,
        priority: Priority,
        stage: Stage,
        context: LimitContext<'_>,
    ) -> bool {
        self.read(priority, stage, context).admits()
    }

    /// What in this limit holds a call that it refuses.
    pub(crate) fn holder(
        &self,
        priority: Priority,
        stage: Stage,
        context: LimitContext<'_>,
    ) -> Holder {
        let reading = self.read(priority, stage, context);
        let limit = self.rule.name.clone();
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
        if used + reading.kept >= max {
            return Holder::Reserve {
                limit,
                used,
                max,
                kept: reading.kept,
            };
        }
        Holder::PlaceForPolls { limit, used, max }
    }

    /// For a call that it refuses: before this moment time alone cannot make it admit. None if only
    /// an answer can.
    pub(crate) fn frees_at(
        &self,
        priority: Priority,
        stage: Stage,
        context: LimitContext<'_>,
    ) -> Option<Time> {
        let reading = self.read(priority, stage, context);
        let whole = reading.missing();
        let share = reading.missing_of_share();
        let whole_frees_at = whole.map(|missing| self.gives_back(missing, None, context));
        let share_frees_at = share.map(|missing| self.gives_back(missing, Some(priority), context));
        match (whole_frees_at, share_frees_at) {
            (None, None) => None,
            (Some(only), None) | (None, Some(only)) => only,
            (Some(whole), Some(share)) => Some(whole?.max(share?)),
        }
    }

    /// Before this moment time alone does not give so many slots back, of all or of one priority.
    fn gives_back(
        &self,
        missing: NonZeroU64,
        priority: Option<Priority>,
        context: LimitContext<'_>,
    ) -> Option<Time> {
        let hold_end = context.permits.first_hold_end();
        match &self.window {
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
                    held.map(|end| window.cools_until(end)),
                )
            }
        }
    }

    pub(crate) fn expire(&mut self, now: Time) {
        if let Some(window) = &mut self.window {
            window.expire(now);
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
    pub(crate) fn started(&mut self, priority: Priority, now: Time) -> Option<WindowRow> {
        self.count(CountFrom::Send, priority, now, now)
    }

    /// A call was answered, or its hold ended, at `answered_at`.
    pub(crate) fn answered(
        &mut self,
        priority: Priority,
        answered_at: Time,
        now: Time,
    ) -> Option<WindowRow> {
        self.count(CountFrom::Answer, priority, answered_at, now)
    }

    /// A call that was given its permit at `started_at` never left.
    pub(crate) fn not_started(
        &mut self,
        priority: Priority,
        started_at: Time,
        now: Time,
    ) -> Option<WindowRow> {
        let window = self
            .window
            .as_mut()
            .filter(|window| window.count_from() == CountFrom::Send)?;
        window.uncount(&self.rule.name, priority, started_at, now)
    }

    fn count(
        &mut self,
        moment: CountFrom,
        priority: Priority,
        from: Time,
        now: Time,
    ) -> Option<WindowRow> {
        let window = self
            .window
            .as_mut()
            .filter(|window| window.count_from() == moment)?;
        window.count(&self.rule.name, priority, from, now)
    }
}
