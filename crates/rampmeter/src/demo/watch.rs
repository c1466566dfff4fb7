//! What is seen of the target while it runs and would be gone after a kill: contended time, held slots, deferrals.
//! It joins what several lives of the engine told.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Deserialize;

use super::report::PerPriority;
use super::utilisation::{HeldSample, Stretch};

/// The demo's target as the admin port shows it; the fields the demo uses.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct TargetView {
    /// Slots held for calls whose outcome is unknown.
    pub(crate) held: u64,
    /// Since the process started.
    pub(crate) deferrals: PerPriority<u64>,
    /// From and to in microseconds since the epoch; the last one may still be open.
    pub(crate) contended: Vec<(i64, Option<i64>)>,
}

/// Everything seen so far.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    contended: BTreeMap<i64, Option<i64>>,
    held: Vec<HeldSample>,
    deferrals_of_earlier_lives: [u64; 3],
    deferrals: [u64; 3],
}

impl Watch {
    /// Takes in one look at the target.
    pub(crate) fn saw(&mut self, at_us: i64, target: &TargetView) {
        self.contended.extend(target.contended.iter().copied());
        self.held.push(HeldSample {
            at_us,
            slots: target.held,
        });
        let PerPriority {
            high,
            medium,
            batch,
        } = target.deferrals;
        self.deferrals = [high, medium, batch];
    }

    /// The engine was killed with so many calls in flight. From now on their slots are held, which the next life
    /// will say only when it is there.
    pub(crate) fn killed(&mut self, at_us: i64, in_flight: u32) {
        self.close(at_us);
        self.held.push(HeldSample {
            at_us,
            slots: u64::from(in_flight),
        });
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

    /// When a call was eligible but for the limit on calls in flight; open stretches are left out.
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

    /// Slots held, by time.
    pub(crate) fn held(&self) -> Vec<HeldSample> {
        self.held.clone()
    }

    /// Deferrals of all lives, HIGH first. Those between the last look and a kill are not in it.
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

    fn view(held: u64, deferrals: u64, contended: &[(i64, Option<i64>)]) -> TargetView {
        let contended = contended.to_vec();
        let deferrals = PerPriority {
            high: 0,
            medium: 1,
            batch: deferrals,
        };
        TargetView {
            held,
            deferrals,
            contended,
        }
    }

    #[test]
    fn lives_are_joined_and_a_kill_ends_what_was_open() {
        let mut watch = Watch::default();
        watch.saw(50, &view(0, 4, &[(10, Some(20)), (40, None)]));
        watch.saw(
            80,
            &view(0, 6, &[(10, Some(20)), (40, Some(70)), (75, None)]),
        );
        watch.killed(100, 15);
        watch.saw(130, &view(15, 2, &[(120, None)]));
        watch.close(140);
        let stretches = [(10, 20), (40, 70), (75, 100), (120, 140)];
        let expected = stretches.map(|(from_us, to_us)| Stretch { from_us, to_us });
        assert_eq!(watch.contended(), expected);
        assert_eq!(watch.deferrals(), [0, 2, 8]);
        let held: Vec<_> = watch
            .held()
            .iter()
            .map(|sample| (sample.at_us, sample.slots))
            .collect();
        assert_eq!(held, [(50, 0), (80, 0), (100, 15), (130, 15)]);
    }
}
