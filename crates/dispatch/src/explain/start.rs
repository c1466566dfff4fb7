//! When a call should start: an estimate for people, which says so when it cannot know.

use crate::time::Time;

/// When a call should start, as far as is known now. What arrives later in higher lanes is not foreseen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// It may start now.
    Now,
    /// At about this moment.
    About(Time),
    /// Not before this moment; how much later is not known.
    NotBefore(Time),
    /// Nobody can know: an answer, or a person, must come first.
    Unknown,
}

impl Start {
    /// The moment, where there is an estimate of it.
    pub const fn moment(self, now: Time) -> Option<Time> {
        match self {
            Start::Now => Some(now),
            Start::About(moment) => Some(moment),
            Start::NotBefore(_) | Start::Unknown => None,
        }
    }
}
