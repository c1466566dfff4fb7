//! The figures of one run by which runs are compared: waits and drain of each priority.

use std::time::Duration;

use rampmeter_dispatch::Priority;

use super::result::{Percentiles, Run};

/// The figures of a run, HIGH first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Figures {
    /// Calls.
    pub(crate) calls: [u64; 3],
    /// From sent to first started.
    pub(crate) waits: [Percentiles; 3],
    /// The longest stretch with calls that had not ended.
    pub(crate) drain: [Duration; 3],
    /// Calls that did not end.
    pub(crate) unfinished: u64,
}

impl Figures {
    /// The figures of a run.
    pub(crate) fn of(run: &Run) -> Figures {
        Figures {
            calls: Priority::ALL.map(|priority| run.count(priority)),
            waits: Priority::ALL.map(|priority| run.waits(priority)),
            drain: Priority::ALL.map(|priority| run.drain(priority)),
            unfinished: run.unfinished(),
        }
    }

    /// The priorities that have calls.
    pub(crate) fn priorities(&self) -> impl Iterator<Item = Priority> {
        Priority::ALL
            .into_iter()
            .filter(|priority| self.calls[priority.index()] > 0)
    }
}

/// A mean with the half width of its 95 % confidence interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Interval {
    /// The mean.
    pub(crate) mean: Duration,
    /// What to add and to take away; nothing for a single run.
    pub(crate) half_width: Duration,
}

impl Interval {
    /// Of one figure of independent runs, by Student's t.
    pub(crate) fn of(values: &[Duration]) -> Interval {
        let count = values.len() as f64;
        let seconds: Vec<f64> = values.iter().map(Duration::as_secs_f64).collect();
        let mean = seconds.iter().sum::<f64>() / count.max(1.0);
        let squares: f64 = seconds.iter().map(|value| (value - mean).powi(2)).sum();
        let deviation = if values.len() > 1 {
            (squares / (count - 1.0) / count).sqrt() * student_t(values.len() - 1)
        } else {
            0.0
        };
        Interval {
            mean: Duration::from_secs_f64(mean),
            half_width: Duration::from_secs_f64(deviation),
        }
    }
}

/// The 97.5th percentile of Student's t; between the rows of the usual table, the larger of its neighbours.
fn student_t(degrees: usize) -> f64 {
    const SMALL: [f64; 10] = [
        12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
    ];
    match degrees {
        1..=10 => SMALL[degrees - 1],
        11..=14 => 2.201,
        15..=19 => 2.131,
        20..=29 => 2.086,
        30..=59 => 2.042,
        _ => 2.001,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_that_of_the_textbook() {
        // Mean 3 s, standard deviation 1.5811 s, five values: 2.776 x 1.5811 / sqrt(5) = 1.963 s.
        let values: Vec<Duration> = (1..=5).map(Duration::from_secs).collect();
        let interval = Interval::of(&values);
        assert_eq!(interval.mean, Duration::from_secs(3));
        assert!((interval.half_width.as_secs_f64() - 1.963).abs() < 0.001);
        assert_eq!(Interval::of(&values[..1]).half_width, Duration::ZERO);
    }
}
