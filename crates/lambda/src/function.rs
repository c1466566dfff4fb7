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
use crate::hiding::after_failure;
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

    /// One invocation. An error keeps all its messages, and they come again soon: Lambda would leave them hidden for as long as
    /// the function may run.
    pub(crate) async fn invoked(&self, payload: Value, context: &Context) -> Result<Reply, Error> {
        let mut workshop = self.workshop.lock().await;
        if self.cold.swap(false, Ordering::Relaxed) {
            workshop.metrics().cold_start();
        }
        let event = Event::read(payload);
        let messages = event.lane_messages();
        let served = serve(&mut workshop, event, context).await;
        if served.is_err() {
            let queues = workshop.queues();
            for message in messages {
                let pause = after_failure(message.receive_count);
                if let Err(error) = queues.hide(&message, pause).await {
                    tracing::warn!(%error, message_id = message.id, "a message stays hidden for long after a failure");
                }
            }
        }
        served
    }
}

/// What follows from an event, by the function's role.
async fn serve(workshop: &mut Workshop, event: Event, context: &Context) -> Result<Reply, Error> {
    let clock = Clock::start();
    let deadline = Time::from_millis(i64::try_from(context.deadline).unwrap_or(i64::MAX));
    match (workshop.settings().role, event) {
            (_, Event::Unknown) => {
                Err("the event is none of SQS and no wake-up; only its mappings and its schedule invoke this function".into())
            }
            (Role::Drain, Event::Watch) => {
                // Needs neither a secret nor a configuration, so it works whatever is wrong with those.
                let mappings = workshop.mappings();
                let asleep = mappings.asleep(clock.now()).await?;
                workshop.metrics().gauge("MappingsAsleep", asleep);
                if asleep > 0 {
                    tracing::warn!(asleep, "mappings were off, and nothing would have switched them on");
                    mappings.wake().await?;
                }
                Ok(Reply::default())
            }
            (Role::Drain, event) => {
                let mappings = workshop.mappings();
                let hand = match event {
                    Event::Messages(records) => one_of(records)?,
                    _ => {
                        // Do this first: whatever fails after it, the queues wake the worker again.
                        mappings.wake().await?;
                        None
                    }
                };
                let worker = workshop.worker().await?;
                let table = worker.table.clone().ok_or("a drainer needs a table")?;
                let id = hand.as_ref().map(|message| message.id.clone());
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
            (Role::Slot | Role::Undelivered, Event::Wake | Event::Watch) => Ok(Reply::default()),
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
