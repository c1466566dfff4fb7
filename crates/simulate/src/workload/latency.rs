//! How long the vendor works on a call.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::quantity::millis;
use crate::random::Random;

/// The 99th percentile of the standard normal distribution.
const Z99: f64 = 2.326_347_874_040_841;

/// A distribution of durations.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Latency {
    /// Every call takes the same time.
    Fixed(Duration),
    /// exp(mu + sigma Z) seconds with Z standard normal: the long tail of real APIs.
    LogNormal {
        /// Mean of the logarithm.
        mu: f64,
        /// Standard deviation of the logarithm.
        sigma: f64,
    },
    /// One of the durations that were measured; nothing beyond them.
    Measured(Arc<[Duration]>),
}

impl Latency {
    /// The log-normal distribution with this arithmetic mean and 99th percentile; a fixed duration where they are
    /// the same.
    ///
    /// The mean is exp(mu + sigma^2 / 2) and the percentile exp(mu + z sigma), so that the logarithm r of their ratio
    /// is z sigma - sigma^2 / 2. Of the two roots the smaller is meant: with the larger, nearly all calls take no
    /// time at all.
    ///
    /// # Errors
    /// When the percentile is below the mean, or so far above it that no such distribution exists.
    pub(crate) fn log_normal(mean: Duration, p99: Duration) -> Result<Latency, String> {
        if mean.is_zero() {
            return Err("a mean latency is longer than nothing".to_owned());
        }
        if mean == p99 {
            return Ok(Latency::Fixed(mean));
        }
        let ratio = (p99.as_secs_f64() / mean.as_secs_f64()).ln();
        let discriminant = Z99 * Z99 - 2.0 * ratio;
        if ratio < 0.0 || discriminant < 0.0 {
            return Err("the p99 latency is between the mean and 14.9 times the mean".to_owned());
        }
        let sigma = Z99 - discriminant.sqrt();
        Ok(Latency::LogNormal {
            mu: mean.as_secs_f64().ln() - sigma * sigma / 2.0,
            sigma,
        })
    }

    /// One duration.
    pub(crate) fn sample(&self, random: &mut Random) -> Duration {
        match self {
            Latency::Fixed(duration) => *duration,
            Latency::LogNormal { mu, sigma } => {
                let seconds = (mu + sigma * random.normal()).exp();
                Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
            }
            Latency::Measured(durations) => durations[random.below(durations.len())],
        }
    }

    /// The arithmetic mean.
    pub(crate) fn mean(&self) -> Duration {
        match self {
            Latency::Fixed(duration) => *duration,
            Latency::LogNormal { mu, sigma } => {
                Duration::try_from_secs_f64((mu + sigma * sigma / 2.0).exp())
                    .unwrap_or(Duration::MAX)
            }
            Latency::Measured(durations) => {
                let sum: f64 = durations.iter().map(Duration::as_secs_f64).sum();
                Duration::from_secs_f64(sum / durations.len() as f64)
            }
        }
    }

    /// The distribution as the report states it.
    pub(crate) fn to_json(&self) -> Value {
        let mean_ms = millis(self.mean());
        match self {
            Latency::Fixed(_) => json!({ "kind": "fixed", "mean_ms": mean_ms }),
            Latency::LogNormal { mu, sigma } => {
                let p99 = Duration::try_from_secs_f64((mu + Z99 * sigma).exp());
                let p99_ms = millis(p99.unwrap_or(Duration::MAX));
                json!({ "kind": "log-normal", "mean_ms": mean_ms, "p99_ms": p99_ms })
            }
            Latency::Measured(durations) => {
                json!({ "kind": "measured", "mean_ms": mean_ms, "samples": durations.len() })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Question;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn a_log_normal_latency_has_its_mean_and_its_percentile() {
        let latency = Latency::log_normal(ms(1_400), ms(4_000)).unwrap();
        let mut random = Random::of(3, Question::Duration, 0, 0);
        let mut samples: Vec<Duration> =
            (0..100_000).map(|_| latency.sample(&mut random)).collect();
        samples.sort_unstable();
        let mean = samples.iter().sum::<Duration>() / 100_000;
        assert!(mean.abs_diff(ms(1_400)) < ms(15), "{mean:?}");
        assert!(samples[99_000].abs_diff(ms(4_000)) < ms(100));
        assert!(latency.mean().abs_diff(ms(1_400)) < ms(1));
    }

    #[test]
    fn impossible_latencies_are_refused_and_equal_ones_are_fixed() {
        for (mean, p99) in [(0, 1), (5, 4), (100, 1_600)] {
            assert!(
                Latency::log_normal(ms(mean), ms(p99)).is_err(),
                "{mean} {p99}"
            );
        }
        assert_eq!(Latency::log_normal(ms(5), ms(5)), Ok(Latency::Fixed(ms(5))));
    }

    #[test]
    fn measured_latencies_give_back_what_was_measured() {
        let latency = Latency::Measured(Arc::from([ms(10), ms(30)]));
        let mut random = Random::of(1, Question::Duration, 0, 0);
        assert_eq!(latency.mean(), ms(20));
        assert!((0..50).all(|_| [ms(10), ms(30)].contains(&latency.sample(&mut random))));
    }
}
