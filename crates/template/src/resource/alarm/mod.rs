//! Alarms: for waits beyond what `[slo]` accepts, and for everything that can go wrong unnoticed. Each says what
//! happened and what to do first; `docs/aws-runbook.md` has a section of the same name for each. They go to the topics
//! in the parameter, if there are any.

pub(crate) mod table;
pub(crate) mod target;
pub(crate) mod worker;
pub(crate) mod workflow;

use serde_json::{Value, json};

use super::parameter::{ALARM_TOPICS, HAS_ALARM_TOPICS};
use crate::document::{either, reference, sub};

/// Where the runbook is, in each alarm's text.
const RUNBOOK: &str = "docs/aws-runbook.md";

/// An alarm under construction.
pub(crate) struct Alarm {
    properties: Value,
}

impl Alarm {
    /// An alarm about something (`netsuite`, `order-sync`), named after its section of the runbook: `of` and `section`
    /// together are its name.
    fn new(of: &str, section: &str, what: &str, first: &str) -> Alarm {
        Alarm {
            properties: json!({
                "AlarmName": sub(format!("${{AWS::StackName}}-{of}-{section}")),
                "AlarmDescription": format!("{what} First: {first} Runbook: {RUNBOOK}#{section}"),
                "AlarmActions": either(
                    HAS_ALARM_TOPICS, reference(ALARM_TOPICS), reference("AWS::NoValue")
                ),
                "TreatMissingData": "notBreaching",
            }),
        }
    }

    /// It goes off while a metric is above a bound.
    fn of_metric(mut self, metric: &Metric, seconds: u64, bound: impl Into<Value>) -> Alarm {
        let properties = &mut self.properties;
        properties["Namespace"] = metric.namespace.into();
        properties["MetricName"] = metric.name.into();
        let key = match metric.statistic.strip_prefix('p') {
            Some(_) => "ExtendedStatistic",
            None => "Statistic",
        };
        properties[key] = metric.statistic.into();
        properties["Dimensions"] = metric.dimensions();
        properties["Period"] = seconds.into();
        self.above(bound)
    }

    /// It goes off while an expression over some metrics is above a bound. They are `m0`, `m1` and so on in the
    /// expression.
    fn of_expression(
        mut self,
        expression: &str,
        metrics: &[Metric],
        seconds: u64,
        bound: impl Into<Value>,
    ) -> Alarm {
        let made = json!({ "Id": "made", "Expression": expression, "ReturnData": true });
        let parts = metrics.iter().enumerate().map(|(at, metric)| {
            json!({
                "Id": format!("m{at}"),
                "MetricStat": {
                    "Metric": {
                        "Namespace": metric.namespace,
                        "MetricName": metric.name,
                        "Dimensions": metric.dimensions(),
                    },
                    "Period": seconds,
                    "Stat": metric.statistic,
                },
                "ReturnData": false,
            })
        });
        self.properties["Metrics"] = [made].into_iter().chain(parts).collect();
        self.above(bound)
    }

    fn above(mut self, bound: impl Into<Value>) -> Alarm {
        self.properties["EvaluationPeriods"] = 1.into();
        self.properties["ComparisonOperator"] = "GreaterThanThreshold".into();
        self.properties["Threshold"] = bound.into();
        self
    }

    /// It goes off only when that has held for so many periods.
    fn after(mut self, periods: u64) -> Alarm {
        self.properties["EvaluationPeriods"] = periods.into();
        self
    }

    /// It also goes off when nothing is reported.
    fn or_silence(mut self) -> Alarm {
        self.properties["TreatMissingData"] = "breaching".into();
        self
    }

    fn resource(self) -> Value {
        json!({ "Type": "AWS::CloudWatch::Alarm", "Properties": self.properties })
    }
}

/// A metric of CloudWatch.
pub(crate) struct Metric {
    namespace: &'static str,
    name: &'static str,
    statistic: &'static str,
    dimensions: Vec<(&'static str, Value)>,
}

impl Metric {
    fn sum(
        namespace: &'static str,
        name: &'static str,
        dimension: &'static str,
        value: Value,
    ) -> Metric {
        Metric {
            namespace,
            name,
            statistic: "Sum",
            dimensions: vec![(dimension, value)],
        }
    }

    fn most(
        namespace: &'static str,
        name: &'static str,
        dimension: &'static str,
        value: Value,
    ) -> Metric {
        Metric {
            statistic: "Maximum",
            ..Metric::sum(namespace, name, dimension, value)
        }
    }

    fn dimensions(&self) -> Value {
        self.dimensions
            .iter()
            .map(|(name, value)| json!({ "Name": name, "Value": value }))
            .collect()
    }
}

/// The bound of [`share`], in percent.
const MAX_SHARE: u64 = 20;

/// The percentage of failures among those that ended; 0 with fewer than three failures.
fn share(failed: &str, good: &str) -> String {
    format!("IF({failed} >= 3, 100 * {failed} / ({failed} + {good}), 0)")
}

/// The sum of metrics, by their numbers; one that reported nothing counts as 0.
fn sum(numbers: std::ops::Range<usize>) -> String {
    let parts: Vec<String> = numbers.map(|at| format!("FILL(m{at},0)")).collect();
    format!("({})", parts.join("+"))
}
