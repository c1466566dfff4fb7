//! What the calls that a tariff charges have taken of its limit: one tally for each key, and one for all where the limit is not
//! kept by a key. A key that has no free slot taken costs nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::slot::WindowRow;
use super::window::Window;
use crate::calendar_clock::CalendarClock;
use crate::priority::Priority;
use crate::rules::{Charge, CountFrom, Key, Limit, Taken};
use crate::time::Time;

/// The tallies of one limit.
#[derive(Clone, Debug, Default)]
pub(super) struct Tallies {
    of_key: BTreeMap<Key, Tally>,
    /// When slots of a key are free again.
    frees: BTreeSet<(Time, Key)>,
    calendar: CalendarClock,
}

/// What is taken under one key.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    /// By the requests that are out.
    open: Taken,
    /// The unreleased slots; none where the limit is on calls in flight.
    pub(super) window: Option<Window>,
}

impl Tally {
    /// Slots taken, by priority.
    pub(super) fn taken(&self, now: Time) -> Taken {
        let expiring = self.window.as_ref().map(|window| window.taken(now));
        self.open.and(expiring.unwrap_or_default())
    }

    fn is_empty(&self) -> bool {
        self.open.total() == 0 && self.window.as_ref().is_none_or(Window::is_empty)
    }
}

/// The key as rows have it: none where all calls have one tally.
fn row_key(key: Key) -> Option<Key> {
    (key != Key::ALL).then_some(key)
}

impl Tallies {
    pub(super) fn get(&self, key: Key) -> Option<&Tally> {
        self.of_key.get(&key)
    }

    /// How many keys have a slot taken.
    pub(super) fn len(&self) -> usize {
        self.of_key.len()
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Tally> {
        self.of_key.values()
    }

    /// When the first place is free again.
    pub(super) fn first_free(&self) -> Option<Time> {
        self.frees.first().map(|(until, _)| *until)
    }

    fn tally(&mut self, rule: &Limit, key: Key) -> &mut Tally {
        let calendar = self.calendar;
        self.of_key.entry(key).or_insert_with(|| Tally {
            open: Taken::default(),
            window: Window::of(rule).map(|mut window| {
                window.keep_calendar(calendar);
                window
            }),
        })
    }

    /// Takes back the rows of this limit.
    pub(super) fn restore(&mut self, rule: &Limit, rows: Vec<WindowRow>, now: Time) {
        let mut by_key = BTreeMap::<Key, Vec<WindowRow>>::new();
        for row in rows.into_iter().filter(|row| row.until > now) {
            // Rows of a limit that was kept by a key, or was not, mean nothing in one of the other kind.
            if row.key.is_some() == rule.tariff.by.is_some() {
                let key = row.key.unwrap_or(Key::ALL);
                by_key.entry(key).or_default().push(row);
            }
        }
        for (key, rows) in by_key {
            self.frees.extend(rows.iter().map(|row| (row.until, key)));
            if let Some(window) = &mut self.tally(rule, key).window {
                window.restore(rows, now);
            }
        }
    }

    /// A request goes out, and has its slots from now on.
    pub(super) fn open(&mut self, rule: &Limit, priority: Priority, charge: Charge) {
        let open = &mut self.tally(rule, charge.key).open;
        open.add(priority, u64::from(charge.cost.get()));
    }

    /// A request is out no more.
    pub(super) fn close(&mut self, priority: Priority, charge: Charge) {
        let tally = self.of_key.get_mut(&charge.key);
        let tally = tally.expect("a request that is out has its places");
        tally.open.remove(priority, u64::from(charge.cost.get()));
        self.forget_if_empty(charge.key);
    }

    /// The slots of a call cool from `from` on.
    pub(super) fn count(
        &mut self,
        rule: &Limit,
        (priority, charge): (Priority, Charge),
        from: Time,
        now: Time,
    ) -> Option<WindowRow> {
        let window = self.tally(rule, charge.key).window.as_mut();
        let row = window
            .and_then(|window| window.count(&rule.name, (priority, charge.cost.get()), from, now));
        if let Some(row) = &row {
            self.frees.insert((row.until, charge.key));
        }
        self.forget_if_empty(charge.key);
        let key = row_key(charge.key);
        row.map(|row| WindowRow { key, ..row })
    }

    /// Frees the slots of a call that was counted from `from` on and never left.
    pub(super) fn uncount(
        &mut self,
        rule: &Limit,
        (priority, charge): (Priority, Charge),
        from: Time,
        now: Time,
    ) -> Option<WindowRow> {
        let window = self.of_key.get_mut(&charge.key)?.window.as_mut()?;
        let row = window.uncount(&rule.name, (priority, charge.cost.get()), from, now);
        self.forget_if_empty(charge.key);
        let key = row_key(charge.key);
        row.map(|row| WindowRow { key, ..row })
    }

    /// Forgets the slots that are free by `now`; `freed` hears of each key that had one.
    pub(super) fn expire(&mut self, now: Time, mut freed: impl FnMut(Key)) {
        while let Some((_, key)) = self
            .frees
            .first()
            .copied()
            .filter(|(until, _)| *until <= now)
        {
            self.frees.pop_first();
            if let Some(window) = self
                .of_key
                .get_mut(&key)
                .and_then(|tally| tally.window.as_mut())
            {
                window.expire(now);
            }
            self.forget_if_empty(key);
            freed(key);
        }
    }

    fn forget_if_empty(&mut self, key: Key) {
        if self.of_key.get(&key).is_some_and(Tally::is_empty) {
            self.of_key.remove(&key);
        }
    }

    /// As [`Window::keep_calendar`].
    pub(super) fn keep_calendar(&mut self, clock: CalendarClock) {
        self.calendar = clock;
        let windows = self.of_key.values_mut();
        for window in windows.filter_map(|tally| tally.window.as_mut()) {
            window.keep_calendar(clock);
        }
    }

    /// As [`Window::follow_calendar`].
    pub(super) fn follow_calendar(&mut self, clock: CalendarClock) -> bool {
        self.calendar = clock;
        let mut changed = false;
        self.frees.clear();
        for (key, tally) in &mut self.of_key {
            let Some(window) = &mut tally.window else {
                continue;
            };
            changed |= window.follow_calendar(clock);
            let ends = window.rows("", Time::MIN).map(|row| (row.until, *key));
            self.frees.extend(ends);
        }
        changed
    }

    /// The rows of the unreleased slots at `now`.
    pub(super) fn rows(&self, limit: &str, now: Time) -> impl Iterator<Item = WindowRow> {
        self.of_key.iter().flat_map(move |(key, tally)| {
            let rows = tally.window.iter();
            rows.flat_map(move |window| window.rows(limit, now))
                .map(|row| WindowRow {
                    key: row_key(*key),
                    ..row
                })
        })
    }
}

impl Limit {
    /// Whether a request that is out has its slots here: not where a window counts from the send.
    pub(super) fn counts_open_calls(&self) -> bool {
        self.is_concurrency() || self.count_from == CountFrom::Answer
    }
}
