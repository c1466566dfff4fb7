//! Objectives and whether they are met: `HIGH.wait_p95<2s`, `BATCH.drain<90m`.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use rampmeter_config::Slo;
use rampmeter_dispatch::Priority;

use crate::quantity::{Span, written};
use crate::world::figures::Figures;

/// A figure that can have an objective.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Measure {
    /// Half of the calls start within this time.
    WaitP50,
    /// 95 of 100.
    WaitP95,
    /// 99 of 100.
    WaitP99,
    /// All of them.
    WaitMax,
    /// The longest stretch with calls that have not ended.
    Drain,
}

const MEASURES: [(&str, Measure); 5] = [
    ("wait_p50", Measure::WaitP50),
    ("wait_p95", Measure::WaitP95),
    ("wait_p99", Measure::WaitP99),
    ("wait_max", Measure::WaitMax),
    ("drain", Measure::Drain),
];

/// A bound on one figure of one priority.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Objective {
    /// The priority.
    pub(crate) priority: Priority,
    /// The figure.
    pub(crate) measure: Measure,
    /// Whether the bound itself still meets it: `<=` instead of `<`.
    pub(crate) inclusive: bool,
    /// The bound.
    pub(crate) bound: Duration,
}

/// An objective, and whether it was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Judged {
    /// The objective.
    pub(crate) objective: Objective,
    /// The figure of the first run; `None` if the priority had no calls, which meets every objective.
    pub(crate) value: Option<Duration>,
    /// Runs that met it.
    pub(crate) met_in: usize,
    /// Runs in all.
    pub(crate) runs: usize,
}

impl Judged {
    /// Whether every run met it.
    pub(crate) fn met(&self) -> bool {
        self.met_in == self.runs
    }
}

impl Objective {
    /// The figure it is about.
    fn value(&self, figures: &Figures) -> Option<Duration> {
        let place = self.priority.index();
        let waits = figures.waits[place];
        let value = match self.measure {
            Measure::WaitP50 => waits.p50,
            Measure::WaitP95 => waits.p95,
            Measure::WaitP99 => waits.p99,
            Measure::WaitMax => waits.max,
            Measure::Drain => figures.drain[place],
        };
        (figures.calls[place] > 0).then_some(value)
    }

    /// Judges runs of one scenario, of which the first is the one that is shown.
    pub(crate) fn judge(self, runs: &[Figures]) -> Judged {
        let met = |figures: &&Figures| match self.value(figures) {
            Some(value) if self.inclusive => value <= self.bound,
            Some(value) => value < self.bound,
            None => true,
        };
        Judged {
            objective: self,
            value: runs.first().and_then(|figures| self.value(figures)),
            met_in: runs.iter().filter(met).count(),
            runs: runs.len(),
        }
    }
}

/// The objectives of `--slo`, separated by commas.
///
/// # Errors
/// What is wrong with the first one that is.
pub(crate) fn parse(text: &str) -> Result<Vec<Objective>, String> {
    let objectives: Result<Vec<Objective>, String> =
        text.split(',').map(|one| one.trim().parse()).collect();
    objectives
}

/// The objectives of the configuration's `[slo]`.
pub(crate) fn configured(slos: &BTreeMap<Priority, Slo>) -> Vec<Objective> {
    let objectives = slos.iter().flat_map(|(priority, slo)| {
        let pairs = [
            (Measure::WaitP95, slo.wait_p95),
            (Measure::WaitMax, slo.oldest),
        ];
        pairs.into_iter().filter_map(|(measure, bound)| {
            Some(Objective {
                priority: *priority,
                measure,
                inclusive: true,
                bound: bound?,
            })
        })
    });
    objectives.collect()
}

impl FromStr for Objective {
    type Err = String;

    fn from_str(text: &str) -> Result<Objective, String> {
        let wrong = |why: &str| format!("`{text}`: {why}");
        let (name, bound) = text
            .split_once('<')
            .ok_or_else(|| wrong("an objective reads like HIGH.wait_p95<2s"))?;
        let (inclusive, bound) = match bound.strip_prefix('=') {
            Some(bound) => (true, bound),
            None => (false, bound),
        };
        let (priority, measure) = name
            .trim()
            .split_once('.')
            .ok_or_else(|| wrong("an objective begins with PRIORITY.FIGURE"))?;
        let known = MEASURES.iter().find(|(name, _)| *name == measure);
        let (_, measure) = known.ok_or_else(|| {
            let names = MEASURES.map(|(name, _)| name).join(", ");
            wrong(&format!("`{measure}` is none of {names}"))
        })?;
        let Span(bound) = bound.trim().parse().map_err(|why: String| wrong(&why))?;
        Ok(Objective {
            priority: priority.parse().map_err(|why| wrong(&format!("{why}")))?,
            measure: *measure,
            inclusive,
            bound,
        })
    }
}

impl fmt::Display for Objective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = MEASURES
            .iter()
            .find(|(_, measure)| *measure == self.measure);
        let (name, _) = name.expect("every figure has a name");
        let sign = if self.inclusive { "<=" } else { "<" };
        write!(f, "{}.{name} {sign} {}", self.priority, written(self.bound))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::result::Percentiles;

    fn figures(p95: u64) -> Figures {
        let waits = Percentiles {
            p95: Duration::from_secs(p95),
            ..Percentiles::default()
        };
        Figures {
            calls: [1, 0, 0],
            waits: [waits; 3],
            drain: [Duration::ZERO; 3],
            unfinished: 0,
        }
    }

    #[test]
    fn objectives_are_read_and_shown() {
        let objectives = parse("HIGH.wait_p95<2s, BATCH.drain<=90m").unwrap();
        let shown: Vec<String> = objectives.iter().map(Objective::to_string).collect();
        assert_eq!(shown, ["HIGH.wait_p95 < 2s", "BATCH.drain <= 90m"]);
    }

    #[test]
    fn what_is_no_objective_is_refused_with_what_would_be_one() {
        for (text, what) in [
            ("", "reads like"),
            ("HIGH.wait_p95>2s", "reads like"),
            ("HIGH<2s", "PRIORITY.FIGURE"),
            ("HIGH.wait<2s", "none of wait_p50"),
            ("high.drain<2s", "HIGH, MEDIUM or BATCH"),
            ("HIGH.drain<2", "not a duration"),
            ("HIGH.drain<2s,", "reads like"),
        ] {
            let refusal = parse(text).expect_err(text);
            assert!(refusal.contains(what), "{refusal}");
        }
    }

    #[test]
    fn an_objective_is_met_when_every_run_meets_it() {
        let objective: Objective = "HIGH.wait_p95<2s".parse().unwrap();
        assert!(objective.judge(&[figures(1), figures(1)]).met());
        let judged = objective.judge(&[figures(1), figures(2)]);
        assert_eq!((judged.met(), judged.met_in, judged.runs), (false, 1, 2));
        let inclusive: Objective = "HIGH.wait_p95<=2s".parse().unwrap();
        assert!(inclusive.judge(&[figures(2)]).met());
    }

    #[test]
    fn a_priority_without_calls_meets_every_objective() {
        let objective: Objective = "BATCH.wait_p95<1s".parse().unwrap();
        let judged = objective.judge(&[figures(5)]);
        assert_eq!((judged.met(), judged.value), (true, None));
    }
}
