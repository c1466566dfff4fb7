//! What a worker counts, written to its log in CloudWatch's embedded metric format: a line of JSON becomes metrics
//! without a request. Names, `service` and `ColdStart` are as Powertools has them.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use rampmeter_dispatch::Priority;
use serde_json::{Map, Value, json};

use crate::clock::Clock;
use crate::settings::Settings;

/// The most values of one metric in one line.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>
const MAX_VALUES: usize = 100;

/// Counts since the last line.
#[derive(Debug, Default)]
struct Held {
    counts: BTreeMap<(Option<Priority>, &'static str), u64>,
    waits: BTreeMap<Priority, Vec<f64>>,
}

/// The metrics of a function.
#[derive(Debug)]
pub(crate) struct Metrics {
    namespace: String,
    service: String,
    function: String,
    held: Mutex<Held>,
}

impl Metrics {
    pub(crate) fn new(settings: &Settings) -> Metrics {
        Metrics {
            namespace: settings.namespace.clone(),
            service: settings.service.clone(),
            function: settings.function.clone(),
            held: Mutex::default(),
        }
    }

    /// Adds to a count of the target.
    pub(crate) fn add(&self, name: &'static str, count: u64) {
        self.count(None, name, count);
    }

    /// Adds one to a count of a priority.
    pub(crate) fn add_of(&self, priority: Priority, name: &'static str) {
        self.count(Some(priority), name, 1);
    }

    /// Notes that a call of this priority started so long after it was sent.
    pub(crate) fn waited(&self, priority: Priority, millis: f64) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.waits.entry(priority).or_default().push(millis);
    }

    fn count(&self, priority: Option<Priority>, name: &'static str, count: u64) {
        if count > 0 {
            let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
            *held.counts.entry((priority, name)).or_default() += count;
        }
    }

    /// Writes the line of a cold start.
    pub(crate) fn cold_start(&self) {
        let mut line = Line::new(
            &self.namespace,
            &[
                ("function_name", &self.function),
                ("service", &self.service),
            ],
        );
        line.metric("ColdStart", "Count", json!(1));
        line.write();
    }

    /// Writes a number as it is now, including zero.
    pub(crate) fn gauge(&self, name: &'static str, value: usize) {
        let mut line = Line::new(&self.namespace, &[("service", &self.service)]);
        line.metric(name, "Count", json!(value));
        line.write();
    }

    /// Writes what has been counted since the last time.
    pub(crate) fn flush(&self) {
        let held = std::mem::take(&mut *self.held.lock().unwrap_or_else(PoisonError::into_inner));
        for line in lines(&self.namespace, &self.service, &held) {
            line.write();
        }
    }
}

/// One line for the target, and one for each priority; more where there are many waits.
fn lines(namespace: &str, service: &str, held: &Held) -> Vec<Line> {
    let mut lines = Vec::new();
    let priorities = Priority::ALL.map(Some);
    for priority in [None].into_iter().chain(priorities) {
        let word = priority.map_or("", |priority| priority.as_str());
        let mut dimensions = vec![("service", service)];
        if priority.is_some() {
            dimensions.push(("Priority", word));
        }
        let counts = held.counts.iter().filter(|((of, _), _)| *of == priority);
        let mut line = Line::new(namespace, &dimensions);
        for ((_, name), count) in counts {
            line.metric(name, "Count", json!(count));
        }
        if !line.is_empty() {
            lines.push(line);
        }
        let waits = priority.and_then(|priority| held.waits.get(&priority));
        for values in waits.into_iter().flat_map(|waits| waits.chunks(MAX_VALUES)) {
            let mut line = Line::new(namespace, &dimensions);
            line.metric("CallWait", "Milliseconds", json!(values));
            lines.push(line);
        }
    }
    lines
}

/// A line of the embedded metric format.
#[derive(Debug)]
struct Line {
    namespace: String,
    dimensions: Vec<String>,
    metrics: Vec<Value>,
    members: Map<String, Value>,
}

impl Line {
    fn new(namespace: &str, dimensions: &[(&str, &str)]) -> Line {
        let members = dimensions.iter();
        Line {
            namespace: namespace.to_owned(),
            dimensions: dimensions
                .iter()
                .map(|(name, _)| (*name).to_owned())
                .collect(),
            metrics: Vec::new(),
            members: members
                .map(|(name, value)| ((*name).to_owned(), json!(value)))
                .collect(),
        }
    }

    fn metric(&mut self, name: &str, unit: &str, value: Value) {
        self.metrics.push(json!({"Name": name, "Unit": unit}));
        self.members.insert(name.to_owned(), value);
    }

    fn is_empty(&self) -> bool {
        self.metrics.is_empty()
    }

    fn to_json(&self, millis: i64) -> Value {
        let mut line = self.members.clone();
        let metrics = json!([{
            "Namespace": self.namespace,
            "Dimensions": [self.dimensions],
            "Metrics": self.metrics,
        }]);
        line.insert(
            "_aws".to_owned(),
            json!({"Timestamp": millis, "CloudWatchMetrics": metrics}),
        );
        Value::Object(line)
    }

    fn write(&self) {
        let line = self.to_json(Clock::start().now().as_millis());
        #[expect(
            clippy::print_stdout,
            reason = "the log of a function is its standard output"
        )]
        {
            println!("{line}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_its_metrics_and_dimensions_as_cloudwatch_reads_them() {
        let mut held = Held::default();
        held.counts.insert((None, "WriteUnits"), 12);
        held.counts.insert((Some(Priority::High), "CallStarted"), 3);
        held.waits.insert(Priority::High, vec![1.5; 130]);
        let lines = lines("Rampmeter", "netsuite", &held);
        let lines: Vec<Value> = lines.iter().map(|line| line.to_json(7)).collect();
        assert_eq!(
            lines[0],
            json!({
                "service": "netsuite",
                "WriteUnits": 12,
                "_aws": {"Timestamp": 7, "CloudWatchMetrics": [{
                    "Namespace": "Rampmeter",
                    "Dimensions": [["service"]],
                    "Metrics": [{"Name": "WriteUnits", "Unit": "Count"}],
                }]},
            })
        );
        assert_eq!(lines[1]["CallStarted"], 3);
        assert_eq!(lines[1]["Priority"], "HIGH");
        assert_eq!(lines[2]["CallWait"].as_array().unwrap().len(), 100);
        assert_eq!(lines[3]["CallWait"].as_array().unwrap().len(), 30);
        assert_eq!(lines.len(), 4);
    }
}
