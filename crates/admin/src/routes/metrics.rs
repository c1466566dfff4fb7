//! `/metrics`: what a monitoring system reads, in the text format of OpenMetrics. Counts start with the process. No label is
//! an execution, a key, a URL or a token, so that the number of series is bounded by the configuration.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::Response;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeMetric, MetricEncoder, NoLabelSet, text,
};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::{MetricType, TypedMetric};
use prometheus_client::registry::{Registry, Unit};
use rampmeter_dispatch::Priority;
use rampmeter_engine::{BOUNDS, EngineFigures, Histogram, OUTCOMES, TargetCounts, TargetState};
use rampmeter_visible::visible;

use crate::health::disk::Disk;
use crate::response::Refused;
use crate::site::Site;

mod executions;
mod process;

pub(crate) async fn metrics(State(site): State<Arc<Site>>) -> Result<Response, Refused> {
    let snapshot = Snapshot {
        states: site.engine.calls().targets().await?,
        figures: site.engine.calls().figures().await?,
        disk: Disk::of(site.live.data_dir()),
        counts: site.engine.calls().target_counts().await?,
        commands_waiting: site.engine.commands_waiting(),
    };
    let mut registry = Registry::default();
    // The metrics of any process have standard names, without our prefix.
    registry.register_collector(Box::new(process::Process));
    let ours = registry.sub_registry_with_prefix("rampmeter");
    ours.register_collector(Box::new(snapshot));
    let mut page = String::new();
    text::encode(&mut page, &registry).expect("a text takes every metric");
    let mut response = Response::new(Body::from(visible(&page).into_owned()));
    let kind =
        HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    Ok(response)
}

/// The present state of the engine.
#[derive(Debug)]
struct Snapshot {
    states: Vec<TargetState>,
    figures: EngineFigures,
    disk: Option<Disk>,
    counts: BTreeMap<String, TargetCounts>,
    commands_waiting: u64,
}

/// What closes a target, by the names of the holders.
const CLOSED_BY: [&str; 3] = ["unreachable", "sign_in_refused", "vendor_pause"];

type Labels<'a> = [(&'static str, &'a str)];

impl Collector for Snapshot {
    fn encode(&self, mut page: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        self.waiting(&mut page)?;
        self.limits(&mut page)?;
        self.calls(&mut page)?;
        self.throttles(&mut page)?;
        let commits = Lengths(&self.figures.commits);
        let help = "How long commits to the store took, their sync included";
        let seconds = Some(&Unit::Seconds);
        let metric =
            page.encode_descriptor("store_commit", help, seconds, MetricType::Histogram)?;
        commits.encode(metric)?;
        executions::encode(&mut page, &self.figures.workflows)?;
        self.host(&mut page)?;
        let version = [("version", env!("CARGO_PKG_VERSION"))];
        let help = "Which version runs";
        let mut info = page.encode_descriptor("build", help, None, MetricType::Info)?;
        info.encode_info(&version)
    }
}

impl Snapshot {
    fn waiting(&self, page: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help = "Calls that wait in a lane";
        each_lane(page, "calls_waiting", help, &self.states, |target, lane| {
            (target.name.as_str(), Some(target.waiting[lane]))
        })?;
        let help = "Calls in back-off, or sent with a delay that is not over";
        each_lane(page, "calls_delayed", help, &self.states, |target, lane| {
            let counts = self.counts.get(&target.name);
            (
                target.name.as_str(),
                counts.map(|counts| counts.delayed[lane]),
            )
        })?;
        let help = "How long the call has waited that goes next in its lane";
        let targets = &self.figures.targets;
        let mut metric = page.encode_descriptor(
            "oldest_waiting",
            help,
            Some(&Unit::Seconds),
            ConstGauge::<f64>::TYPE,
        )?;
        for_lanes(targets, |target, lane, priority| {
            let waited = target.oldest[lane].unwrap_or_default().as_secs_f64();
            put(
                &mut metric,
                &lane_labels(&target.name, priority),
                &ConstGauge::new(waited),
            )
        })?;
        self.holders(page)?;
        let help = "Requests that are out, those of unknown outcome included";
        each_target(page, "calls_in_flight", help, &self.states, |target| {
            (target.name.as_str(), target.in_flight)
        })?;
        let help = "Requests of unknown outcome, whose places are held";
        each_target(page, "calls_held", help, &self.states, |target| {
            (target.name.as_str(), target.held)
        })?;
        let help = "Calls that the vendor has accepted and works on as jobs";
        each_target(page, "jobs", help, targets, |target| {
            (target.name.as_str(), target.jobs)
        })?;
        let help = "Dead letters, counted up to 100,000";
        each_target(page, "dead_letters", help, targets, |target| {
            (target.name.as_str(), target.dead_letters)
        })?;
        let help = "Those of them whose failure a Retry or a Catch took up";
        each_target(page, "dead_letters_handled", help, &self.states, |target| {
            let counts = self.counts.get(&target.name);
            (
                target.name.as_str(),
                counts.map_or(0, |counts| counts.handled_dead_letters),
            )
        })?;
        let help = "Whether the whole target is paused by a person";
        each_target(page, "target_paused", help, &self.states, |target| {
            (
                target.name.as_str(),
                u64::from(target.paused.contains(&"target")),
            )
        })
    }

    /// The writer, and the volume that it writes to.
    fn host(&self, page: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help = "Requests that wait for the one thread that writes";
        let waiting = gauge(self.commands_waiting);
        let metric = page.encode_descriptor("writer_queue", help, None, waiting.metric_type())?;
        waiting.encode(metric)?;
        let Some(disk) = self.disk else {
            return Ok(());
        };
        for (name, help, bytes) in [
            (
                "disk_free",
                "Free on the volume of the data directory",
                disk.free,
            ),
            (
                "disk_size",
                "Size of the volume of the data directory",
                disk.total,
            ),
        ] {
            let bytes = gauge(bytes);
            let unit = Some(&Unit::Bytes);
            bytes.encode(page.encode_descriptor(name, help, unit, bytes.metric_type())?)?;
        }
        Ok(())
    }

    /// Only for lanes in which a call waits, and only the present holder: at most three series for each target.
    fn holders(&self, page: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help =
            "What holds the first call that waits in a lane, by name, and the limit if it is one";
        let mut metric =
            page.encode_descriptor("lane_held", help, None, ConstGauge::<i64>::TYPE)?;
        for_lanes(&self.states, |target, lane, priority| {
            let Some(why) = &target.first[lane] else {
                return Ok(());
            };
            let [target, priority] = lane_labels(&target.name, priority);
            let limit = why.held_by.limit().unwrap_or_default();
            let labels = [
                target,
                priority,
                ("holder", why.held_by.name()),
                ("limit", limit),
            ];
            put(&mut metric, &labels, &gauge(1))
        })
    }

    fn limits(&self, page: &mut DescriptorEncoder<'_>) -> fmt::Result {
        for (name, help) in [
            (
                "limit_max",
                "Places that a limit has, as configured or changed by hand",
            ),
            (
                "limit_used",
                "Places of a limit that are taken: the permits in use",
            ),
        ] {
            let mut metric = page.encode_descriptor(name, help, None, ConstGauge::<i64>::TYPE)?;
            for target in &self.states {
                for limit in &target.limits {
                    let labels = [
                        ("target", target.name.as_str()),
                        ("limit", limit.name.as_str()),
                        ("kind", limit.kind),
                    ];
                    let places = if name == "limit_max" {
                        limit.max
                    } else {
                        limit.used
                    };
                    put(&mut metric, &labels, &gauge(places))?;
                }
            }
        }
        Ok(())
    }

    fn calls(&self, page: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let targets = &self.figures.targets;
        let help = "Calls that ended in one way or another; a repeat counts again";
        let mut metric = page.encode_descriptor("calls", help, None, ConstCounter::<u64>::TYPE)?;
        for_lanes(targets, |target, lane, priority| {
            for (outcome, count) in OUTCOMES.iter().zip(target.figures.answers[lane]) {
                let [target, priority] = lane_labels(&target.name, priority);
                let labels = [target, priority, ("outcome", *outcome)];
                put(&mut metric, &labels, &ConstCounter::new(count))?;
            }
            Ok(())
        })?;
        let help = "Requests that asked how far a job is";
        let mut metric =
            page.encode_descriptor("job_polls", help, None, ConstCounter::<u64>::TYPE)?;
        for target in targets {
            let labels = [("target", target.name.as_str())];
            put(
                &mut metric,
                &labels,
                &ConstCounter::new(target.figures.polls),
            )?;
        }
        for (name, help) in [
            ("call_wait", "How long calls waited for their first start"),
            (
                "call_duration",
                "How long calls took, from permit to answer",
            ),
        ] {
            let seconds = Some(&Unit::Seconds);
            let mut metric = page.encode_descriptor(name, help, seconds, MetricType::Histogram)?;
            for_lanes(targets, |target, lane, priority| {
                let of = if name == "call_wait" {
                    &target.figures.waits
                } else {
                    &target.figures.durations
                };
                put(
                    &mut metric,
                    &lane_labels(&target.name, priority),
                    &Lengths(&of[lane]),
                )
            })?;
        }
        Ok(())
    }

    fn throttles(&self, page: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help = "Calls that the vendor refused because too much was asked of it";
        let mut metric =
            page.encode_descriptor("upstream_throttles", help, None, ConstCounter::<u64>::TYPE)?;
        for target in &self.states {
            let under = target.throttles_under_our_limit;
            for (word, count) in [("true", under), ("false", target.throttles - under)] {
                let labels = [("target", target.name.as_str()), ("under_our_limit", word)];
                put(&mut metric, &labels, &ConstCounter::new(count))?;
            }
        }
        let help = "Whether the target starts nothing: the vendor cannot be reached, refuses to sign us in, or asked for a pause";
        let mut metric =
            page.encode_descriptor("target_closed", help, None, ConstGauge::<i64>::TYPE)?;
        for target in &self.states {
            let holder = target.vendor.as_ref().map(|vendor| vendor.held_by.name());
            for reason in CLOSED_BY {
                let labels = [("target", target.name.as_str()), ("reason", reason)];
                let closed = u64::from(holder == Some(reason));
                put(&mut metric, &labels, &gauge(closed))?;
            }
        }
        let help = "Calls that went wrong in the last minute";
        each_target(page, "errors_last_minute", help, &self.states, |target| {
            let errors = target.errors.as_ref();
            let count = errors.map_or(0, |errors| errors.in_last_minute);
            (target.name.as_str(), count)
        })?;
        let help = "Calls of higher lanes that started past an eligible one";
        let mut metric =
            page.encode_descriptor("deferrals", help, None, ConstCounter::<u64>::TYPE)?;
        for_lanes(&self.states, |target, lane, priority| {
            let count = ConstCounter::new(target.deferrals[lane]);
            put(&mut metric, &lane_labels(&target.name, priority), &count)
        })
    }
}

/// A gauge with one value for each target.
fn each_target<T>(
    page: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    targets: &[T],
    value: impl Fn(&T) -> (&str, u64),
) -> fmt::Result {
    let mut metric = page.encode_descriptor(name, help, None, ConstGauge::<i64>::TYPE)?;
    for target in targets {
        let (target, value) = value(target);
        put(&mut metric, &[("target", target)], &gauge(value))?;
    }
    Ok(())
}

/// A gauge with one value for each lane of each target.
fn each_lane<T>(
    page: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    targets: &[T],
    value: impl Fn(&T, usize) -> (&str, Option<u64>),
) -> fmt::Result {
    let mut metric = page.encode_descriptor(name, help, None, ConstGauge::<i64>::TYPE)?;
    for_lanes(targets, |target, lane, priority| {
        let (name, value) = value(target, lane);
        let value = gauge(value.unwrap_or_default());
        put(&mut metric, &lane_labels(name, priority), &value)
    })
}

fn for_lanes<T>(
    targets: &[T],
    mut each: impl FnMut(&T, usize, &'static str) -> fmt::Result,
) -> fmt::Result {
    for target in targets {
        for priority in Priority::ALL {
            each(target, priority.index(), priority.as_str())?;
        }
    }
    Ok(())
}

fn lane_labels<'a>(target: &'a str, priority: &'static str) -> [(&'static str, &'a str); 2] {
    [("target", target), ("priority", priority)]
}

fn gauge(value: u64) -> ConstGauge<i64> {
    ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX))
}

fn put(
    metric: &mut MetricEncoder<'_>,
    labels: &Labels<'_>,
    value: &impl EncodeMetric,
) -> fmt::Result {
    let labels: Vec<(&str, &str)> = labels.to_vec();
    value.encode(metric.encode_family(&labels)?)
}

/// One of the engine's histograms.
struct Lengths<'a>(&'a Histogram);

impl EncodeMetric for Lengths<'_> {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        let bounds = BOUNDS.into_iter().chain([f64::INFINITY]);
        let buckets: Vec<(f64, u64)> = bounds.zip(self.0.buckets).collect();
        encoder.encode_histogram::<NoLabelSet>(self.0.sum, self.0.count(), &buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}
