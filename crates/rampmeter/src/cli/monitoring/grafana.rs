//! A dashboard for Grafana, which asks whichever Prometheus a person picks in it.

use std::collections::BTreeMap;

use rampmeter_config::Slo;
use rampmeter_dispatch::Priority;
use serde_json::{Value, json};

/// Width and height of a panel, of which two stand beside each other.
const PANEL: (usize, usize) = (12, 8);

/// One chart: its title, the unit of its values, and what it draws, each with its legend.
struct Chart {
    title: &'static str,
    unit: &'static str,
    lines: Vec<(String, &'static str)>,
    /// A value above which it is red.
    threshold: Option<f64>,
}

/// The dashboard.
pub(super) fn of(objectives: &BTreeMap<Priority, Slo>) -> Value {
    let charts = usual().into_iter().chain(waits(objectives));
    let panels: Vec<Value> = charts
        .enumerate()
        .map(|(place, chart)| chart.panel(place))
        .collect();
    json!({
        "title": "Rampmeter",
        "uid": "rampmeter",
        "schemaVersion": 39,
        "refresh": "10s",
        "time": { "from": "now-3h", "to": "now" },
        "templating": { "list": [
            { "name": "datasource", "type": "datasource", "query": "prometheus", "label": "Data source" },
        ] },
        "panels": panels,
    })
}

impl Chart {
    fn panel(&self, place: usize) -> Value {
        let source = json!({ "type": "prometheus", "uid": "${datasource}" });
        let lines = self.lines.iter().zip('A'..);
        let targets: Vec<Value> = lines
            .map(|((expression, legend), letter)| {
                json!({
                    "refId": letter.to_string(), "expr": expression, "legendFormat": legend,
                    "datasource": source,
                })
            })
            .collect();
        let mut steps = vec![json!({ "color": "green", "value": null })];
        steps.extend(
            self.threshold
                .map(|value| json!({ "color": "red", "value": value })),
        );
        let style = if self.threshold.is_some() {
            "line"
        } else {
            "off"
        };
        let (width, height) = PANEL;
        json!({
            "id": place + 1,
            "title": self.title,
            "type": "timeseries",
            "datasource": source,
            "gridPos": { "x": place % 2 * width, "y": place / 2 * height, "w": width, "h": height },
            "fieldConfig": { "defaults": {
                "unit": self.unit,
                "min": 0,
                "thresholds": { "mode": "absolute", "steps": steps },
                "custom": { "thresholdsStyle": { "mode": style } },
            } },
            "targets": targets,
        })
    }
}

fn usual() -> Vec<Chart> {
    let mut charts = of_targets();
    charts.extend(of_the_rest());
    charts
}

/// A chart without a threshold.
fn chart(title: &'static str, unit: &'static str, lines: &[(&str, &'static str)]) -> Chart {
    let lines = lines.iter();
    Chart {
        title,
        unit,
        lines: lines
            .map(|(expression, legend)| ((*expression).to_owned(), *legend))
            .collect(),
        threshold: None,
    }
}

fn of_targets() -> Vec<Chart> {
    vec![
        chart(
            "Calls by outcome",
            "reqps",
            &[(
                "sum by (target, outcome) (rate(rampmeter_calls_total[5m]))",
                "{{target}} {{outcome}}",
            )],
        ),
        chart(
            "Waiting, delayed and in flight",
            "short",
            &[
                (
                    "sum by (target, priority) (rampmeter_calls_waiting)",
                    "{{target}} {{priority}}",
                ),
                (
                    "sum by (target) (rampmeter_calls_delayed)",
                    "{{target}} delayed",
                ),
                (
                    "sum by (target) (rampmeter_calls_in_flight)",
                    "{{target}} in flight",
                ),
            ],
        ),
        chart(
            "How full each limit is",
            "percentunit",
            &[(
                "rampmeter_limit_used / rampmeter_limit_max",
                "{{target}} {{limit}}",
            )],
        ),
        chart(
            "Closed targets",
            "short",
            &[("rampmeter_target_closed", "{{target}} {{reason}}")],
        ),
    ]
}

/// Executions, dead letters, and what all of it runs on.
fn of_the_rest() -> Vec<Chart> {
    vec![
        chart(
            "Executions that ended",
            "ops",
            &[(
                "sum by (workflow, status) (rate(rampmeter_executions_total[5m]))",
                "{{workflow}} {{status}}",
            )],
        ),
        chart(
            "Failed executions by error",
            "short",
            &[(
                "sum by (workflow, error) (increase(rampmeter_execution_failures_total[15m]))",
                "{{workflow}} {{error}}",
            )],
        ),
        chart(
            "Throttles",
            "ops",
            &[(
                "sum by (target, under_our_limit) (rate(rampmeter_upstream_throttles_total[5m]))",
                "{{target}} under our limit: {{under_our_limit}}",
            )],
        ),
        chart(
            "Dead letters that nobody took up",
            "short",
            &[(
                "rampmeter_dead_letters - rampmeter_dead_letters_handled",
                "{{target}}",
            )],
        ),
        chart(
            "Free disk",
            "bytes",
            &[("rampmeter_disk_free_bytes", "free")],
        ),
        chart(
            "The process",
            "short",
            &[
                (
                    "rate(process_cpu_seconds_total{job=~\".*rampmeter.*\"}[5m])",
                    "processors",
                ),
                ("rampmeter_writer_queue", "writer's queue"),
            ],
        ),
    ]
}

/// How long calls wait, by priority, with the objective where there is one.
fn waits(objectives: &BTreeMap<Priority, Slo>) -> Vec<Chart> {
    let titles = [
        "Wait of HIGH, 95 of 100",
        "Wait of MEDIUM, 95 of 100",
        "Wait of BATCH, 95 of 100",
    ];
    let priorities = Priority::ALL.into_iter().zip(titles);
    let charts = priorities.map(|(priority, title)| Chart {
        title,
        unit: "s",
        lines: vec![(
            format!(
                "histogram_quantile(0.95, sum by (target, le) (rate(rampmeter_call_wait_seconds_bucket{{priority=\"{priority}\"}}[5m])))"
            ),
            "{{target}}",
        )],
        threshold: objectives
            .get(&priority)
            .and_then(|slo| slo.wait_p95)
            .map(|wait| wait.as_secs_f64()),
    });
    charts.collect()
}
