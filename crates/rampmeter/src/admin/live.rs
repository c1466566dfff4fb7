//! What is happening now, for whoever watches: `/v1/live` as server-sent events, one a second, `/v1/series` with the last
//! quarter of an hour, and `/v1/health` with the verdict.
//!
//! One task takes the samples, whoever watches: each second while somebody does, each `STEP` otherwise. A sample is two
//! questions to the writer; how many executions there are is counted on a reader, and the longer that takes the less often.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::response::sse::{Event, Sse};
use futures_core::Stream;
use jiff::Timestamp;
use rampmeter_config::Config;
use rampmeter_dispatch::Priority;
use rampmeter_engine::{Engine, Rejected};
use rampmeter_time::rfc3339;
use serde_json::{Map, Value, json};
use tokio::sync::{mpsc, watch};
use tokio::time::MissedTickBehavior;

use super::Site;
use super::answer::{Answer, Refused};
use super::sample::{Sample, TargetSample};
use super::targets::{by_priority, target_json};
use super::verdict::{self, Objectives};

/// Between two samples that are kept.
const STEP: Duration = Duration::from_secs(5);
/// Samples that are kept: a quarter of an hour.
const KEPT: usize = 180;
/// The next count of executions comes after so many times what the last one took.
const COUNT_RESTS: u32 = 50;
/// The shortest time between two counts of executions.
const COUNT_AT_MOST: Duration = Duration::from_secs(2);

/// The samples, and who waits for the next one.
#[derive(Debug)]
pub(crate) struct Live {
    objectives: Objectives,
    latest: watch::Sender<Option<Arc<str>>>,
    kept: Mutex<VecDeque<Sample>>,
}

impl Live {
    /// No sample yet; judged by the `[slo]` of the configuration.
    pub(crate) fn new(config: &Config) -> Live {
        Live {
            objectives: Objectives::of(config),
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
            let Ok(mut sample) = take(engine).await else {
                return;
            };
            sample.executions = counting.counts(engine).await;
            self.latest
                .send_replace(Some(self.live_json(&sample).to_string().into()));
            if keeps {
                kept_at = Some(Instant::now());
                self.keep(sample);
            }
        }
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
            "schema": "rampmeter.live/1",
            "at": rfc3339(sample.at),
            "targets": targets,
            "executions": sample.executions,
            "health": self.verdict(sample),
        })
    }

    /// The verdict on a sample, against the oldest that is kept.
    fn verdict(&self, sample: &Sample) -> Value {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let minute = sample.at - 60_000;
        let before = kept.iter().rev().find(|kept| kept.at <= minute);
        let now = Timestamp::now().as_millisecond();
        verdict::judge(&self.objectives, sample, before, kept.front(), now).to_json()
    }
}

/// The target as `/v1/targets` has it, and what only the figures say.
fn live_target_json(target: &TargetSample) -> Value {
    let mut state = target_json(&target.state);
    // For the exact arithmetic of tests; nobody watches it.
    state.as_object_mut().map(|state| state.remove("contended"));
    state["oldest_ms"] = oldest_json(target);
    state["jobs"] = target.jobs.into();
    state["dead_letters"] = target.dead_letters.into();
    state["answers"] = target.answers_json();
    state
}

fn oldest_json(target: &TargetSample) -> Value {
    let lanes = Priority::ALL.into_iter().zip(target.oldest_ms);
    Value::Object(
        lanes
            .map(|(priority, oldest)| (priority.as_str().to_owned(), oldest.into()))
            .collect(),
    )
}

async fn take(engine: &Engine) -> Result<Sample, Rejected> {
    let states = engine.targets().await?;
    let figures = engine.figures().await?;
    Ok(Sample::new(
        Timestamp::now().as_millisecond(),
        states,
        figures,
    ))
}

/// The counts of executions by status, and when they are counted next.
#[derive(Debug, Default)]
struct Counting {
    last: Value,
    next: Option<Instant>,
}

impl Counting {
    async fn counts(&mut self, engine: &Engine) -> Value {
        if self.next.is_some_and(|next| Instant::now() < next) {
            return self.last.clone();
        }
        let begin = Instant::now();
        if let Ok(counts) = engine.execution_counts().await {
            let counts = counts.into_iter();
            let counts: Map<_, _> = counts
                .map(|(status, count)| (status.as_str().to_owned(), count.into()))
                .collect();
            self.last = json!({
                "counts": counts,
                "counted_at": rfc3339(Timestamp::now().as_millisecond()),
            });
        }
        let took = begin.elapsed();
        self.next = Some(Instant::now() + (took * COUNT_RESTS).max(COUNT_AT_MOST));
        self.last.clone()
    }
}

/// `/v1/live`. It ends when the server does.
pub(super) async fn live(
    State(site): State<Arc<Site>>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    // The latest may be as old as a step: the next is at most a second away.
    let mut latest = site.live.latest.subscribe();
    latest.mark_unchanged();
    let mut draining = site.draining.subscribe();
    // A client that does not read holds one event, not a row of them.
    let (send, receive) = mpsc::channel(1);
    tokio::spawn(async move {
        loop {
            tokio::select! {
                changed = latest.changed() => if changed.is_err() { return },
                _ = draining.wait_for(|draining| *draining) => return,
                () = send.closed() => return,
            }
            let text = latest.borrow_and_update().clone();
            if let Some(text) = text {
                let sent = send.send(Event::default().data(&*text));
                if sent.await.is_err() {
                    return;
                }
            }
        }
    });
    Sse::new(Events(receive))
}

struct Events(mpsc::Receiver<Event>);

impl Stream for Events {
    type Item = Result<Event, Infallible>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Event, Infallible>>> {
        self.0.poll_recv(context).map(|event| event.map(Ok))
    }
}

/// `/v1/series`: for each target one list for each figure, with one place for each sample that is kept.
pub(super) async fn series(State(site): State<Arc<Site>>) -> Answer {
    let kept = site.live.kept.lock();
    let kept = kept.unwrap_or_else(PoisonError::into_inner);
    let at: Vec<_> = kept.iter().map(|sample| rfc3339(sample.at)).collect();
    let names: Vec<_> = kept.back().map_or_else(Vec::new, |newest| {
        let targets = newest.targets.iter();
        targets.map(|target| target.state.name.clone()).collect()
    });
    let targets: Vec<_> = names
        .iter()
        .map(|name| {
            let samples: Vec<_> = kept
                .iter()
                .filter_map(|sample| sample.target(name))
                .collect();
            let of = |figure: &dyn Fn(&TargetSample) -> Value| -> Vec<Value> {
                samples.iter().map(|target| figure(target)).collect()
            };
            json!({
                "name": name,
                "waiting": of(&|target| by_priority(target.state.waiting)),
                "in_flight": of(&|target| target.state.in_flight.into()),
                "oldest_ms": of(&oldest_json),
                "answers": of(&TargetSample::answers_json),
            })
        })
        .collect();
    Answer(json!({
        "schema": "rampmeter.series/1",
        "step_ms": u64::try_from(STEP.as_millis()).unwrap_or(u64::MAX),
        "at": at,
        "targets": targets,
    }))
}

/// `/v1/health`: is work flowing, does it succeed, is this the truth of now.
pub(super) async fn health(State(site): State<Arc<Site>>) -> Result<Answer, Refused> {
    let sample = take(&site.engine).await?;
    let mut verdict = site.live.verdict(&sample);
    verdict["schema"] = "rampmeter.health/1".into();
    Ok(Answer(verdict))
}
