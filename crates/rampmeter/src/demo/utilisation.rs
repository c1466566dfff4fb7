//! How well the slots were used: the vendor's busy time over the time in which another call was waiting for a slot.
//! Pure arithmetic over stretches of time, in microseconds since the epoch.

/// A half-open stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Stretch {
    /// First microsecond.
    pub(crate) from_us: i64,
    /// First microsecond after it.
    pub(crate) to_us: i64,
}

/// Slots held for calls whose outcome is unknown, from a moment until the next sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HeldSample {
    /// When it was so.
    pub(crate) at_us: i64,
    /// How many slots were held.
    pub(crate) slots: u64,
}

/// What was seen of a run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Observed {
    /// The accepted calls, as the vendor saw them.
    pub(crate) calls: Vec<Stretch>,
    /// When a call was eligible but for the limit on calls in flight.
    pub(crate) contended: Vec<Stretch>,
    /// Slots held, by time.
    pub(crate) held: Vec<HeldSample>,
    /// When the engine was killed. A call in flight then is no use of a slot any more: its slot is held.
    pub(crate) kills_us: Vec<i64>,
    /// The limit on calls in flight.
    pub(crate) max: u32,
}

impl Observed {
    /// Vendor-side busy slot-seconds over (max x contended seconds, less held slot-seconds).
    /// `None` when no call ever had to wait for a slot: then there is nothing to measure.
    pub(crate) fn utilisation(&self) -> Option<f64> {
        let contended = joined(self.contended.clone());
        let busy: i64 = self
            .calls
            .iter()
            .map(|call| overlap(cut_at_first_kill(*call, &self.kills_us), &contended))
            .sum();
        let offered: i64 = contended
            .iter()
            .map(|stretch| stretch.to_us - stretch.from_us)
            .sum();
        let usable = offered as f64 * f64::from(self.max) - self.held_slot_time(&contended);
        (usable > 0.0).then(|| busy as f64 / usable)
    }

    fn held_slot_time(&self, contended: &[Stretch]) -> f64 {
        let mut held = self.held.clone();
        held.sort_by_key(|sample| sample.at_us);
        let ends = held.iter().skip(1).map(|next| next.at_us).chain([i64::MAX]);
        held.iter()
            .zip(ends)
            .map(|(sample, to_us)| {
                let stretch = Stretch {
                    from_us: sample.at_us,
                    to_us,
                };
                sample.slots as f64 * overlap(stretch, contended) as f64
            })
            .sum()
    }
}

/// The same time without overlaps, in order.
fn joined(mut stretches: Vec<Stretch>) -> Vec<Stretch> {
    stretches.retain(|stretch| stretch.from_us < stretch.to_us);
    stretches.sort_unstable();
    let mut joined: Vec<Stretch> = Vec::with_capacity(stretches.len());
    for stretch in stretches {
        match joined.last_mut() {
            Some(last) if stretch.from_us <= last.to_us => {
                last.to_us = last.to_us.max(stretch.to_us);
            }
            _ => joined.push(stretch),
        }
    }
    joined
}

/// Microseconds that a stretch shares with joined ones.
fn overlap(stretch: Stretch, joined: &[Stretch]) -> i64 {
    let first = joined.partition_point(|other| other.to_us <= stretch.from_us);
    joined[first..]
        .iter()
        .take_while(|other| other.from_us < stretch.to_us)
        .map(|other| stretch.to_us.min(other.to_us) - stretch.from_us.max(other.from_us))
        .sum()
}

fn cut_at_first_kill(call: Stretch, kills_us: &[i64]) -> Stretch {
    let inside = kills_us
        .iter()
        .filter(|kill| (call.from_us..call.to_us).contains(*kill));
    Stretch {
        to_us: inside.min().copied().unwrap_or(call.to_us),
        ..call
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stretch(from_us: i64, to_us: i64) -> Stretch {
        Stretch { from_us, to_us }
    }

    fn share(observed: &Observed) -> f64 {
        observed.utilisation().unwrap()
    }

    #[test]
    fn slots_that_are_always_taken_are_fully_used() {
        let calls = vec![stretch(0, 60), stretch(60, 100), stretch(0, 100)];
        let contended = vec![stretch(0, 100)];
        assert_eq!(
            share(&Observed {
                calls,
                contended,
                max: 2,
                ..Observed::default()
            }),
            1.0
        );
    }

    #[test]
    fn busy_time_outside_the_contended_time_does_not_count() {
        let calls = vec![stretch(0, 1_000)];
        let contended = vec![
            stretch(10, 20),
            stretch(15, 30),
            stretch(500, 500),
            stretch(700, 720),
        ];
        let observed = Observed {
            calls,
            contended,
            max: 4,
            ..Observed::default()
        };
        assert_eq!(share(&observed), 0.25);
    }

    #[test]
    fn held_slots_are_not_expected_to_work() {
        let held = vec![
            HeldSample {
                at_us: 50,
                slots: 0,
            },
            HeldSample { at_us: 0, slots: 1 },
        ];
        let calls = vec![stretch(0, 100)];
        let contended = vec![stretch(0, 100)];
        assert_eq!(
            share(&Observed {
                calls,
                contended,
                held,
                max: 2,
                ..Observed::default()
            }),
            100.0 / 150.0
        );
    }

    #[test]
    fn a_call_that_outlives_the_engine_counts_until_the_kill() {
        let calls = vec![stretch(0, 90), stretch(50, 100)];
        let contended = vec![stretch(0, 100)];
        let observed = Observed {
            calls,
            contended,
            kills_us: vec![200, 30],
            max: 1,
            ..Observed::default()
        };
        assert_eq!(share(&observed), 0.8);
    }

    #[test]
    fn without_contention_there_is_nothing_to_measure() {
        let calls = vec![stretch(0, 100)];
        assert_eq!(
            Observed {
                calls,
                max: 3,
                ..Observed::default()
            }
            .utilisation(),
            None
        );
    }
}
