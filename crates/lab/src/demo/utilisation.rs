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

/// What was seen of a run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Observed {
    /// The accepted calls, as the vendor saw them.
    pub(crate) calls: Vec<Stretch>,
    /// When only the limit on calls in flight held a call back.
    pub(crate) contended: Vec<Stretch>,
    /// When the engine was killed. From then on a call in flight no longer uses its slot: the slot is held.
    pub(crate) kills_us: Vec<i64>,
    /// How long after its start a call with an unknown outcome may keep its slot, in microseconds.
    pub(crate) hold_us: i64,
    /// The limit on calls in flight.
    pub(crate) max: u32,
}

impl Observed {
    /// Vendor-side busy slot-seconds over (max x contended seconds, less held slot-seconds).
    /// `None` when no call ever had to wait for a slot: then there is nothing to measure.
    pub(crate) fn utilisation(&self) -> Option<f64> {
        let contended = joined(self.contended.clone());
        let (mut busy, mut held) = (0, 0);
        for call in &self.calls {
            let (used, kept) = self.use_and_hold(*call);
            busy += overlap(used, &contended);
            held += kept.map_or(0, |kept| overlap(kept, &contended));
        }
        let offered: i64 = contended
            .iter()
            .map(|stretch| stretch.to_us - stretch.from_us)
            .sum();
        let usable = offered as f64 * f64::from(self.max) - held as f64;
        (usable > 0.0).then(|| busy as f64 / usable)
    }

    /// The part of a call that made use of its slot, and how long the slot was held afterwards, if it was.
    fn use_and_hold(&self, call: Stretch) -> (Stretch, Option<Stretch>) {
        let inside = |kill: &&i64| (call.from_us..call.to_us).contains(*kill);
        let Some(&kill) = self.kills_us.iter().filter(inside).min() else {
            return (call, None);
        };
        let used = Stretch {
            to_us: kill,
            ..call
        };
        let kept = Stretch {
            from_us: kill,
            to_us: kill.max(call.from_us + self.hold_us),
        };
        (used, Some(kept))
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
    fn a_call_that_outlives_the_engine_counts_until_the_kill_and_its_slot_is_held_from_then() {
        let calls = vec![stretch(0, 90), stretch(50, 100)];
        let contended = vec![stretch(0, 100)];
        let kills_us = vec![200, 30];
        let observed = Observed {
            calls,
            contended,
            kills_us,
            hold_us: 60,
            max: 2,
        };
        // Of 200 slot-microseconds, 30 were held; 30 and 50 were used.
        assert_eq!(share(&observed), 80.0 / 170.0);
    }

    #[test]
    fn a_hold_that_is_over_before_the_kill_holds_nothing() {
        let calls = vec![stretch(0, 90)];
        let contended = vec![stretch(0, 100)];
        let observed = Observed {
            calls,
            contended,
            kills_us: vec![80],
            hold_us: 60,
            max: 1,
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
