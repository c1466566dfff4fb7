//! One window: at most N calls in every half-open span of its length, or in every period of a
//! calendar, as the vendor counts them.
//!
//! A slot is taken by an open permit (see `permit.rs`) and is *unreleased* after that: it is free
//! again one window's length after the answer. This file keeps the unreleased slots only. The
//! vendor counts a call at some moment between permit and answer, so all calls it counts in one
//! span have their slots taken together just before the span ends, and there are only N slots.
//!
//! With up to `MAX_EXACT_CALLS` calls each slot is released by itself. Above that, slots that would
//! be free at nearly the same moment share a bucket and are free when it ends: never early, at most
//! a thousandth of the length late.
//!
//! Where the vendor counts by the calendar, all slots stay taken until the next reset after the
//! answer: the vendor counted the call in the period of the answer or in an earlier one.

use std::collections::{BTreeSet, VecDeque};

use super::release::ReleaseRule;
use super::slot::{Slot, WindowRow, row_of};
use crate::calendar_clock::CalendarClock;
use crate::priority::Priority;
use crate::rules::{Limit, Taken};
use crate::time::Time;

#[derive(Clone, Debug)]
pub(crate) struct Window {
    release_rule: ReleaseRule,
    /// Whether a reserve or a share asks which priority took a slot.
    by_priority: bool,
    /// Unreleased slots, the first to be free at the front.
    expiring: VecDeque<Slot>,
    taken: Taken,
    /// For each priority, the numbers below `fresh` that no expiring place of it has.
    free: [Vec<u32>; 3],
    /// For each priority, the least number that no place of it has ever had.
    fresh: [u32; 3],
    capacity: u32,
}

impl Window {
    /// The window of a limit; none for a limit on calls in flight.
    pub(crate) fn of(limit: &Limit) -> Option<Window> {
        let release_rule = ReleaseRule::of(limit)?;
        let capacity = release_rule.capacity();
        let by_priority = limit.tells_priorities_apart();
        Some(Window {
            release_rule,
            by_priority,
            expiring: VecDeque::new(),
            taken: Taken::default(),
            free: Default::default(),
            fresh: [0; 3],
            capacity,
        })
    }

    /// Restores the rows of this window. What is free by `now` is dropped; rows of an earlier,
    /// larger limit still count.
    pub(crate) fn restore(&mut self, rows: Vec<WindowRow>, now: Time) {
        for row in rows
            .into_iter()
            .filter(|row| row.until > now && row.count > 0)
        {
            let (priority, number) = row.priority_and_number();
            self.cool(Slot {
                until: row.until,
                number,
                priority,
                count: row.count,
            });
        }
        for priority in Priority::ALL {
            let used = self.numbers(priority);
            let last = used.range(..self.capacity).next_back();
            let fresh = last.map_or(0, |last| last + 1);
            let free = (0..fresh).filter(|number| !used.contains(number));
            self.free[priority.index()] = free.collect();
            self.fresh[priority.index()] = fresh;
        }
    }

    /// Whether no place cools.
    pub(crate) fn is_empty(&self) -> bool {
        self.expiring.is_empty()
    }

    /// Follows the vendor's calendar as it is known now, and carries the slots not yet released along. Returns
    /// whether that changed any.
    pub(crate) fn follow_calendar(&mut self, clock: CalendarClock) -> bool {
        let Some(before) = self.release_rule.follow(clock) else {
            return false;
        };
        for slot in &mut self.expiring {
            slot.until = clock.carried(slot.until, before);
        }
        !self.expiring.is_empty()
    }

    /// Follows the vendor's calendar as the restored rows already did.
    pub(crate) fn keep_calendar(&mut self, clock: CalendarClock) {
        self.release_rule.follow(clock);
    }

    /// When a slot that is taken until `end` would be free again.
    pub(crate) fn expires_at(&self, end: Time) -> Time {
        self.release_rule.until(end)
    }

    /// Unreleased slots at `now`, by priority.
    pub(crate) fn taken(&self, now: Time) -> Taken {
        let mut taken = self.taken;
        for slot in self.expiring.iter().take_while(|slot| slot.until <= now) {
            taken.remove(slot.priority, u64::from(slot.count));
        }
        taken
    }

    /// Forgets the slots that are free by `now`.
    pub(crate) fn expire(&mut self, now: Time) {
        while let Some(slot) = self.expiring.pop_front_if(|slot| slot.until <= now) {
            self.taken.remove(slot.priority, u64::from(slot.count));
            if slot.number < self.capacity {
                self.free[slot.priority.index()].push(slot.number);
            }
        }
    }

    /// Lets the slots of a call cool from `from` on. Nothing is left to persist if it is free by
    /// `now` already.
    pub(crate) fn count(
        &mut self,
        limit: &str,
        (priority, places): (Priority, u32),
        from: Time,
        now: Time,
    ) -> Option<WindowRow> {
        self.expire(now);
        let priority = self.kept_as(priority);
        let until = self.expires_at(from);
        if until <= now {
            return None;
        }
        let slot = match self.bucket_at(until, priority) {
            Some(index) => {
                self.taken.add(priority, u64::from(places));
                let slot = &mut self.expiring[index];
                slot.count += places;
                *slot
            }
            None => {
                let slot = Slot {
                    until,
                    number: self.free_number(priority),
                    priority,
                    count: places,
                };
                self.cool(slot);
                slot
            }
        };
        Some(row_of(limit, slot))
    }

    /// Frees the slots of a call that was counted from `from` on and never left. A shared window may
    /// have moved the end of its expiring to a later one, never to an earlier.
    pub(crate) fn uncount(
        &mut self,
        limit: &str,
        (priority, places): (Priority, u32),
        from: Time,
        now: Time,
    ) -> Option<WindowRow> {
        self.expire(now);
        let priority = self.kept_as(priority);
        let until = self.expires_at(from);
        if until <= now {
            // Its slot is free already: the unreleased ones belong to other calls.
            return None;
        }
        let first = self.expiring.partition_point(|slot| slot.until < until);
        let mut later = self.expiring.range_mut(first..);
        let bucketed = self.release_rule.is_bucketed();
        let is_its_own = |slot: &&mut Slot| {
            slot.priority == priority && (slot.count == places || bucketed && slot.count > places)
        };
        let slot = later.find(is_its_own)?;
        slot.count -= places;
        let left = *slot;
        self.taken.remove(priority, u64::from(places));
        if left.count == 0 {
            self.expiring
                .retain(|slot| slot.number != left.number || slot.priority != left.priority);
            if left.number < self.capacity {
                self.free[priority.index()].push(left.number);
            }
        }
        Some(row_of(limit, left))
    }

    /// The priority that a slot is kept under: BATCH for all, where nothing needs to know which
    /// took it.
    fn kept_as(&self, priority: Priority) -> Priority {
        if self.by_priority {
            priority
        } else {
            Priority::Batch
        }
    }

    /// The rows of all slots not yet released at `now`.
    pub(crate) fn rows(&self, limit: &str, now: Time) -> impl Iterator<Item = WindowRow> {
        let expiring = self.expiring.iter().filter(move |slot| slot.until > now);
        expiring.map(move |slot| row_of(limit, *slot))
    }

    /// When `places` of the unreleased slots are free, by time alone; none if there are not so
    /// many. `priority`: those of one priority alone.
    pub(crate) fn frees_at(
        &self,
        places: u64,
        priority: Option<Priority>,
        now: Time,
    ) -> Option<Time> {
        let expiring = self.expiring.iter().skip_while(|slot| slot.until <= now);
        let asked = |slot: &&Slot| priority.is_none_or(|priority| slot.priority == priority);
        let mut freed = 0;
        for slot in expiring.filter(asked) {
            freed += u64::from(slot.count);
            if freed >= places {
                return Some(slot.until);
            }
        }
        None
    }

    /// Keeps the slots in the order in which they are free. Only the end of a hold arrives out of
    /// order.
    fn cool(&mut self, slot: Slot) {
        let index = self
            .expiring
            .partition_point(|other| other.until <= slot.until);
        self.expiring.insert(index, slot);
        self.taken.add(slot.priority, u64::from(slot.count));
    }

    /// The bucket of this end and priority, if it has begun.
    fn bucket_at(&self, until: Time, priority: Priority) -> Option<usize> {
        if !self.release_rule.is_bucketed() {
            return None;
        }
        let first = self.expiring.partition_point(|slot| slot.until < until);
        let same_end = self
            .expiring
            .iter()
            .skip(first)
            .take_while(|slot| slot.until == until);
        let index = same_end
            .enumerate()
            .find(|(_, slot)| slot.priority == priority)?
            .0;
        Some(first + index)
    }

    /// A number that no unreleased slot of this priority has. It is beyond the capacity only while
    /// there are rows of an earlier, larger limit.
    fn free_number(&mut self, priority: Priority) -> u32 {
        if let Some(number) = self.free[priority.index()].pop() {
            return number;
        }
        let fresh = &mut self.fresh[priority.index()];
        if *fresh < self.capacity {
            *fresh += 1;
            return *fresh - 1;
        }
        let used = self.numbers(priority);
        let free = (self.capacity..).find(|number| !used.contains(number));
        free.expect("a window has fewer places than there are numbers")
    }

    fn numbers(&self, priority: Priority) -> BTreeSet<u32> {
        let places = self
            .expiring
            .iter()
            .filter(|slot| slot.priority == priority);
        places.map(|slot| slot.number).collect()
    }
}
