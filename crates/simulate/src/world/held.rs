//! What holds waiting calls back, and for how long.

use std::time::Duration;

use rampmeter_dispatch::{Holder, Time};

/// What can hold a call back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Obstacle {
    /// A limit, by name.
    Limit(String),
    /// The target is closed: the vendor asked for a pause, or the account is in trouble.
    Closed,
    /// The target has just reopened: only a few calls may be in flight.
    Ramp,
    /// A pause by the calendar.
    PlannedPause,
}

impl Obstacle {
    /// The obstacle that a report counts for a holder; `None` where the holder is not an obstacle but another lane's
    /// turn or a pause by a person.
    fn of(holder: &Holder) -> Option<Obstacle> {
        match holder {
            Holder::Trouble { .. } | Holder::VendorPause => Some(Obstacle::Closed),
            Holder::Ramp { .. } => Some(Obstacle::Ramp),
            Holder::PlannedPause { .. } => Some(Obstacle::PlannedPause),
            holder => holder
                .limit()
                .map(|limit| Obstacle::Limit(limit.to_owned())),
        }
    }
}

/// For how long an obstacle held at least one call back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Held {
    /// The obstacle.
    pub(crate) by: Obstacle,
    /// All of the time.
    pub(crate) total: Duration,
    /// Its longest stretch without a break.
    pub(crate) longest: (Time, Time),
    since: Option<Time>,
}

/// All obstacles met so far, in the order in which they were met.
#[derive(Debug, Clone, Default)]
pub(crate) struct Obstacles(Vec<Held>);

impl Obstacles {
    /// Notes what holds the waiting lanes back from `now` on: one holder for each.
    pub(crate) fn note(&mut self, holders: impl Iterator<Item = Holder>, now: Time) {
        let mut holding = [false; 64];
        for holder in holders {
            let Some(by) = Obstacle::of(&holder) else {
                continue;
            };
            let place = self.place_of(by);
            // More limits than this are beyond what a report can show.
            if let Some(flag) = holding.get_mut(place) {
                *flag = true;
            }
        }
        for (held, holds) in self.0.iter_mut().zip(holding) {
            match (held.since, holds) {
                (None, true) => held.since = Some(now),
                (Some(since), false) => held.end(since, now),
                (None, false) | (Some(_), true) => {}
            }
        }
    }

    /// What was met, when the simulation ends.
    pub(crate) fn conclude(mut self, now: Time) -> Vec<Held> {
        self.note(std::iter::empty(), now);
        self.0.retain(|held| !held.total.is_zero());
        self.0
    }

    fn place_of(&mut self, by: Obstacle) -> usize {
        let place = self.0.iter().position(|held| held.by == by);
        place.unwrap_or_else(|| {
            self.0.push(Held {
                by,
                total: Duration::ZERO,
                longest: (Time::default(), Time::default()),
                since: None,
            });
            self.0.len() - 1
        })
    }
}

impl Held {
    fn end(&mut self, since: Time, now: Time) {
        self.since = None;
        let length = now.saturating_since(since);
        self.total += length;
        if length > self.longest.1.saturating_since(self.longest.0) {
            self.longest = (since, now);
        }
    }
}

#[cfg(test)]
mod tests {
    use rampmeter_dispatch::Priority;

    use super::*;

    fn by(limit: &str) -> Holder {
        Holder::Limit {
            limit: limit.to_owned(),
            used: 1,
            max: 1,
        }
    }

    #[test]
    fn stretches_are_added_and_the_longest_is_kept() {
        let at = Time::from_millis;
        let mut obstacles = Obstacles::default();
        obstacles.note([by("a"), by("a"), by("b")].into_iter(), at(0));
        obstacles.note([by("a")].into_iter(), at(10));
        obstacles.note([Holder::Lane(Priority::High)].into_iter(), at(30));
        obstacles.note([by("a"), Holder::VendorPause].into_iter(), at(50));
        let held = obstacles.conclude(at(55));
        let figures: Vec<_> = held
            .iter()
            .map(|held| (held.by.clone(), held.total.as_millis(), held.longest))
            .collect();
        assert_eq!(
            figures,
            [
                (Obstacle::Limit("a".to_owned()), 35, (at(0), at(30))),
                (Obstacle::Limit("b".to_owned()), 10, (at(0), at(10))),
                (Obstacle::Closed, 5, (at(50), at(55))),
            ]
        );
    }
}
