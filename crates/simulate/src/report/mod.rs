//! A study as one JSON object: `rampmeter.simulate/1`. Durations are milliseconds, moments milliseconds from the start.

use rampmeter_dispatch::Priority;
use rampmeter_template::bill::Bill;

mod layout;
pub(crate) mod picture;
pub(crate) mod text;

use serde_json::{Value, json};

use super::quantity::{millis, offset};
use super::study::Study;
use crate::study::verdict::Judged;
use crate::study::what_if::WhatIf;
use crate::world::figures::{Figures, Interval};
use crate::world::held::{Held, Obstacle};
use crate::world::result::{End, Percentiles};

/// Parts into which the series of the report divide the time.
const PARTS: usize = 120;

/// The JSON object that `simulate --json` prints.
pub(crate) fn json(study: &Study) -> Value {
    json!({
        "schema": "rampmeter.simulate/1",
        "passed": study.passed(),
        "seed": study.scenario.seed,
        "configuration": study.scenario.hash(),
        "objectives": study.judged.iter().map(objective).collect::<Vec<_>>(),
        "duration_ms": millis(offset(study.run.end)),
        "priorities": priorities(study),
        "held": study.run.held.iter().map(held).collect::<Vec<_>>(),
        "binding_limit": study.run.binding().map(|(name, _)| name),
        "slots": slots(study),
        "vendor": {
            "calls": study.run.starts(),
            "throttles": study.run.throttles.all,
            "throttles_under_our_limit": study.run.throttles.under_our_limit,
            "foreign_calls_refused": study.run.others_refused,
        },
        "what_if": study.what_if.as_ref().map(what_if),
        "cost": cost(&study.bill),
        "warnings": study.warnings,
        "assumptions": study.scenario.assumptions(),
    })
}

fn objective(judged: &Judged) -> Value {
    json!({
        "objective": judged.objective.to_string(),
        "bound_ms": millis(judged.objective.bound),
        "value_ms": judged.value.map(millis),
        "met": judged.met(),
        "met_in_runs": judged.met_in,
        "runs": judged.runs,
    })
}

fn priorities(study: &Study) -> Vec<Value> {
    let figures = study.figures();
    let of_priority = |priority: Priority| {
        let place = priority.index();
        let run = &study.run;
        let mut value = json!({
            "priority": priority,
            "calls": figures.calls[place],
            "succeeded": run.ended(priority, Some(End::Succeeded)),
            "failed": {
                "final": run.ended(priority, Some(End::Refused)),
                "unavailable": run.ended(priority, Some(End::Unavailable)),
                "throttled": run.ended(priority, Some(End::Throttled)),
                "outcome_unknown": run.ended(priority, Some(End::Unknown)),
            },
            "unfinished": run.ended(priority, None),
            "wait_ms": percentiles(&figures.waits[place]),
            "drain_ms": millis(figures.drain[place]),
            "deferrals": run.deferrals[place],
        });
        if study.replications.len() > 1 {
            value["replications"] = replications(&study.replications, place);
        }
        if let Some(single) = &study.single_queue {
            value["single_queue_wait_ms"] = percentiles(&single.waits[place]);
        }
        if let Some(recorded) = &study.recorded {
            value["recorded_wait_ms"] = percentiles(&recorded.waits[place]);
            value["agrees_with_recorded"] = json!(recorded.agrees[place]);
        }
        value
    };
    figures.priorities().map(of_priority).collect()
}

fn percentiles(percentiles: &Percentiles) -> Value {
    json!({
        "p50": millis(percentiles.p50),
        "p95": millis(percentiles.p95),
        "p99": millis(percentiles.p99),
        "max": millis(percentiles.max),
    })
}

fn replications(all: &[Figures], place: usize) -> Value {
    let interval = |values: Vec<_>| {
        let interval = Interval::of(&values);
        json!({ "mean": millis(interval.mean), "half_width": millis(interval.half_width) })
    };
    json!({
        "runs": all.len(),
        "wait_p95_ms": interval(all.iter().map(|run| run.waits[place].p95).collect()),
        "drain_ms": interval(all.iter().map(|run| run.drain[place]).collect()),
    })
}

fn held(held: &Held) -> Value {
    let (kind, limit) = match &held.by {
        Obstacle::Limit(name) => ("limit", Some(name)),
        Obstacle::Closed => ("closed by the vendor", None),
        Obstacle::Ramp => ("reopening", None),
        Obstacle::PlannedPause => ("planned pause", None),
    };
    json!({
        "by": kind,
        "limit": limit,
        "total_ms": millis(held.total),
        "longest_from_ms": millis(offset(held.longest.0)),
        "longest_to_ms": millis(offset(held.longest.1)),
    })
}

fn slots(study: &Study) -> Value {
    let run = &study.run;
    let waiting = |priority: Priority| run.series(PARTS, |step| step.waiting[priority.index()]);
    let peak = run.steps.iter().map(|step| step.in_flight).max();
    json!({
        "max": study.scenario.handling.slots(),
        "mean": run.mean(|step| step.in_flight),
        "peak": peak.unwrap_or(0),
        "part_ms": millis(offset(run.end)) / PARTS as f64,
        "in_flight": run.series(PARTS, |step| step.in_flight),
        "waiting": {
            "HIGH": waiting(Priority::High),
            "MEDIUM": waiting(Priority::Medium),
            "BATCH": waiting(Priority::Batch),
        },
    })
}

fn what_if(what_if: &WhatIf) -> Value {
    let rows = what_if.rows.iter().map(|row| {
        let figures = &row.figures;
        let priorities = figures.priorities().map(|priority| {
            let place = priority.index();
            json!({
                "priority": priority,
                "wait_p95_ms": millis(figures.waits[place].p95),
                "drain_ms": millis(figures.drain[place]),
            })
        });
        json!({
            "max": row.max,
            "current": row.current,
            "priorities": priorities.collect::<Vec<_>>(),
        })
    });
    json!({ "limit": what_if.limit, "rows": rows.collect::<Vec<_>>() })
}

fn cost(bill: &Bill) -> Value {
    let items = bill
        .items
        .iter()
        .map(|item| json!({ "service": item.service, "usd": item.usd, "for": item.what }));
    json!({
        "usd_per_month": bill.total(),
        "executions_per_month": bill.executions,
        "region": bill.region,
        "prices_as_of": bill.as_of,
        "items": items.collect::<Vec<_>>(),
    })
}
