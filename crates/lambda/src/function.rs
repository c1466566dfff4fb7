//! What the function does when it is invoked, by its role.

use std::sync::atomic::{AtomicBool, Ordering};

use lambda_runtime::{Context, Error};
use rampmeter_dispatch::Time;
use serde_json::Value;
use tokio::sync::Mutex;

use crate::call::Fate;
use crate::clock::Clock;
use crate::drain::{self, End};
use crate::event::{Delivered, Event, Message, Reply};
use crate::settings::Role;
use crate::slot::Slot;
use crate::undelivered::Undelivered;
use crate::worker::Workshop;

/// The function in one environment.
pub(crate) struct Function {
    workshop: Mutex<Workshop>,
    cold: AtomicBool,
}

impl Function {
    pub(crate) fn new(workshop: Workshop) -> Function {
        Function {
            workshop: Mutex::new(workshop),
            cold: AtomicBool::new(true),
        }
    }

    /// One invocation. An error keeps all its messages.
    pub(crate) async fn invoked(&self, payload: Value, context: &Context) -> Result<Reply, Error> {
        let clock = Clock::start();
        let mut workshop = self.workshop.lock().await;
        if self.cold.swap(false, Ordering::Relaxed) {
            workshop.metrics().cold_start();
        }
        let deadline = Time::from_millis(i64::try_from(context.deadline).unwrap_or(i64::MAX));
        let event = Event::read(payload);
        match (workshop.settings().role, event) {
            (_, Event::Unknown) => {
                Err("the event is none of SQS and no wake-up; only its mappings and its schedule invoke this function".into())
            }
            (Role::Drain, event) => {
                let worker = workshop.worker().await?;
                let table = worker.table.clone().ok_or("a drainer needs a table")?;
                let hand = match event {
                    Event::Messages(records) => one_of(records)?,
                    _ => {
                        worker.mappings.wake().await?;
                        None
                    }
                };
                let id = hand.as_ref().map(|message| message.id.clone());
                let mappings = worker.mappings.clone();
                let drained = drain::drain(worker, table, clock, hand, deadline).await;
                let end = drained.end?;
                tracing::info!(?end, "drained");
                if let End::Closed { until } = end {
                    let slept = mappings.sleep(until, &context.invoked_function_arn).await;
                    if let Err(error) = slept {
                        tracing::warn!(%error, "the queues go on waking the worker of a closed target");
                    }
                }
                Ok(Reply::keeping(id.filter(|_| drained.keeps_message)))
            }
            (Role::Slot, Event::Messages(records)) => {
                let worker = workshop.worker().await?;
                let Some(message) = one_of(records)? else {
                    return Ok(Reply::default());
                };
                let slot = Slot {
                    worker,
                    clock,
                    deadline,
                };
                let fate = slot.serve(&message).await;
                let kept = Some(message.id).filter(|_| fate == Fate::HandedBack);
                Ok(Reply::keeping(kept))
            }
            (Role::Undelivered, Event::Messages(records)) => {
                let undelivered = Undelivered {
                    queues: workshop.queues(),
                    tasks: workshop.tasks(),
                };
                let metrics = workshop.metrics();
                Ok(undelivered.give_up(records, &metrics).await)
            }
            (Role::Slot | Role::Undelivered, Event::Wake) => Ok(Reply::default()),
        }
    }
}

/// The message of an invocation: the mappings' batch size is 1.
fn one_of(records: Vec<Delivered>) -> Result<Option<Message>, Error> {
    if records.len() > 1 {
        return Err("the event source mappings of a worker must have batch size 1".into());
    }
    let Some(record) = records.into_iter().next() else {
        return Ok(None);
    };
    let source = record.source.clone();
    let message = record.into_message();
    message.map(Some).ok_or_else(|| {
        format!("{source} is not a queue of a lane: its name must end in -high, -medium or -batch")
            .into()
    })
}
