//! What is read from the target while it runs, since it would be lost by a kill: contended time and deferrals. It joins
//! what several lives of the engine reported.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Deserialize;

use super::report::PerPriority;
use super::utilisation::Stretch;

/// The demo's target as the admin port shows it; the fields the demo uses.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct TargetView {
    /// Since the process started.
    pub(crate) deferrals: PerPriority<u64>,
    /// From and to in microseconds since the epoch; the last one may still be open.
    pub(crate) contended: Vec<(i64, Option<i64>)>,
}

/// Everything seen so far.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    contended: BTreeMap<i64, Option<i64>>,
    deferrals_of_earlier_lives: [u64; 3],
    deferrals: [u64; 3],
}

impl Watch {
    /// Takes in one reading of the target.
    pub(crate) fn saw(&mut self, target: &TargetView) {
        self.contended.extend(target.contended.iter().copied());
        let PerPriority {
            high,
            medium,
            batch,
        } = target.deferrals;
        self.deferrals = [high, medium, batch];
    }

    /// The engine was killed: what was open has ended, and the next life counts from nothing.
    pub(crate) fn killed(&mut self, at_us: i64) {
        self.close(at_us);
        for (sum, of_this_life) in self
            .deferrals_of_earlier_lives
            .iter_mut()
            .zip(self.deferrals)
        {
            *sum += of_this_life;
        }
        self.deferrals = [0; 3];
    }

    /// Ends the stretch that is still open.
    pub(crate) fn close(&mut self, at_us: i64) {
        for to_us in self.contended.values_mut() {
            to_us.get_or_insert(at_us);
        }
    }

    /// When only the limit on calls in flight held a call back; open stretches are left out.
    pub(crate) fn contended(&self) -> Vec<Stretch> {
        let closed = self.contended.iter();
        closed
            .filter_map(|(from, to)| {
                to.map(|to_us| Stretch {
                    from_us: *from,
                    to_us,
                })
            })
            .collect()
    }

    /// Deferrals of all lives, HIGH first. Those between the last reading and a kill are missing.
    pub(crate) fn deferrals(&self) -> [u64; 3] {
        let [high, medium, batch] = self.deferrals_of_earlier_lives;
        let [more_high, more_medium, more_batch] = self.deferrals;
        [high + more_high, medium + more_medium, batch + more_batch]
    }
}

/// The wall clock in microseconds since the epoch.
pub(crate) fn now_us() -> i64 {
    let since_epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(deferrals: u64, contended: &[(i64, Option<i64>)]) -> TargetView {
        let deferrals = PerPriority {
            high: 0,
            medium: 1,
            batch: deferrals,
        };
        TargetView {
            deferrals,
            contended: contended.to_vec(),
        }
    }

    #[test]
    fn lives_are_joined_and_a_kill_ends_what_was_open() {
        let mut watch = Watch::default();
        watch.saw(&view(4, &[(10, Some(20)), (40, None)]));
        watch.saw(&view(6, &[(10, Some(20)), (40, Some(70)), (75, None)]));
        watch.killed(100);
        watch.saw(&view(2, &[(120, None)]));
        watch.close(140);
        let stretches = [(10, 20), (40, 70), (75, 100), (120, 140)];
        let expected = stretches.map(|(from_us, to_us)| Stretch { from_us, to_us });
        assert_eq!(watch.contended(), expected);
        assert_eq!(watch.deferrals(), [0, 2, 8]);
    }
}
