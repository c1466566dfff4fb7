//! What is happening now, for whoever watches. One task takes the samples for all: every second while somebody watches,
//! every `STEP` otherwise. A sample costs two queries to the writer. Executions are counted on a reader, and the longer
//! that takes, the less often it is done.

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rampmeter_config::Config;
use rampmeter_dispatch::Priority;
use rampmeter_engine::{Engine, Rejected, TargetCounts};
use rampmeter_time::rfc3339;
use serde_json::{Map, Value, json};
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use super::disk::Disk;
use super::history::History;
use super::report::{self, Objectives};
use super::sample::{Sample, TargetSample, wall_clock};
use crate::response::json_text;
use crate::target::target_json;

/// The time between two samples that are kept.
pub(crate) const STEP: Duration = Duration::from_secs(5);
/// Samples that are kept: a quarter of an hour.
const KEPT: usize = 180;
/// Executions are counted again after this many times as long as the last count took.
const COUNT_RESTS: u32 = 50;
/// The shortest time between two counts of executions.
const COUNT_AT_MOST: Duration = Duration::from_secs(2);

/// The samples, and a channel for those who wait for the next one.
#[derive(Debug)]
pub(crate) struct Live {
    objectives: Objectives,
    data_dir: PathBuf,
    pub(crate) latest: watch::Sender<Option<Arc<str>>>,
    pub(crate) kept: Mutex<VecDeque<Sample>>,
}

impl Live {
    /// No sample yet; judged by the `[slo]` of the configuration.
    pub(crate) fn new(config: &Config) -> Live {
        Live {
            objectives: Objectives::of(config),
            data_dir: config.server.data_dir.clone(),
            latest: watch::Sender::new(None),
            kept: Mutex::new(VecDeque::with_capacity(KEPT)),
        }
    }

    /// Takes samples until the engine has stopped.
    pub(crate) async fn run(&self, engine: &Engine) {
        let mut seconds = tokio::time::interval(Duration::from_secs(1));
        seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut kept_at: Option<Instant> = None;
        let mut counting = Counting::default();
        loop {
            seconds.tick().await;
            let keeps = kept_at.is_none_or(|at| at.elapsed() >= STEP);
            if !keeps && self.latest.receiver_count() == 0 {
                continue;
            }
            let Ok(mut sample) = self.take(engine).await else {
                return;
            };
            sample.executions = counting.counts(engine).await;
            sample.note_counts(&counting.targets);
            self.latest
                .send_replace(Some(json_text(&self.live_json(&sample)).into()));
            if keeps {
                kept_at = Some(Instant::now());
                self.keep(sample);
            }
        }
    }

    /// Where the store lies.
    pub(crate) fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    fn keep(&self, sample: Sample) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == KEPT {
            kept.pop_front();
        }
        kept.push_back(sample);
    }

    fn live_json(&self, sample: &Sample) -> Value {
        let targets: Vec<_> = sample.targets.iter().map(live_target_json).collect();
        json!({
            "schema": "rampmeter.live/2",
            "at": rfc3339(sample.at),
            "targets": targets,
            "executions": sample.executions,
            "health": self.verdict(sample),
        })
    }

    /// The health report on a sample, judged against those that are kept.
    pub(crate) fn verdict(&self, sample: &Sample) -> Value {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let history = match kept.len() {
            KEPT => History::latest(&kept),
            _ => History::whole(&kept),
        };
        let report = report::judge(&self.objectives, sample, history, wall_clock());
        report.to_json(&self.data_dir)
    }

    /// Takes a sample now.
    ///
    /// # Errors
    /// When the engine has stopped.
    pub(crate) async fn take(&self, engine: &Engine) -> Result<Sample, Rejected> {
        let states = engine.calls().targets().await?;
        let figures = engine.calls().figures().await?;
        let set_aside = figures.set_aside;
        let mut sample = Sample::new(wall_clock(), states, figures);
        sample.disk = Disk::of(&self.data_dir);
        if set_aside > 0 {
            let items = engine.calls().damaged().await?.into_iter();
            sample.damaged = items
                .map(|item| format!("{} {}", item.kind.as_str(), item.name))
                .collect();
        }
        Ok(sample)
    }
}

/// The target as in `/v1/targets`, with what only the figures say.
fn live_target_json(target: &TargetSample) -> Value {
    let mut state = target_json(&target.state, target.counts.delayed);
    // It is for the exact arithmetic of tests; nobody watches it.
    state.as_object_mut().map(|state| state.remove("contended"));
    state["oldest_ms"] = oldest_json(target);
    state["jobs"] = target.jobs.into();
    state["dead_letters"] = target.dead_letters.into();
    state["answers"] = target.answers_json();
    state
}

/// How long each lane's oldest call waits.
pub(crate) fn oldest_json(target: &TargetSample) -> Value {
    let lanes = Priority::ALL.into_iter().zip(target.oldest_ms);
    Value::Object(
        lanes
            .map(|(priority, oldest)| (priority.as_str().to_owned(), oldest.into()))
            .collect(),
    )
}

/// What is counted on a reader (executions by status, and what targets have besides their lanes), and when that is done
/// next.
#[derive(Debug, Default)]
struct Counting {
    last: Value,
    targets: BTreeMap<String, TargetCounts>,
    next: Option<Instant>,
}

impl Counting {
    async fn counts(&mut self, engine: &Engine) -> Value {
        if self.next.is_some_and(|next| Instant::now() < next) {
            return self.last.clone();
        }
        let begin = Instant::now();
        if let Ok(counts) = engine.executions().execution_counts().await {
            let counts = counts.into_iter();
            let counts: Map<_, _> = counts
                .map(|(status, count)| (status.as_str().to_owned(), count.into()))
                .collect();
            self.last = json!({
                "counts": counts,
                "counted_at": rfc3339(wall_clock()),
            });
        }
        if let Ok(targets) = engine.calls().target_counts().await {
            self.targets = targets;
        }
        let took = begin.elapsed();
        self.next = Some(Instant::now() + (took * COUNT_RESTS).max(COUNT_AT_MOST));
        self.last.clone()
    }
}
