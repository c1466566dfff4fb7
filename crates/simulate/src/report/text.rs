//! A study for people: the conclusion first, then what it rests on, each part shorter than a screen.

use std::time::Duration;

use rampmeter_dispatch::{LimitKind, Priority, Time};

use super::layout::{columns, sparkline};
use crate::quantity::{grouped, offset, words};
use crate::study::Study;
use crate::study::verdict::Judged;
use crate::study::what_if::WhatIf;
use crate::world::figures::{Figures, Interval};
use crate::world::held::{Held, Obstacle};

/// Parts of the line that shows how full the slots are.
const PARTS: usize = 32;
/// The column of the seed and the configuration.
const RIGHT: usize = 60;

/// The report as text, with a line break at its end.
pub(crate) fn text(study: &Study) -> String {
    let parts = [
        vec![headline(study)],
        objectives(&study.judged),
        columns(&priorities(study)),
        replications(study),
        usage(study),
        study.what_if.as_ref().map(what_if).unwrap_or_default(),
        cost(study),
        warnings(&study.warnings),
        assumptions(study),
    ];
    let shown: Vec<String> = parts
        .into_iter()
        .filter(|lines| !lines.is_empty())
        .map(|lines| lines.join("\n"))
        .collect();
    shown.join("\n\n") + "\n"
}

fn headline(study: &Study) -> String {
    let missed = study.judged.iter().filter(|judged| !judged.met()).count();
    let target = &study.scenario.handling.target;
    let what = if missed > 0 {
        let of = study.judged.len();
        format!("FAIL   {missed} of {of} objectives missed")
    } else if !study.passed() {
        "FAIL   some calls never end".to_owned()
    } else if study.judged.is_empty() {
        format!("DONE   {target}; no objective was given (--slo or [slo])")
    } else {
        format!("PASS   the limits of {target} carry this workload")
    };
    let seeds = match study.replications.len() {
        1 => format!("seed {}", study.scenario.seed),
        many => {
            let first = study.scenario.seed;
            format!("seeds {first} to {}", first.wrapping_add(many as u64 - 1))
        }
    };
    format!("{what:<RIGHT$}{seeds} · config {}", study.scenario.hash())
}

fn objectives(judged: &[Judged]) -> Vec<String> {
    let rows: Vec<Vec<String>> = judged
        .iter()
        .map(|judged| {
            let mark = if judged.met() { "✔" } else { "✘" };
            let value = judged.value.map_or_else(|| "no calls".to_owned(), words);
            let runs = if judged.runs > 1 {
                format!("met in {} of {} runs", judged.met_in, judged.runs)
            } else {
                String::new()
            };
            vec![format!("{mark} {}", judged.objective), value, runs]
        })
        .collect();
    columns(&rows)
}

fn priorities(study: &Study) -> Vec<Vec<String>> {
    let figures = study.figures();
    let titles = [
        "PRIORITY",
        "CALLS",
        "WAIT p50",
        "p95",
        "p99",
        "MAX",
        "DRAIN",
        "DEFERRALS",
    ];
    let mut rows = vec![titles.map(str::to_owned).to_vec()];
    if study.single_queue.is_some() {
        rows[0].push("one shared queue, p95".to_owned());
    }
    if study.recorded.is_some() {
        rows[0].push("recorded p95".to_owned());
    }
    for priority in figures.priorities() {
        let place = priority.index();
        let waits = figures.waits[place];
        let durations = [
            waits.p50,
            waits.p95,
            waits.p99,
            waits.max,
            figures.drain[place],
        ];
        let mut row = vec![priority.to_string(), grouped(figures.calls[place])];
        row.extend(durations.map(words));
        row.push(match priority {
            Priority::High => String::new(),
            Priority::Medium | Priority::Batch => grouped(study.run.deferrals[place]),
        });
        row.extend(
            study
                .single_queue
                .iter()
                .map(|single| words(single.waits[place].p95)),
        );
        row.extend(
            study
                .recorded
                .iter()
                .map(|recorded| words(recorded.waits[place].p95)),
        );
        rows.push(row);
    }
    rows
}

fn replications(study: &Study) -> Vec<String> {
    let all = &study.replications;
    if all.len() == 1 {
        return Vec::new();
    }
    let cell = |read: &dyn Fn(&Figures) -> Duration| {
        let values: Vec<Duration> = all.iter().map(read).collect();
        let Interval { mean, half_width } = Interval::of(&values);
        format!("{} ± {}", words(mean), words(half_width))
    };
    let title = format!("MEAN OF {} RUNS", all.len());
    let mut rows = vec![[title.as_str(), "p95", "DRAIN"].map(str::to_owned).to_vec()];
    for priority in study.figures().priorities() {
        let place = priority.index();
        rows.push(vec![
            priority.to_string(),
            cell(&|run| run.waits[place].p95),
            cell(&|run| run.drain[place]),
        ]);
    }
    columns(&rows)
}

/// How full the slots are, and what holds calls back.
fn usage(study: &Study) -> Vec<String> {
    let run = &study.run;
    let series = run.series(PARTS, |step| step.in_flight);
    let peak = run
        .steps
        .iter()
        .map(|step| step.in_flight)
        .max()
        .unwrap_or(0);
    let full = study.scenario.handling.slots().unwrap_or(peak).max(1);
    let mean = run.mean(|step| step.in_flight);
    let mut rows = vec![vec![
        "slots".to_owned(),
        format!(
            "{}  mean {:.0} % of {full}",
            sparkline(&series, f64::from(full)),
            100.0 * mean / f64::from(full)
        ),
    ]];
    let binding = run.binding().map(|(name, _)| name);
    let mut held: Vec<&Held> = run.held.iter().collect();
    held.sort_by_key(|held| std::cmp::Reverse(held.total));
    for held in held {
        let (title, name) = match &held.by {
            Obstacle::Limit(name) if Some(name.as_str()) == binding => {
                ("binding limit", limit_name(study, name))
            }
            Obstacle::Limit(name) => ("limit", limit_name(study, name)),
            Obstacle::Closed => ("vendor", "closed".to_owned()),
            Obstacle::Ramp => ("vendor", "reopening".to_owned()),
            Obstacle::PlannedPause => ("pause", "by the calendar".to_owned()),
        };
        rows.push(vec![title.to_owned(), format!("{name}  {}", stretch(held))]);
    }
    if binding.is_none() {
        rows.push(vec![
            "binding limit".to_owned(),
            "none: no limit held a call back".to_owned(),
        ]);
    }
    columns(&rows)
}

fn limit_name(study: &Study, name: &str) -> String {
    let handling = &study.scenario.handling;
    let limit = handling
        .rules
        .limits
        .iter()
        .find(|limit| limit.name == name);
    let rule = limit.map_or_else(String::new, |limit| match &limit.kind {
        LimitKind::Concurrency { max } => format!(" (concurrency {max})"),
        LimitKind::Window { calls, per } => format!(" ({} calls per {per:?})", grouped(*calls)),
        LimitKind::Calendar { calls, reset } => {
            format!(" ({} calls, reset {reset})", grouped(*calls))
        }
    });
    format!("{}/{name}{rule}", handling.target)
}

fn stretch(held: &Held) -> String {
    let (from, to) = held.longest;
    format!(
        "held calls back for {} in all, longest from {} to {}",
        words(held.total),
        clock(from),
        clock(to)
    )
}

/// A moment as hours, minutes and seconds from the start.
fn clock(time: Time) -> String {
    let seconds = offset(time).as_secs();
    format!(
        "+{}:{:02}:{:02}",
        seconds / 3_600,
        seconds / 60 % 60,
        seconds % 60
    )
}

fn what_if(what_if: &WhatIf) -> Vec<String> {
    let Some(first) = what_if.rows.first() else {
        return Vec::new();
    };
    let mut titles = vec![format!("  WHAT IF {} had", what_if.limit)];
    titles.extend(first.figures.priorities().map(|priority| match priority {
        Priority::High | Priority::Medium => format!("{priority} p95"),
        Priority::Batch => format!("{priority} drain"),
    }));
    let unit = if what_if.counts_slots {
        "slots"
    } else {
        "calls"
    };
    let mut rows = vec![titles];
    for row in &what_if.rows {
        let mark = if row.current { "▸" } else { " " };
        let mut cells = vec![format!("{mark} {} {unit}", grouped(row.max))];
        cells.extend(row.figures.priorities().map(|priority| {
            let place = priority.index();
            words(match priority {
                Priority::High | Priority::Medium => row.figures.waits[place].p95,
                Priority::Batch => row.figures.drain[place],
            })
        }));
        rows.push(cells);
    }
    columns(&rows)
}

fn cost(study: &Study) -> Vec<String> {
    let bill = &study.bill;
    let total = bill.total();
    let mut lines = vec![format!(
        "  ON AWS about {total:.0} USD a month   {}, prices of {} (--prices FILE for others)",
        bill.region, bill.as_of
    )];
    let rows: Vec<Vec<String>> = bill
        .items
        .iter()
        .map(|item| {
            let share = if total > 0.0 {
                100.0 * item.usd / total
            } else {
                0.0
            };
            vec![
                format!("  {}", item.service),
                format!("{:>8.2}", item.usd),
                format!("{share:>3.0} %"),
                item.what.clone(),
            ]
        })
        .collect();
    lines.extend(columns(&rows));
    lines
}

fn warnings(warnings: &[String]) -> Vec<String> {
    let line = |warning: &String| format!("  warning  {warning}");
    warnings.iter().map(line).collect()
}

fn assumptions(study: &Study) -> Vec<String> {
    let workload = &study.scenario.workload;
    let mut line = format!(
        "  from {}: {} of arrivals, mean call {}",
        workload.origin,
        words(workload.stretch),
        words(workload.latency.mean())
    );
    if workload.foreign.is_some()
        && let Some(most) = workload.vendor_concurrency
    {
        line.push_str(&format!(", others use the same {most} slots of the vendor"));
    }
    vec![line]
}
