//! A workload in a TOML file. Unknown keys are errors; every error names the file, the line and the column.
//! `examples/simulate/night.toml` shows all keys.

use std::time::Duration;

use rampmeter_dispatch::Priority;
use rampmeter_template::bill::Usage;
use rampmeter_terminal::located;
use serde::Deserialize;
use std::ops::Range;
use toml::Spanned;

use super::arrivals::Source;
use super::latency::Latency;
use crate::quantity::{Rate, Span};
use crate::workload::{Failures, Foreign, Throttles, Workload};

/// Most parts of a curve: one for every ten minutes of a week.
const MAX_PARTS: usize = 1_008;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    duration: Span,
    latency: Spanned<LatencyTable>,
    arrivals: Vec<Spanned<ArrivalsTable>>,
    #[serde(default)]
    failures: Failures,
    #[serde(default)]
    throttles: Throttles,
    foreign: Option<Spanned<ForeignTable>>,
    #[serde(default)]
    vendor: VendorTable,
    #[serde(default)]
    aws: Usage,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct LatencyTable {
    fixed: Option<Span>,
    mean: Option<Span>,
    p99: Option<Span>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ArrivalsTable {
    priority: Priority,
    rate: Option<Rate>,
    #[serde(default)]
    curve: Vec<f64>,
    calls: Option<u32>,
    at: Option<Span>,
    over: Option<Span>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ForeignTable {
    rate: Rate,
    latency: Option<Spanned<LatencyTable>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct VendorTable {
    concurrency: Option<u32>,
}

/// Something wrong at a place of the text.
type Wrong = (Range<usize>, String);

/// Reads a workload.
///
/// # Errors
/// What is wrong, after `FILE:LINE:COLUMN`.
pub(crate) fn parse(name: &str, text: &str) -> Result<Workload, String> {
    let file: File = toml::from_str(text)
        .map_err(|error| located(name, text, error.span().unwrap_or(0..0), error.message()))?;
    let workload =
        workload(name, &file).map_err(|(span, what)| located(name, text, span, &what))?;
    match workload.problem() {
        Some(problem) => Err(format!("{name}: {problem}")),
        None => Ok(workload),
    }
}

fn workload(name: &str, file: &File) -> Result<Workload, Wrong> {
    let stretch = file.duration.0;
    if stretch.is_zero() {
        return Err((0..0, "`duration` is longer than nothing".to_owned()));
    }
    let latency = latency(&file.latency)?;
    let sources: Result<Vec<Source>, Wrong> = file
        .arrivals
        .iter()
        .map(|table| source(table.get_ref(), stretch).map_err(|what| (table.span(), what)))
        .collect();
    let foreign = file
        .foreign
        .as_ref()
        .map(|table| foreign(table.get_ref(), &latency));
    Ok(Workload {
        failures: file.failures,
        throttles: file.throttles,
        foreign: foreign.transpose()?,
        vendor_concurrency: file.vendor.concurrency,
        usage: file.aws,
        ..Workload::new(name, stretch, sources?, latency)
    })
}

fn latency(table: &Spanned<LatencyTable>) -> Result<Latency, Wrong> {
    let latency = match *table.get_ref() {
        LatencyTable {
            fixed: Some(Span(fixed)),
            mean: None,
            p99: None,
        } => Ok(Latency::Fixed(fixed)),
        LatencyTable {
            fixed: None,
            mean: Some(Span(mean)),
            p99: Some(Span(p99)),
        } => Latency::log_normal(mean, p99),
        _ => Err("a latency has either `fixed`, or `mean` and `p99`".to_owned()),
    };
    latency.map_err(|what| (table.span(), what))
}

fn source(table: &ArrivalsTable, stretch: Duration) -> Result<Source, String> {
    match *table {
        ArrivalsTable {
            rate: Some(Rate(per_second)),
            calls: None,
            at: None,
            over: None,
            ..
        } => {
            check_curve(&table.curve)?;
            Ok(Source::Rate {
                priority: table.priority,
                per_second,
                curve: table.curve.clone(),
            })
        }
        ArrivalsTable {
            rate: None,
            calls: Some(calls),
            at,
            over,
            ..
        } if table.curve.is_empty() => burst(
            table.priority,
            calls,
            at.unwrap_or_default().0,
            over.unwrap_or_default().0,
            stretch,
        ),
        _ => Err(
            "arrivals have either `rate` (and `curve`), or `calls` (and `at` and `over`)"
                .to_owned(),
        ),
    }
}

/// A burst that lies within the stretch.
///
/// # Errors
/// When it does not, or is empty.
pub(crate) fn burst(
    priority: Priority,
    calls: u32,
    at: Duration,
    over: Duration,
    stretch: Duration,
) -> Result<Source, String> {
    if calls == 0 {
        return Err("a burst has at least one call".to_owned());
    }
    if at.saturating_add(over) > stretch {
        return Err("the burst ends after the workload's duration".to_owned());
    }
    Ok(Source::Burst {
        priority,
        calls,
        at,
        over,
    })
}

fn check_curve(curve: &[f64]) -> Result<(), String> {
    let possible = |weight: &f64| (0.0..=1e9).contains(weight);
    if curve.len() > MAX_PARTS || !curve.iter().all(possible) {
        Err(format!(
            "a curve has at most {MAX_PARTS} weights, none below 0 or above a thousand million"
        ))
    } else if !curve.is_empty() && curve.iter().sum::<f64>() <= 0.0 {
        Err("one weight of a curve is above 0".to_owned())
    } else {
        Ok(())
    }
}

fn foreign(table: &ForeignTable, ours: &Latency) -> Result<Foreign, Wrong> {
    let own = table.latency.as_ref().map(latency).transpose()?;
    Ok(Foreign {
        per_second: table.rate.0,
        latency: own.unwrap_or_else(|| ours.clone()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "duration = \"8h\"\nlatency = { mean = \"1.4s\", p99 = \"4s\" }\n";

    fn refused(text: &str) -> String {
        parse("w.toml", text).expect_err("the file is refused")
    }

    #[test]
    fn the_example_is_read() {
        let text = include_str!("../../../../examples/simulate/night.toml");
        let workload = parse("night.toml", text).unwrap();
        assert_eq!(workload.sources.len(), 3);
        assert_eq!(workload.vendor_concurrency, Some(15));
        assert!(workload.foreign.is_some());
    }

    #[test]
    fn an_unknown_key_is_named_with_its_place() {
        let text = format!("{HEAD}[[arrivals]]\npriority = \"HIGH\"\nratee = \"1/s\"\n");
        let refusal = refused(&text);
        assert!(
            refusal.starts_with("w.toml:5:1: unknown field `ratee`"),
            "{refusal}"
        );
    }

    #[test]
    fn wrong_values_are_told_with_their_place() {
        let arrivals = |keys: &str| format!("{HEAD}[[arrivals]]\npriority = \"HIGH\"\n{keys}\n");
        for (text, place, what) in [
            (arrivals("rate = \"5\""), "w.toml:5:8:", "not a rate"),
            (arrivals("rate = 5"), "w.toml:5:8:", "invalid type"),
            (
                arrivals("rate = \"1/s\"\ncalls = 5"),
                "w.toml:3:1:",
                "either",
            ),
            (arrivals("calls = 0"), "w.toml:3:1:", "at least one"),
            (
                arrivals("calls = 5\nat = \"9h\""),
                "w.toml:3:1:",
                "ends after",
            ),
            (
                arrivals("rate = \"1/s\"\ncurve = [0, 0]"),
                "w.toml:3:1:",
                "above 0",
            ),
            (
                arrivals("rate = \"1/s\"\ncurve = [nan]"),
                "w.toml:3:1:",
                "weights",
            ),
            (
                arrivals("rate = \"1/s\"\n[failures]\nlost = 2"),
                "w.toml:7:8:",
                "share",
            ),
            (arrivals("= 5"), "w.toml:5:1:", ""),
            (arrivals("rate = \"90000/s\""), "w.toml:", "at most 5000000"),
        ] {
            let refusal = refused(&text);
            assert!(
                refusal.starts_with(place) && refusal.contains(what),
                "{refusal}"
            );
        }
    }

    #[test]
    fn hostile_files_are_refused_without_a_panic() {
        for text in [
            "",
            "\u{0}",
            "[[[[",
            "duration = \"8h\"",
            "duration = \"0s\"\nlatency = { fixed = \"1s\" }\narrivals = []",
            "duration = \"8h\"\nlatency = { fixed = \"1s\" }\narrivals = []",
            "duration = \"8h\"\nlatency = { mean = \"1s\" }\narrivals = []",
            "duration = \"8h\"\nlatency = { mean = \"1s\", p99 = \"60s\" }\narrivals = []",
        ] {
            assert!(refused(text).starts_with("w.toml:"));
        }
        assert!(!refused(&"[a".repeat(100_000)).is_empty());
    }
}
