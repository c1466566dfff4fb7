//! When calls arrive: at a rate that may follow the hours, in bursts, or as they were recorded.

use std::sync::Arc;
use std::time::Duration;

use rampmeter_dispatch::{Priority, Time};

use crate::random::{Question, Random};

/// The most calls that are simulated: they fit into a few hundred megabytes.
pub(crate) const MAX_CALLS: u64 = 5_000_000;

/// One call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Arrival {
    /// When it is sent to its queue.
    pub(crate) at: Time,
    /// Its lane.
    pub(crate) priority: Priority,
    /// How long its first attempt takes, where that is known; drawn from the workload's latency otherwise.
    pub(crate) duration: Option<Duration>,
}

/// Where calls come from.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Source {
    /// A Poisson process.
    Rate {
        /// The lane of its calls.
        priority: Priority,
        /// Mean over the whole stretch.
        per_second: f64,
        /// Relative weights of equal parts of the stretch; none is an even rate.
        curve: Vec<f64>,
    },
    /// Many calls at one moment, or spread evenly from it on.
    Burst {
        /// The lane of its calls.
        priority: Priority,
        /// How many.
        calls: u32,
        /// When the first is sent.
        at: Duration,
        /// How long the sending takes.
        over: Duration,
    },
    /// Calls at known moments.
    Recorded(Arc<[Arrival]>),
}

impl Source {
    /// How many calls to expect in a stretch.
    pub(crate) fn expected(&self, stretch: Duration) -> f64 {
        match self {
            Source::Rate { per_second, .. } => per_second * stretch.as_secs_f64(),
            Source::Burst { calls, .. } => f64::from(*calls),
            Source::Recorded(arrivals) => arrivals.len() as f64,
        }
    }

    fn add_to(&self, arrivals: &mut Vec<Arrival>, stretch: Duration, random: &mut Random) {
        match self {
            Source::Rate {
                priority,
                per_second,
                curve,
            } => {
                let even = [1.0];
                let curve = if curve.is_empty() { &even[..] } else { curve };
                let mean = curve.iter().sum::<f64>() / curve.len() as f64;
                let part = stretch.as_secs_f64() / curve.len() as f64;
                for (place, weight) in curve.iter().enumerate() {
                    let from = part * place as f64;
                    let rate = per_second * weight / mean;
                    for after in poisson(rate, part, random) {
                        arrivals.push(arrival(from + after, *priority));
                    }
                }
            }
            Source::Burst {
                priority,
                calls,
                at,
                over,
            } => {
                let between = over.as_secs_f64() / f64::from(*calls).max(1.0);
                arrivals.extend(
                    (0..*calls)
                        .map(|number| at.as_secs_f64() + between * f64::from(number))
                        .map(|seconds| arrival(seconds, *priority)),
                );
            }
            Source::Recorded(recorded) => arrivals.extend_from_slice(recorded),
        }
    }
}

/// All calls of the sources in the order in which they are sent. Each source has its own random numbers, so that
/// a change to one leaves the others as they are.
pub(crate) fn arrivals(sources: &[Source], stretch: Duration, seed: u64) -> Vec<Arrival> {
    let mut arrivals = Vec::new();
    for (number, source) in (0..).zip(sources) {
        let mut random = Random::of(seed, Question::Arrivals, number, 0);
        source.add_to(&mut arrivals, stretch, &mut random);
    }
    arrivals.sort_by_key(|arrival| arrival.at);
    arrivals
}

/// The moments of a Poisson process within `seconds`.
fn poisson(per_second: f64, seconds: f64, random: &mut Random) -> Vec<f64> {
    let mut moments = Vec::new();
    if per_second <= 0.0 {
        return moments;
    }
    let mut at = random.exponential(per_second);
    while at < seconds {
        moments.push(at);
        at += random.exponential(per_second);
    }
    moments
}

fn arrival(seconds: f64, priority: Priority) -> Arrival {
    Arrival {
        at: Time::from_micros((seconds * 1e6) as i64),
        priority,
        duration: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3_600);

    fn count(arrivals: &[Arrival], from: u64, to: u64) -> usize {
        let within = |arrival: &&Arrival| {
            let second = arrival.at.as_micros() / 1_000_000;
            (from as i64..to as i64).contains(&second)
        };
        arrivals.iter().filter(within).count()
    }

    #[test]
    fn a_rate_is_met_over_the_stretch_and_a_curve_shifts_it() {
        let rate = |curve: Vec<f64>| Source::Rate {
            priority: Priority::High,
            per_second: 2.0,
            curve,
        };
        let even = arrivals(&[rate(Vec::new())], HOUR, 1);
        assert!(even.len().abs_diff(7_200) < 300, "{}", even.len());
        let curved = arrivals(&[rate(vec![0.0, 3.0, 1.0])], HOUR, 1);
        assert!(curved.len().abs_diff(7_200) < 300, "{}", curved.len());
        assert_eq!(count(&curved, 0, 1_200), 0);
        assert!(count(&curved, 1_200, 2_400) > 2 * count(&curved, 2_400, 3_600));
    }

    #[test]
    fn a_burst_comes_at_once_or_evenly_and_everything_is_in_order() {
        let burst = |over| Source::Burst {
            priority: Priority::Batch,
            calls: 100,
            at: Duration::from_secs(60),
            over: Duration::from_secs(over),
        };
        let all = arrivals(&[burst(0), burst(50)], HOUR, 1);
        assert_eq!(all.len(), 200);
        assert!(all.is_sorted_by_key(|arrival| arrival.at));
        assert_eq!(all[99].at, Time::from_millis(60_000));
        assert_eq!(all[199].at, Time::from_millis(109_500));
    }

    #[test]
    fn the_seed_decides_and_sources_do_not_disturb_each_other() {
        let source = |priority| Source::Rate {
            priority,
            per_second: 0.1,
            curve: Vec::new(),
        };
        let high = source(Priority::High);
        let alone = arrivals(std::slice::from_ref(&high), HOUR, 5);
        let mut both = arrivals(&[high.clone(), source(Priority::Batch)], HOUR, 5);
        both.retain(|arrival| arrival.priority == Priority::High);
        assert_eq!(both, alone);
        assert_ne!(arrivals(&[high], HOUR, 6), alone);
    }
}
