//! One window: at most N calls in every half-open span of its length, or in every period of a
//! calendar, as the vendor counts them.
//!
//! A place is taken by an open permit (see `permit.rs`) and then *cools*: it is free again one
//! window's length after the answer. Here are the cooling places only. The vendor counts a call at
//! some moment between permit and answer, so all calls it counts in one span have their places
//! taken together just before the span ends, and there are only N places.
//!
//! Up to [`EXACT_CALLS`] calls each place cools by itself. Above, places that would be free at
//! nearly the same moment cool together and are free at the later end of their bucket: never early,
//! at most a thousandth of the length late.
//!
//! Where the vendor counts by the calendar, all places cool until the next reset after the answer:
//! the vendor counted the call in the period of the answer or in an earlier one.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::calendar::Calendar;
use crate::priority::Priority;
use crate::reserve::Taken;
use crate::rules::{CountFrom, Limit, LimitKind};
use crate::time::{Time, micros};

/// The largest window whose places are counted one by one.
pub const EXACT_CALLS: u64 = 4_096;
/// The most buckets that a larger window has at once, for each priority it tells apart.
pub const MOST_BUCKETS: u32 = 1_024;
/// A bucket is this part of the window's length.
pub(crate) const BUCKETS_PER_WINDOW: u32 = 1_000;

/// A cooling place as the host persists it: upserted by `(limit, slot)` in the transaction of the
/// decision that made it. A row whose `until` has passed means nothing and may be pruned or
/// overwritten.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowRow {
    /// The limit, by name.
    pub limit: String,
    /// The row's number in the limit. Bounded: see [`Limit::most_rows`].
    pub slot: u32,
    /// When the places are free again.
    pub until: Time,
    /// How many places.
    pub count: u32,
}

impl WindowRow {
    /// A row of so many places of one priority; `number` is its own among those of the priority.
    pub(crate) fn of(
        limit: &str,
        priority: Priority,
        number: u32,
        until: Time,
        count: u32,
    ) -> WindowRow {
        let place = Place {
            until,
            number,
            priority,
            count,
        };
        row_of(limit, place)
    }

    /// The priority of its places; BATCH where the limit does not tell them apart.
    pub(crate) fn priority(&self) -> Priority {
        place_of(self.slot).0
    }
}

/// The buckets of a calendar: places cool until the next reset, so one is enough; another may still
/// be there when the next begins.
const CALENDAR_BUCKETS: u32 = 2;

impl Limit {
    /// The rows that this limit can have at most: none where it counts calls in flight, one for
    /// each place or bucket of a window; three times as many where a reserve or a share makes it
    /// remember the priority of each call.
    pub fn most_rows(&self) -> u64 {
        let places = Cooling::of(self).map_or(0, |cooling| u64::from(cooling.capacity()));
        let kinds = if self.tells_priorities_apart() { 3 } else { 1 };
        places * kinds
    }
}

/// How long the places of a window cool.
#[derive(Clone, Debug)]
enum Cooling {
    /// Each place one length.
    Exact { calls: u32, per: Duration },
    /// One length and on to the end of a bucket, whose length is in microseconds.
    Bucketed { per: Duration, bucket: i64 },
    /// Until the next reset.
    Calendar(Calendar),
}

impl Cooling {
    /// None for a limit on calls in flight.
    fn of(limit: &Limit) -> Option<Cooling> {
        Some(match limit.kind {
            LimitKind::Concurrency { .. } => return None,
            LimitKind::Window { calls, per } => {
                match u32::try_from(calls).ok().filter(|_| calls <= EXACT_CALLS) {
                    Some(calls) => Cooling::Exact { calls, per },
                    None => Cooling::Bucketed {
                        per,
                        bucket: micros(per) / i64::from(BUCKETS_PER_WINDOW),
                    },
                }
            }
            LimitKind::Calendar { ref reset, .. } => Cooling::Calendar(reset.clone()),
        })
    }

    /// The numbers that places or buckets are given.
    fn capacity(&self) -> u32 {
        match self {
            Cooling::Exact { calls, .. } => *calls,
            Cooling::Bucketed { .. } => MOST_BUCKETS,
            Cooling::Calendar(_) => CALENDAR_BUCKETS,
        }
    }

    /// When a place that was taken until `end` is free again.
    fn until(&self, end: Time) -> Time {
        match self {
            Cooling::Exact { per, .. } => end.saturating_add(*per),
            Cooling::Bucketed { per, bucket } => end.saturating_add(*per).round_up(*bucket),
            Cooling::Calendar(calendar) => calendar.next_reset(end),
        }
    }

    /// Whether places that are free at one moment share a row.
    fn is_bucketed(&self) -> bool {
        !matches!(self, Cooling::Exact { .. })
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Window {
    cooling_rule: Cooling,
    count_from: CountFrom,
    /// Whether a reserve or a share asks which priority took a place.
    by_priority: bool,
    /// Cooling places, the first to be free at the front.
    cooling: VecDeque<Place>,
    taken: Taken,
    /// For each priority, the numbers below `capacity` that no cooling place of it has.
    free: [Vec<u32>; 3],
    capacity: u32,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    until: Time,
    number: u32,
    priority: Priority,
    count: u32,
}

impl Window {
    /// The window of a limit; none for a limit on calls in flight.
    pub(crate) fn of(limit: &Limit) -> Option<Window> {
        let cooling_rule = Cooling::of(limit)?;
        let capacity = cooling_rule.capacity();
        let by_priority = limit.tells_priorities_apart();
        Some(Window {
            cooling_rule,
            count_from: limit.count_from,
            by_priority,
            cooling: VecDeque::new(),
            taken: Taken::default(),
            free: Priority::ALL.map(|priority| {
                let apart = by_priority || priority == Priority::Batch;
                if apart {
                    (0..capacity).rev().collect()
                } else {
                    Vec::new()
                }
            }),
            capacity,
        })
    }

    /// Takes back the rows of this window. What is free by `now` is dropped; rows of a former,
    /// larger limit still count.
    pub(crate) fn restore(&mut self, rows: Vec<WindowRow>, now: Time) {
        for row in rows
            .into_iter()
            .filter(|row| row.until > now && row.count > 0)
        {
            let (priority, number) = place_of(row.slot);
            self.cool(Place {
                until: row.until,
                number,
                priority,
                count: row.count,
            });
        }
        for priority in Priority::ALL {
            let used = self.numbers(priority);
            self.free[priority.index()].retain(|number| !used.contains(number));
        }
    }

    pub(crate) fn count_from(&self) -> CountFrom {
        self.count_from
    }

    /// When a place that is taken until `end` would be free again.
    pub(crate) fn cools_until(&self, end: Time) -> Time {
        self.cooling_rule.until(end)
    }

    /// Cooling places at `now`, by priority.
    pub(crate) fn taken(&self, now: Time) -> Taken {
        let mut taken = self.taken;
        for place in self.cooling.iter().take_while(|place| place.until <= now) {
            taken.remove(place.priority, u64::from(place.count));
        }
        taken
    }

    /// Forgets the places that are free by `now`.
    pub(crate) fn expire(&mut self, now: Time) {
        while let Some(place) = self.cooling.pop_front_if(|place| place.until <= now) {
            self.taken.remove(place.priority, u64::from(place.count));
            if place.number < self.capacity {
                self.free[place.priority.index()].push(place.number);
            }
        }
    }

    /// Lets the place of a call cool from `from` on. Nothing is left to persist if it is free by
    /// `now` already.
    pub(crate) fn count(
        &mut self,
        limit: &str,
        priority: Priority,
        from: Time,
        now: Time,
    ) -> Option<WindowRow> {
        self.expire(now);
        let priority = self.kept_as(priority);
        let until = self.cools_until(from);
        if until <= now {
            return None;
        }
        let place = match self.bucket_at(until, priority) {
            Some(index) => {
                self.taken.add(priority, 1);
                let place = &mut self.cooling[index];
                place.count += 1;
                *place
            }
            None => {
                let place = Place {
                    until,
                    number: self.free_number(priority),
                    priority,
                    count: 1,
                };
                self.cool(place);
                place
            }
        };
        Some(row_of(limit, place))
    }

    /// Frees the place of a call that was counted from `from` on and never left. A shared window may
    /// have moved the end of its cooling to a later one, never to an earlier.
    pub(crate) fn uncount(
        &mut self,
        limit: &str,
        priority: Priority,
        from: Time,
        now: Time,
    ) -> Option<WindowRow> {
        self.expire(now);
        let priority = self.kept_as(priority);
        let until = self.cools_until(from);
        let first = self.cooling.partition_point(|place| place.until < until);
        let mut later = self.cooling.range_mut(first..);
        let place = later.find(|place| place.priority == priority)?;
        place.count -= 1;
        let left = *place;
        self.taken.remove(priority, 1);
        if left.count == 0 {
            self.cooling
                .retain(|place| place.number != left.number || place.priority != left.priority);
            if left.number < self.capacity {
                self.free[priority.index()].push(left.number);
            }
        }
        Some(row_of(limit, left))
    }

    /// The priority that a place is kept under: BATCH for all, where nothing asks which took it.
    fn kept_as(&self, priority: Priority) -> Priority {
        if self.by_priority {
            priority
        } else {
            Priority::Batch
        }
    }

    /// The rows of all places that cool at `now`.
    pub(crate) fn rows(&self, limit: &str, now: Time) -> impl Iterator<Item = WindowRow> {
        let cooling = self.cooling.iter().filter(move |place| place.until > now);
        cooling.map(move |place| row_of(limit, *place))
    }

    /// When `places` of the cooling places are free, by time alone; none if there are not so many.
    /// `priority`: those of one priority alone.
    pub(crate) fn frees_at(
        &self,
        places: u64,
        priority: Option<Priority>,
        now: Time,
    ) -> Option<Time> {
        let cooling = self.cooling.iter().skip_while(|place| place.until <= now);
        let asked = |place: &&Place| priority.is_none_or(|priority| place.priority == priority);
        let mut freed = 0;
        for place in cooling.filter(asked) {
            freed += u64::from(place.count);
            if freed >= places {
                return Some(place.until);
            }
        }
        None
    }

    /// Keeps the places in the order in which they are free. Only the end of a hold comes out of
    /// order.
    fn cool(&mut self, place: Place) {
        let index = self
            .cooling
            .partition_point(|other| other.until <= place.until);
        self.cooling.insert(index, place);
        self.taken.add(place.priority, u64::from(place.count));
    }

    /// The bucket of this end and priority, if it has begun.
    fn bucket_at(&self, until: Time, priority: Priority) -> Option<usize> {
        if !self.cooling_rule.is_bucketed() {
            return None;
        }
        let first = self.cooling.partition_point(|place| place.until < until);
        let same_end = self
            .cooling
            .iter()
            .skip(first)
            .take_while(|place| place.until == until);
        let index = same_end
            .enumerate()
            .find(|(_, place)| place.priority == priority)?
            .0;
        Some(first + index)
    }

    /// A number that no cooling place of this priority has. Beyond the capacity only while rows of
    /// a former, larger limit cool.
    fn free_number(&mut self, priority: Priority) -> u32 {
        if let Some(number) = self.free[priority.index()].pop() {
            return number;
        }
        let used = self.numbers(priority);
        let free = (self.capacity..).find(|number| !used.contains(number));
        free.expect("a window has fewer places than there are numbers")
    }

    fn numbers(&self, priority: Priority) -> BTreeSet<u32> {
        let places = self
            .cooling
            .iter()
            .filter(|place| place.priority == priority);
        places.map(|place| place.number).collect()
    }
}

fn row_of(limit: &str, place: Place) -> WindowRow {
    WindowRow {
        limit: limit.to_owned(),
        slot: slot_of(place),
        until: place.until,
        count: place.count,
    }
}

/// The row number of a place: its own number, with the priority in the two highest bits. BATCH,
/// which fills no reserve, is 0, so that a window without a reserve has the plain numbers.
fn slot_of(place: Place) -> u32 {
    let code = match place.priority {
        Priority::Batch => 0,
        Priority::Medium => 1,
        Priority::High => 2,
    };
    code << NUMBER_BITS | place.number
}

/// The priority and number of a row.
fn place_of(slot: u32) -> (Priority, u32) {
    let priority = match slot >> NUMBER_BITS {
        1 => Priority::Medium,
        2 => Priority::High,
        _ => Priority::Batch,
    };
    (priority, slot & ((1 << NUMBER_BITS) - 1))
}

const NUMBER_BITS: u32 = 30;
