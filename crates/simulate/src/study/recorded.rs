//! Simulated waits beside the recorded ones of the same calls: whether the simulation can be trusted.

use std::time::Duration;

use rampmeter_dispatch::Priority;

use crate::quantity::words;
use crate::workload::Workload;
use crate::world::figures::Figures;
use crate::world::result::Percentiles;

/// The recorded waits, HIGH first, and whether the simulated ones agree with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Recorded {
    /// What was recorded.
    pub(crate) waits: [Percentiles; 3],
    /// Whether the 95th percentiles agree.
    pub(crate) agrees: [bool; 3],
}

impl Recorded {
    /// Compares a run with what was recorded of its calls; `None` where nothing was.
    pub(crate) fn compare(workload: &Workload, figures: &Figures) -> Option<Recorded> {
        if workload.recorded_waits.iter().all(Vec::is_empty) {
            return None;
        }
        let waits = workload.recorded_waits.clone().map(Percentiles::of);
        let mean = workload.latency.mean();
        let agrees = [0, 1, 2].map(|place: usize| {
            let (recorded, simulated) = (waits[place].p95, figures.waits[place].p95);
            recorded.abs_diff(simulated) <= tolerance(recorded, mean)
        });
        Some(Recorded { waits, agrees })
    }

    /// Where they do not agree, in words. Meaningless when a limit was changed.
    pub(crate) fn disagreements(&self, figures: &Figures) -> Vec<String> {
        let apart = figures
            .priorities()
            .filter(|priority| !self.agrees[priority.index()]);
        let words = |priority: Priority| {
            let place = priority.index();
            format!(
                "{priority} calls waited {} (p95) in the history and {} here: something held them that is not simulated",
                words(self.waits[place].p95),
                words(figures.waits[place].p95)
            )
        };
        apart.map(words).collect()
    }
}

/// A tenth of the recorded wait, or one mean call where that is more: milliseconds that nobody records decide which of
/// two calls goes first.
fn tolerance(recorded: Duration, mean: Duration) -> Duration {
    (recorded / 10).max(mean)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::latency::Latency;

    const MEAN: Duration = Duration::from_millis(100);

    fn recorded(recorded_ms: u64, simulated_ms: u64) -> (Recorded, Figures) {
        let latency = Latency::Fixed(MEAN);
        let mut workload = Workload::new("a test", MEAN, Vec::new(), latency);
        workload.recorded_waits[1] = vec![Duration::from_millis(recorded_ms)];
        let waits = Percentiles::of(vec![Duration::from_millis(simulated_ms)]);
        let figures = Figures {
            calls: [0, 1, 0],
            waits: [Percentiles::default(), waits, Percentiles::default()],
            drain: [Duration::ZERO; 3],
            unfinished: 0,
        };
        (Recorded::compare(&workload, &figures).unwrap(), figures)
    }

    #[test]
    fn waits_agree_within_a_tenth_or_a_mean_call() {
        for (recorded_ms, simulated_ms, agrees) in [
            (0, 100, true),
            (0, 101, false),
            (5_000, 4_500, true),
            (5_000, 5_501, false),
        ] {
            let (recorded, figures) = recorded(recorded_ms, simulated_ms);
            assert_eq!(recorded.agrees, [true, agrees, true]);
            assert_eq!(recorded.disagreements(&figures).is_empty(), agrees);
        }
    }

    #[test]
    fn nothing_recorded_is_nothing_to_compare() {
        let (_, figures) = recorded(1, 1);
        let workload = Workload::new("a test", MEAN, Vec::new(), Latency::Fixed(MEAN));
        assert_eq!(Recorded::compare(&workload, &figures), None);
    }
}
