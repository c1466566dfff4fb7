//! The calls that have not ended, as people ask for them: all of them, one, or those that an execution waits for. Why each of
//! them waits is in `why.rs`. Changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use rampmeter_dispatch::{Explanation, Holder, Priority, Time};
use rampmeter_store::model::call::{CallState, JobState};
use rampmeter_store::model::id::{ExecutionId, MessageNumber, QueueId, TargetId};
use rampmeter_store::{JobRow, LaneRow, MessageRow, OrderStanding};
use rampmeter_store::{Readable, StoreError, StoreFailure, readable};

use crate::apply::calls::why::{Standing, explain, explain_job};
use crate::apply::turn::Turn;
use crate::memory::queues::Queue;

/// Calls that have not ended, each once, those in flight first; at most `most`, of one target or of all.
pub(crate) fn list(
    turn: &mut Turn<'_>,
    most: usize,
    of: Option<&str>,
) -> Result<Vec<CallState>, StoreError> {
    let targets = turn.memory.targets.iter();
    let targets = targets.filter(|(_, target)| of.is_none_or(|of| target.config.name == of));
    let targets: Vec<TargetId> = targets.map(|(id, _)| *id).collect();
    let mut listing = Listing {
        most,
        calls: Vec::new(),
        survey: Survey::default(),
    };
    for &id in &targets {
        listing.in_flight(turn, id)?;
    }
    for &id in &targets {
        listing.jobs(turn, id)?;
    }
    for &id in &targets {
        listing.in_turn(turn, id)?;
    }
    for &id in &targets {
        listing.parked(turn, id)?;
    }
    listing.delayed(turn, &targets)?;
    listing.without_target(turn, of)?;
    listing.calls.truncate(most);
    Ok(listing.calls)
}

/// What a question about many calls has read so far.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    /// How many calls are ahead of the one looked at last, by lane: so that the calls of a wide Map, which mostly come in the
    /// order of their lane, are counted in one pass over it.
    ahead: BTreeMap<QueueId, (u64, MessageNumber, u64)>,
    /// Until when calls are delayed, once that was asked.
    delayed: Option<BTreeMap<MessageNumber, Time>>,
}

impl Survey {
    /// One call; none if it has ended.
    pub(crate) fn call(
        &mut self,
        turn: &mut Turn<'_>,
        number: MessageNumber,
    ) -> Result<Option<CallState>, StoreError> {
        let Some(message) = turn.store().messages().message(number)? else {
            return Ok(None);
        };
        let Some(queue) = turn.memory.queues.get(message.queue) else {
            let mut lanes = lanes_without_target(turn)?.into_iter();
            let lane = lanes.find(|lane| lane.queue == message.queue);
            return lane
                .map(|lane| state_without_target(turn, &lane, &message))
                .transpose();
        };
        let Some(priority) = queue.lane else {
            return Ok(None);
        };
        let standing = self.standing(turn, queue, &message)?;
        call_state(turn, queue.target, &message, priority, standing).map(Some)
    }

    fn standing(
        &mut self,
        turn: &mut Turn<'_>,
        queue: Queue,
        message: &MessageRow,
    ) -> Result<Standing, StoreError> {
        let number = message.id;
        Ok(if is_in_flight(turn, queue.target, number) {
            Standing::InFlight
        } else if turn
            .store()
            .lanes()
            .is_in_turn(queue.id, message.turn, number)?
        {
            Standing::Waiting {
                ahead: self.ahead_of(turn, queue.id, message)?,
            }
        } else if is_parked(turn, queue, message)? {
            Standing::Parked {
                before: goes_before(turn, queue.target, message)?,
            }
        } else {
            Standing::Delayed {
                until: self.delayed_until(turn, number)?,
                after_lost_answer: turn.store().calls().is_answer_lost(number)?,
            }
        })
    }

    /// How many calls of its lane go before a call that waits in its turn.
    fn ahead_of(
        &mut self,
        turn: &Turn<'_>,
        queue: QueueId,
        message: &MessageRow,
    ) -> Result<u64, StoreError> {
        let place = (message.turn, message.id);
        let store = turn.store();
        let before = self.ahead.get(&queue).copied();
        let count = match before.filter(|(known, call, _)| (*known, *call) <= place) {
            Some((known, call, count)) => {
                count + store.lanes().ready_between(queue, (known, call), place)?
            }
            None => store
                .lanes()
                .ready_before(queue, message.turn, message.id)?,
        };
        self.ahead.insert(queue, (message.turn, message.id, count));
        Ok(count)
    }

    /// When a delayed call may be taken, if it is one and not too far ahead to be found.
    fn delayed_until(
        &mut self,
        turn: &Turn<'_>,
        number: MessageNumber,
    ) -> Result<Option<Time>, StoreError> {
        if self.delayed.is_none() {
            let rows = turn.store().lanes().delayed()?.into_iter();
            self.delayed = Some(rows.map(|row| (row.message, row.until)).collect());
        }
        let delayed = self.delayed.as_ref();
        Ok(delayed.and_then(|delayed| delayed.get(&number).copied()))
    }
}

/// A list in the making.
struct Listing {
    /// How many it may hold.
    most: usize,
    calls: Vec<CallState>,
    survey: Survey,
}

impl Listing {
    fn room(&self) -> usize {
        self.most.saturating_sub(self.calls.len())
    }

    fn in_flight(&mut self, turn: &mut Turn<'_>, id: TargetId) -> Result<(), StoreError> {
        let flying = turn.target(id).in_flight.values();
        let flying: Vec<(MessageRow, Priority)> = flying
            .map(|call| (call.message.clone(), call.priority))
            .collect();
        for (message, priority) in flying {
            let call = call_state(turn, id, &message, priority, Standing::InFlight)?;
            self.calls.push(call);
        }
        Ok(())
    }

    /// The calls that the vendor works on, but for those whose poll is in flight: they are in the list already.
    fn jobs(&mut self, turn: &mut Turn<'_>, id: TargetId) -> Result<(), StoreError> {
        if turn.target(id).jobs == 0 || self.room() == 0 {
            return Ok(());
        }
        for job in turn.store().calls().jobs(id, self.room())? {
            if is_in_flight(turn, id, job.message) {
                continue;
            }
            let standing = Standing::Delayed {
                until: self.survey.delayed_until(turn, job.message)?,
                after_lost_answer: false,
            };
            self.add(turn, id, job.message, standing)?;
        }
        Ok(())
    }

    /// The calls that wait in their turn, but for the polls of jobs.
    fn in_turn(&mut self, turn: &mut Turn<'_>, id: TargetId) -> Result<(), StoreError> {
        for queue in turn.target(id).queues {
            for (ahead, number) in (0..).zip(turn.store().messages().ready(queue, self.room())?) {
                if !turn.is_job(id, number)? {
                    self.add(turn, id, number, Standing::Waiting { ahead })?;
                }
            }
        }
        Ok(())
    }

    /// The calls that another call of their OrderingKey goes before.
    fn parked(&mut self, turn: &mut Turn<'_>, id: TargetId) -> Result<(), StoreError> {
        let target = turn.target(id);
        for (queue, parked) in target.queues.into_iter().zip(target.parked) {
            if parked == 0 || self.room() == 0 {
                continue;
            }
            for number in turn.store().lanes().parked(id, queue, self.room())? {
                let Readable::Whole(Some(message)) =
                    readable(turn.store().messages().message(number))?
                else {
                    continue;
                };
                let before = goes_before(turn, id, &message)?;
                self.add(turn, id, number, Standing::Parked { before })?;
            }
        }
        Ok(())
    }

    /// The calls that wait for a delay or a back-off to be over, the soonest first.
    fn delayed(&mut self, turn: &mut Turn<'_>, targets: &[TargetId]) -> Result<(), StoreError> {
        if self.room() == 0 {
            return Ok(());
        }
        for row in turn.store().lanes().delayed()? {
            let Some(queue) = turn.memory.queues.get(row.queue) else {
                continue;
            };
            if !targets.contains(&queue.target) || turn.is_job(queue.target, row.message)? {
                continue;
            }
            let standing = Standing::Delayed {
                until: Some(row.until),
                after_lost_answer: turn.store().calls().is_answer_lost(row.message)?,
            };
            self.add(turn, queue.target, row.message, standing)?;
            if self.room() == 0 {
                break;
            }
        }
        Ok(())
    }

    /// The calls of targets that the configuration no longer has: they wait until it has them again.
    fn without_target(&mut self, turn: &mut Turn<'_>, of: Option<&str>) -> Result<(), StoreError> {
        let mut lanes = lanes_without_target(turn)?;
        lanes.retain(|lane| of.is_none_or(|of| lane.target_name == of));
        if lanes.is_empty() || self.room() == 0 {
            return Ok(());
        }
        let store = turn.store();
        let mut numbers = BTreeSet::new();
        for lane in &lanes {
            numbers.extend(store.messages().ready(lane.queue, self.room())?);
            numbers.extend(store.lanes().parked(lane.target, lane.queue, self.room())?);
        }
        numbers.extend(store.lanes().delayed()?.into_iter().map(|row| row.message));
        // Those that were in flight when a process ended that still had the target.
        let permits = store.calls().permits()?.into_iter();
        numbers.extend(permits.map(|permit| permit.message));
        for number in numbers {
            if self.room() == 0 {
                break;
            }
            if let Readable::Whole(Some(message)) = readable(store.messages().message(number))?
                && let Some(lane) = lanes.iter().find(|lane| lane.queue == message.queue)
            {
                self.calls.push(state_without_target(turn, lane, &message)?);
            }
        }
        Ok(())
    }

    /// Adds a call of a lane. One that cannot be read is set aside when its turn comes.
    fn add(
        &mut self,
        turn: &mut Turn<'_>,
        id: TargetId,
        number: MessageNumber,
        standing: Standing,
    ) -> Result<(), StoreError> {
        if let Readable::Whole(Some(message)) = readable(turn.store().messages().message(number))?
            && let Some(queue) = turn.memory.queues.get(message.queue)
            && let Some(priority) = queue.lane
        {
            let call = call_state(turn, id, &message, priority, standing)?;
            self.calls.push(call);
        }
        Ok(())
    }
}

fn is_in_flight(turn: &mut Turn<'_>, id: TargetId, number: MessageNumber) -> bool {
    let mut flying = turn.target(id).in_flight.values();
    flying.any(|call| call.message.id == number)
}

/// Whether another call of the same OrderingKey keeps this one out of its lane.
fn is_parked(turn: &Turn<'_>, queue: Queue, message: &MessageRow) -> Result<bool, StoreError> {
    let Some(ordering) = message.ordering else {
        return Ok(false);
    };
    let standing =
        turn.store()
            .lanes()
            .order_standing(queue.target, ordering, queue.id, message.id)?;
    Ok(standing == Some(OrderStanding::Parked))
}

/// The call of the same OrderingKey that goes before a parked one.
fn goes_before(
    turn: &mut Turn<'_>,
    id: TargetId,
    message: &MessageRow,
) -> Result<Option<MessageNumber>, StoreError> {
    let Some(ordering) = message.ordering else {
        return Ok(None);
    };
    if let Some(owner) = turn.target(id).owners.get(&ordering) {
        return Ok(Some(*owner));
    }
    let first = turn
        .store()
        .lanes()
        .first_of_order(id, ordering, message.queue)?;
    Ok(first.map(|(first, _)| first))
}

/// The lanes of targets that the configuration no longer has.
fn lanes_without_target(turn: &Turn<'_>) -> Result<Vec<LaneRow>, StoreError> {
    let mut lanes = turn.store().lanes().of_all_targets()?;
    lanes.retain(|lane| !turn.memory.targets.contains_key(&lane.target));
    Ok(lanes)
}

fn call_state(
    turn: &mut Turn<'_>,
    id: TargetId,
    message: &MessageRow,
    priority: Priority,
    standing: Standing,
) -> Result<CallState, StoreError> {
    let now = turn.now;
    let execution_arn = execution_arn(turn, message)?;
    let job = match turn.target(id).jobs {
        0 => None,
        _ => turn.store().calls().job(message.id)?,
    };
    let draining = turn.memory.draining.is_some();
    let target = turn.target(id);
    let why = match (&job, standing) {
        (Some(job), Standing::Delayed { until, .. }) => explain_job(job, until),
        (Some(job), _) => explain_job(job, None),
        (None, Standing::Waiting { .. }) if draining => {
            Explanation::by_host(Holder::Draining, None, None)
        }
        (None, _) => explain(target, priority, standing, message.receive_count > 0, now),
    };
    Ok(CallState {
        id: message.id.0,
        target: target.config.name.clone(),
        priority,
        key: message.key.clone(),
        execution_arn,
        standing: if job.is_some() {
            "job"
        } else {
            standing.word()
        },
        job: job.map(job_state),
        sent_at: message.sent_at.as_millis(),
        receive_count: message.receive_count,
        why,
        at: now,
    })
}

/// A call whose target is in the configuration no more.
fn state_without_target(
    turn: &Turn<'_>,
    lane: &LaneRow,
    message: &MessageRow,
) -> Result<CallState, StoreError> {
    let target = lane.target_name.clone();
    let held_by = Holder::NoTarget {
        target: target.clone(),
    };
    Ok(CallState {
        id: message.id.0,
        target,
        priority: lane.priority,
        key: message.key.clone(),
        execution_arn: execution_arn(turn, message)?,
        standing: "waiting",
        job: None,
        sent_at: message.sent_at.as_millis(),
        receive_count: message.receive_count,
        why: Explanation::by_host(held_by, None, None),
        at: turn.now,
    })
}

/// The ARN of the execution that waits for a call, unless it is gone or its name cannot be read.
fn execution_arn(turn: &Turn<'_>, message: &MessageRow) -> Result<Option<String>, StoreFailure> {
    let Some((execution, _)): Option<(ExecutionId, _)> = message.task else {
        return Ok(None);
    };
    let arn = turn
        .store()
        .executions()
        .execution_arn(execution, &turn.memory.place);
    Ok(match readable(arn)? {
        Readable::Whole(arn) => arn,
        Readable::Damaged(_) => None,
    })
}

fn job_state(job: JobRow) -> JobState {
    JobState {
        path: job.follow_up.job,
        since: job.since.as_millis(),
        looks: job.looks,
        counted: job.permit.is_some(),
    }
}
