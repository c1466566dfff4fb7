//! The events to come, in order of time.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use rampmeter_dispatch::Time;

/// Events to come. Those of one moment happen in the order in which they were foreseen.
#[derive(Debug)]
pub(crate) struct Agenda<E> {
    entries: BinaryHeap<Entry<E>>,
    foreseen: u64,
}

#[derive(Debug)]
struct Entry<E> {
    at: Time,
    number: u64,
    event: E,
}

impl<E> Agenda<E> {
    /// Nothing to come.
    pub(crate) fn new() -> Agenda<E> {
        Agenda {
            entries: BinaryHeap::new(),
            foreseen: 0,
        }
    }

    /// Adds an event.
    pub(crate) fn foresee(&mut self, at: Time, event: E) {
        self.foreseen += 1;
        let number = self.foreseen;
        self.entries.push(Entry { at, number, event });
    }

    /// How many events were foreseen so far.
    pub(crate) fn foreseen(&self) -> u64 {
        self.foreseen
    }

    /// When the next event happens.
    pub(crate) fn next_at(&self) -> Option<Time> {
        self.entries.peek().map(|entry| entry.at)
    }

    /// Takes the next event that has happened by `now`.
    pub(crate) fn take_due(&mut self, now: Time) -> Option<E> {
        self.next_at().filter(|at| *at <= now)?;
        self.entries.pop().map(|entry| entry.event)
    }
}

impl<E> Ord for Entry<E> {
    /// The heap gives its greatest entry first: the earliest is the greatest.
    fn cmp(&self, other: &Entry<E>) -> Ordering {
        (other.at, other.number).cmp(&(self.at, self.number))
    }
}

impl<E> PartialOrd for Entry<E> {
    fn partial_cmp(&self, other: &Entry<E>) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<E> PartialEq for Entry<E> {
    fn eq(&self, other: &Entry<E>) -> bool {
        self.number == other.number
    }
}

impl<E> Eq for Entry<E> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_in_order_of_time_and_then_of_foresight() {
        let mut agenda = Agenda::new();
        for (at, name) in [(20, "c"), (10, "a"), (10, "b"), (30, "d")] {
            agenda.foresee(Time::from_millis(at), name);
        }
        let mut seen = Vec::new();
        while let Some(name) = agenda.take_due(Time::from_millis(25)) {
            seen.push(name);
        }
        assert_eq!(seen, ["a", "b", "c"]);
        assert_eq!(agenda.next_at(), Some(Time::from_millis(30)));
    }
}
