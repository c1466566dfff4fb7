//! Keeps messages hidden and tasks alive while their calls are under way.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rampmeter_dispatch::Priority;
use tokio::task::JoinHandle;

use crate::event::Message;
use crate::service::queues::HIDDEN;
use crate::trace::TraceHeader;
use crate::worker::Worker;

/// How often messages are kept hidden and heartbeats sent.
const EVERY: Duration = Duration::from_secs(HIDDEN.as_secs() / 3);

/// A message that is kept.
#[derive(Clone, Debug)]
struct Kept {
    lane: Priority,
    handle: String,
    token: Option<String>,
    trace: Option<TraceHeader>,
}

/// The messages that an environment works on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Keeper {
    kept: Arc<Mutex<BTreeMap<String, Kept>>>,
}

impl Keeper {
    /// Keeps this message until it is let go.
    pub(crate) fn keep(&self, message: &Message) {
        let kept = Kept {
            lane: message.lane,
            handle: message.handle.clone(),
            token: token_of(&message.body),
            trace: message.trace.clone(),
        };
        let mut all = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(message.id.clone(), kept);
    }

    pub(crate) fn let_go(&self, id: &str) {
        let mut all = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        all.remove(id);
    }

    /// Starts keeping, until the handle is aborted.
    pub(crate) fn start(&self, worker: Arc<Worker>) -> JoinHandle<()> {
        let keeper = self.clone();
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(EVERY).await;
                keeper.keep_all(&worker).await;
            }
        })
    }

    async fn keep_all(&self, worker: &Worker) {
        let kept: Vec<Kept> = {
            let all = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            all.values().cloned().collect()
        };
        for lane in Priority::ALL {
            let of_lane = kept.iter().filter(|kept| kept.lane == lane);
            let handles: Vec<String> = of_lane.map(|kept| kept.handle.clone()).collect();
            for handles in handles.chunks(10) {
                if let Err(error) = worker.queues.keep_hidden(lane, handles).await {
                    tracing::warn!(%error, "messages may come again while their calls are under way");
                }
            }
        }
        for one in &kept {
            if let Some(token) = &one.token {
                // That a task no longer waits is found out when its result is reported.
                let _ = worker.tasks.heartbeat(token, one.trace.as_ref()).await;
            }
        }
    }
}

/// The task token of a message, whatever else is wrong with it.
pub(crate) fn token_of(body: &str) -> Option<String> {
    let value: serde_json::Value = serde_json::from_str(body).ok()?;
    let token = value.get("TaskToken")?.as_str()?;
    (!token.is_empty()).then(|| token.to_owned())
}
