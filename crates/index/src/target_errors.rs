//! What went wrong with the calls of one target recently, for people: the last error, since when nothing has succeeded, and
//! how many errors there were in the last minute. It decides nothing.

use std::collections::VecDeque;

use rampmeter_dispatch::Time;
use rampmeter_store::model::target::TargetErrors;

const SECOND_MICROS: i64 = 1_000_000;
/// For how many seconds errors are counted.
const COUNTED_SECONDS: i64 = 60;

/// What went wrong with the calls of one target recently.
#[derive(Debug, Default)]
pub struct RecentErrors {
    last: Option<LastError>,
    /// When the first error came since the last good answer.
    since: Option<Time>,
    /// How many errors each second had, oldest first; seconds without errors are left out.
    seconds: VecDeque<(i64, u64)>,
}

/// The last error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastError {
    /// When it was.
    pub at: Time,
    /// What it was.
    pub words: String,
}

impl RecentErrors {
    /// What an earlier process knew.
    pub fn recalled(at: Time, since: Time, words: String) -> RecentErrors {
        RecentErrors {
            last: Some(LastError { at, words }),
            since: Some(since),
            seconds: VecDeque::new(),
        }
    }

    /// A call went wrong.
    pub fn note(&mut self, words: String, now: Time) {
        self.forget_before(now);
        self.since.get_or_insert(now);
        self.last = Some(LastError { at: now, words });
        let second = now.as_micros().div_euclid(SECOND_MICROS);
        match self.seconds.back_mut() {
            Some((newest, count)) if *newest == second => *count += 1,
            _ => self.seconds.push_back((second, 1)),
        }
    }

    /// The vendor answered a call well.
    pub fn went_well(&mut self) {
        self.since = None;
    }

    /// The last error, and since when nothing has succeeded.
    pub fn last(&self) -> Option<(&LastError, Option<Time>)> {
        self.last.as_ref().map(|last| (last, self.since))
    }

    /// The state that people see; none if nothing has gone wrong yet.
    pub fn state(&self, now: Time) -> Option<TargetErrors> {
        let last = self.last.as_ref()?;
        let oldest = oldest_counted(now);
        let recent = self.seconds.iter().filter(|(second, _)| *second > oldest);
        Some(TargetErrors {
            last: last.words.clone(),
            at: last.at,
            since: self.since,
            in_last_minute: recent.map(|(_, count)| count).sum(),
        })
    }

    fn forget_before(&mut self, now: Time) {
        let oldest = oldest_counted(now);
        while self
            .seconds
            .front()
            .is_some_and(|(second, _)| *second <= oldest)
        {
            self.seconds.pop_front();
        }
    }
}

/// The newest second that is no longer counted.
fn oldest_counted(now: Time) -> i64 {
    now.as_micros().div_euclid(SECOND_MICROS) - COUNTED_SECONDS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Time {
        Time::from_millis(seconds * 1_000)
    }

    #[test]
    fn errors_are_counted_for_a_minute_and_the_last_one_is_remembered() {
        let mut errors = RecentErrors::default();
        assert_eq!(errors.state(at(0)), None);
        for second in 0..90 {
            errors.note(format!("error {second}"), at(second));
            errors.note(format!("error {second} again"), at(second));
        }
        let state = errors.state(at(89)).expect("there were errors");
        assert_eq!(state.in_last_minute, 120);
        assert_eq!(state.last, "error 89 again");
        assert_eq!(state.since, Some(at(0)));
        assert!(errors.seconds.len() <= 61);
        errors.went_well();
        let later = errors.state(at(200)).expect("there were errors");
        assert_eq!((later.in_last_minute, later.since), (0, None));
        assert_eq!(later.at, at(89));
    }
}
