//! How long the vendor's work takes: fixed, drawn from a log-normal distribution, or held open by hand.

use crate::chance::Chance;
use crate::options::OptionsError;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// How long the work of an accepted call takes, from the call's arrival.
#[derive(Clone, Debug)]
pub enum Latency {
    /// No time at all.
    Instant,
    /// The same time for every call.
    Fixed(Duration),
    /// The long-tailed times of real APIs, described by what one can read off a dashboard.
    LogNormal {
        /// Arithmetic mean.
        mean: Duration,
        /// 99th percentile: above the mean, and below 14.96 times the mean.
        p99: Duration,
    },
    /// Anything between two bounds, most of it short: the shorter bound times (longer / shorter) to the power of the
    /// cube of a uniform number. For runs in which calls must overtake each other wildly.
    Jitter {
        /// The shortest, above zero.
        least: Duration,
        /// The longest.
        most: Duration,
    },
    /// Until the gate lets the call go. For tests that must hold calls open without a clock.
    Manual(Gate),
}

/// Holds calls open until they are released. Clones are the same gate.
#[derive(Clone, Debug)]
pub struct Gate {
    released: Arc<Semaphore>,
}

impl Gate {
    /// A closed gate.
    #[must_use]
    pub fn closed() -> Gate {
        Gate {
            released: Arc::new(Semaphore::new(0)),
        }
    }

    /// Lets `calls` calls end, longest waiting first; calls yet to come, where fewer are waiting.
    pub fn release(&self, calls: usize) {
        self.released.add_permits(calls);
    }

    /// Lets every waiting and every later call end at once.
    pub fn open(&self) {
        self.released.close();
    }

    async fn pass(&self) {
        // An error means that the gate was opened for good, which lets the call go as well.
        if let Ok(permit) = self.released.acquire().await {
            permit.forget();
        }
    }
}

/// A log-normal distribution over seconds: exp(mu + sigma Z) with Z standard normal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LogNormal {
    mu: f64,
    sigma: f64,
}

/// The 99th percentile of the standard normal distribution.
const Z99: f64 = 2.326_347_874_040_840_8;

impl LogNormal {
    /// Solves for the distribution with this mean and 99th percentile.
    ///
    /// The mean is exp(mu + sigma^2 / 2) and the percentile exp(mu + z sigma). The logarithm of their ratio,
    /// r = z sigma - sigma^2 / 2, gives sigma = z - sqrt(z^2 - 2 r): the smaller root, for the other one
    /// has nearly all calls at zero and a tail without end.
    pub(crate) fn solve(mean: Duration, p99: Duration) -> Result<LogNormal, OptionsError> {
        let ratio = (p99.as_secs_f64() / mean.as_secs_f64()).ln();
        let discriminant = Z99 * Z99 - 2.0 * ratio;
        // A mean of zero makes the ratio infinite or not a number, and ends here too.
        if !(ratio > 0.0 && discriminant > 0.0) {
            return Err(OptionsError::LogNormal { mean, p99 });
        }
        let sigma = Z99 - discriminant.sqrt();
        Ok(LogNormal {
            mu: mean.as_secs_f64().ln() - sigma * sigma / 2.0,
            sigma,
        })
    }

    fn draw(&self, chance: &mut Chance) -> Duration {
        let seconds = (self.mu + self.sigma * chance.normal()).exp();
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
    }
}

/// What one call will wait for.
#[derive(Debug)]
pub(crate) enum Work {
    Takes(Duration),
    Waits(Gate),
}

impl Work {
    /// Ends when the work is done.
    pub(crate) async fn done(self) {
        match self {
            Work::Takes(Duration::ZERO) => {}
            Work::Takes(duration) => tokio::time::sleep(duration).await,
            Work::Waits(gate) => gate.pass().await,
        }
    }
}

/// Draws the work of one call after another.
#[derive(Debug)]
pub(crate) struct Sampler {
    latency: Latency,
    solved: Option<LogNormal>,
    longest: Duration,
    chance: Chance,
}

impl Sampler {
    /// A sampler with a generator of its own.
    pub(crate) fn new(
        latency: &Latency,
        longest: Option<Duration>,
        chance: Chance,
    ) -> Result<Sampler, OptionsError> {
        let solved = match *latency {
            Latency::LogNormal { mean, p99 } => Some(LogNormal::solve(mean, p99)?),
            _ => None,
        };
        let longest = longest.unwrap_or(Duration::MAX);
        Ok(Sampler {
            latency: latency.clone(),
            solved,
            longest,
            chance,
        })
    }

    /// The work of the next call.
    pub(crate) fn draw(&mut self) -> Work {
        let duration = match (&self.latency, &self.solved) {
            (Latency::Manual(gate), _) => return Work::Waits(gate.clone()),
            (Latency::Fixed(duration), _) => *duration,
            (Latency::Jitter { least, most }, _) => jitter(*least, *most, self.chance.unit()),
            (_, Some(solved)) => solved.draw(&mut self.chance),
            (_, None) => Duration::ZERO,
        };
        Work::Takes(duration.min(self.longest))
    }
}

/// See [`Latency::Jitter`]; `uniform` is from 0 to 1.
fn jitter(least: Duration, most: Duration, uniform: f64) -> Duration {
    let ratio = most.as_secs_f64() / least.as_secs_f64();
    let seconds = least.as_secs_f64() * ratio.powf(uniform.powi(3));
    Duration::try_from_secs_f64(seconds).map_or(most, |drawn| drawn.clamp(least, most.max(least)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sampler(latency: &Latency, longest: Option<Duration>, seed: u64) -> Sampler {
        Sampler::new(latency, longest, Chance::new(seed, 0)).unwrap()
    }

    fn seconds(sampler: &mut Sampler) -> f64 {
        match sampler.draw() {
            Work::Takes(duration) => duration.as_secs_f64(),
            Work::Waits(_) => panic!("this latency is not held by hand"),
        }
    }

    const TYPICAL: Latency = Latency::LogNormal {
        mean: Duration::from_millis(1_500),
        p99: Duration::from_millis(6_000),
    };

    #[test]
    fn the_drawn_latencies_have_the_mean_and_the_percentile_asked_for() {
        let mut sampler = sampler(&TYPICAL, None, 42);
        let mut drawn: Vec<f64> = (0..200_000).map(|_| seconds(&mut sampler)).collect();
        let mean = drawn.iter().sum::<f64>() / drawn.len() as f64;
        drawn.sort_by(f64::total_cmp);
        let p99 = drawn[drawn.len() * 99 / 100];
        assert!((mean / 1.5 - 1.0).abs() < 0.02, "the mean is {mean}");
        assert!(
            (p99 / 6.0 - 1.0).abs() < 0.03,
            "the 99th percentile is {p99}"
        );
    }

    #[test]
    fn the_same_seed_draws_the_same_latencies_and_another_seed_others() {
        let draw = |seed| {
            let mut sampler = sampler(&TYPICAL, None, seed);
            (0..50).map(|_| seconds(&mut sampler)).collect::<Vec<_>>()
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
    }

    #[test]
    fn no_call_takes_longer_than_the_vendor_lets_it() {
        let cap = Duration::from_secs(2);
        let mut drawn = sampler(&TYPICAL, Some(cap), 3);
        let all: Vec<f64> = (0..10_000).map(|_| seconds(&mut drawn)).collect();
        assert!(all.iter().all(|taken| *taken <= 2.0));
        assert!(
            all.contains(&2.0),
            "the cap was never needed, so this proves nothing"
        );
        let mut fixed = sampler(&Latency::Fixed(Duration::from_secs(9)), Some(cap), 0);
        assert_eq!(seconds(&mut fixed), 2.0);
    }

    #[test]
    fn jitter_comes_close_to_both_bounds_and_is_mostly_short() {
        let (least, most) = (Duration::from_millis(1), Duration::from_secs(2));
        let mut sampler = sampler(&Latency::Jitter { least, most }, None, 5);
        let mut drawn: Vec<f64> = (0..10_000).map(|_| seconds(&mut sampler)).collect();
        drawn.sort_by(f64::total_cmp);
        assert!(drawn[0] >= 0.001 && drawn[0] < 0.001_1, "{}", drawn[0]);
        assert!(
            drawn[9_999] <= 2.0 && drawn[9_999] > 1.9,
            "{}",
            drawn[9_999]
        );
        assert!(drawn[5_000] < 0.01, "{}", drawn[5_000]);
    }

    #[test]
    fn impossible_distributions_are_refused() {
        let second = Duration::from_secs(1);
        for (mean, p99) in [
            (second, second),
            (second, second / 2),
            (second, second * 15),
        ] {
            assert!(LogNormal::solve(mean, p99).is_err(), "{mean:?} {p99:?}");
        }
        assert!(LogNormal::solve(Duration::ZERO, second).is_err());
        assert!(LogNormal::solve(Duration::ZERO, Duration::ZERO).is_err());
    }

    proptest! {
        #[test]
        fn the_solution_has_the_moments_it_was_solved_for(mean_ms in 1_u64..100_000, ratio in 1.01_f64..14.9) {
            let mean = Duration::from_millis(mean_ms);
            let p99 = mean.mul_f64(ratio);
            let LogNormal { mu, sigma } = LogNormal::solve(mean, p99).unwrap();
            let back = (mu + sigma * sigma / 2.0).exp() / mean.as_secs_f64();
            prop_assert!((back - 1.0).abs() < 1e-6);
            prop_assert!(((mu + Z99 * sigma).exp() / p99.as_secs_f64() - 1.0).abs() < 1e-6);
            prop_assert!(sigma > 0.0 && sigma < Z99);
        }
    }
}
