//! Alert rules for Prometheus, as YAML. Every text in it is a JSON string, which is also valid YAML.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use rampmeter_config::Slo;
use rampmeter_dispatch::Priority;

/// One alert.
struct Rule {
    name: String,
    expression: String,
    /// For how long it must hold.
    lasting: &'static str,
    severity: &'static str,
    summary: &'static str,
    /// The command to run next.
    next: &'static str,
}

/// The rules file.
pub(super) fn of(objectives: &BTreeMap<Priority, Slo>) -> String {
    let mut file = String::from("groups:\n  - name: rampmeter\n    rules:\n");
    for rule in usual().into_iter().chain(of_objectives(objectives)) {
        rule.write(&mut file);
    }
    file
}

impl Rule {
    fn write(&self, file: &mut String) {
        let text = |text: &str| serde_json::Value::from(text).to_string();
        write!(
            file,
            "      - alert: {}\n        expr: {}\n        for: {}\n        labels:\n          severity: {}\n        annotations:\n          summary: {}\n          next: {}\n",
            self.name,
            text(&self.expression),
            self.lasting,
            self.severity,
            text(self.summary),
            text(self.next),
        )
        .expect("a text takes every text");
    }
}

/// Alerts that hold whatever the objectives are.
fn usual() -> Vec<Rule> {
    let rule = |name: &str, expression: &str, lasting, severity, summary, next| Rule {
        name: name.to_owned(),
        expression: expression.to_owned(),
        lasting,
        severity,
        summary,
        next,
    };
    vec![
        rule(
            "RampmeterDown",
            "absent(rampmeter_build_info)",
            "2m",
            "page",
            "nobody answers at the admin port",
            "rampmeter health",
        ),
        rule(
            "RampmeterTargetClosed",
            "max by (target, reason) (rampmeter_target_closed{reason!=\"vendor_pause\"}) > 0",
            "1m",
            "page",
            "{{ $labels.target }} is closed: {{ $labels.reason }}",
            "rampmeter target ping {{ $labels.target }}",
        ),
        rule(
            "RampmeterCallsFail",
            "sum by (target) (increase(rampmeter_calls_total{outcome!~\"ok|throttled\"}[15m])) > 1 and \
             sum by (target) (increase(rampmeter_calls_total{outcome!~\"ok|throttled\"}[15m])) > \
             0.05 * sum by (target) (increase(rampmeter_calls_total{outcome!=\"throttled\"}[15m]))",
            "5m",
            "page",
            "more than 5 of 100 calls to {{ $labels.target }} go wrong",
            "rampmeter target show {{ $labels.target }}",
        ),
        rule(
            "RampmeterExecutionsFail",
            "sum by (workflow, error) (increase(rampmeter_execution_failures_total[15m])) > 1",
            "0m",
            "ticket",
            "executions of {{ $labels.workflow }} fail with {{ $labels.error }}",
            "rampmeter exec list --workflow {{ $labels.workflow }} --status FAILED",
        ),
        rule(
            "RampmeterDeadLetters",
            "sum by (target) (rampmeter_dead_letters - rampmeter_dead_letters_handled) > 0",
            "15m",
            "ticket",
            "{{ $labels.target }} has {{ $value }} dead letters that nobody took up",
            "rampmeter dlq groups",
        ),
        rule(
            "RampmeterThrottledUnderOurLimit",
            "sum by (target) (increase(rampmeter_upstream_throttles_total{under_our_limit=\"true\"}[15m])) > 0",
            "0m",
            "ticket",
            "somebody else uses the account of {{ $labels.target }}, or a limit is set too high",
            "rampmeter limit probe {{ $labels.target }}",
        ),
        rule(
            "RampmeterDiskNearlyFull",
            "rampmeter_disk_free_bytes < 2147483648 and rampmeter_disk_free_bytes < rampmeter_disk_size_bytes / 10",
            "1m",
            "page",
            "the volume of the data directory is nearly full",
            "rampmeter health",
        ),
    ]
}

/// One rule for each objective.
fn of_objectives(objectives: &BTreeMap<Priority, Slo>) -> Vec<Rule> {
    let mut rules = Vec::new();
    for (priority, slo) in objectives {
        if let Some(oldest) = slo.oldest {
            rules.push(Rule {
                name: format!("RampmeterOldestWaiting{priority}"),
                expression: format!(
                    "max by (target) (rampmeter_oldest_waiting_seconds{{priority=\"{priority}\"}}) > {}",
                    seconds(oldest)
                ),
                lasting: "1m",
                severity: "page",
                summary: "the next call of {{ $labels.target }} has waited longer than [slo] allows",
                next: "rampmeter target show {{ $labels.target }}",
            });
        }
        if let Some(wait) = slo.wait_p95 {
            rules.push(Rule {
                name: format!("RampmeterWaits{priority}"),
                expression: format!(
                    "histogram_quantile(0.95, sum by (target, le) (rate(rampmeter_call_wait_seconds_bucket{{priority=\"{priority}\"}}[15m]))) > {}",
                    seconds(wait)
                ),
                lasting: "5m",
                severity: "ticket",
                summary: "more than 5 of 100 calls to {{ $labels.target }} wait longer than [slo] allows",
                next: "rampmeter target show {{ $labels.target }}",
            });
        }
    }
    rules
}

/// `1.5`, `30`.
fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}
