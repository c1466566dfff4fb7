//! For whoever watches: `/v1/live` as server-sent events, one a second, `/v1/series` with the last quarter of an hour,
//! and `/v1/health` with the health report.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll};

use axum::extract::State;
use axum::response::sse::{Event, Sse};
use futures_core::Stream;
use rampmeter_time::rfc3339;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::health::live::{STEP, oldest_json};
use crate::health::sample::TargetSample;
use crate::response::{JsonResponse, Refused};
use crate::site::Site;
use crate::target::by_priority;

/// `/v1/live`. It ends when the server does.
pub(crate) async fn live(
    State(site): State<Arc<Site>>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    // The latest sample may be as old as `STEP`; the next is at most a second away.
    let mut latest = site.live.latest.subscribe();
    latest.mark_unchanged();
    let mut draining = site.draining.subscribe();
    // For a client that does not read, one event is kept, not a queue of them.
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

/// `/v1/series`: for each target one list for each figure, with one element for each sample that is kept.
pub(crate) async fn series(State(site): State<Arc<Site>>) -> JsonResponse {
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
    JsonResponse(json!({
        "schema": "rampmeter.series/1",
        "step_ms": u64::try_from(STEP.as_millis()).unwrap_or(u64::MAX),
        "at": at,
        "targets": targets,
    }))
}

/// `/v1/health`: whether work flows, whether it succeeds, and how fresh that is.
pub(crate) async fn health(State(site): State<Arc<Site>>) -> Result<JsonResponse, Refused> {
    let mut sample = site.live.take(&site.engine).await?;
    sample.note_counts(&site.engine.calls().target_counts().await?);
    let mut verdict = site.live.verdict(&sample);
    verdict["schema"] = "rampmeter.health/1".into();
    Ok(JsonResponse(verdict))
}
