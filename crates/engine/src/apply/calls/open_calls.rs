//! The calls that have not ended, for people: all of them, one, or those that an execution waits for. Why each of them
//! waits is in `why.rs`. Changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use rampmeter_dispatch::{Explanation, Holder, Priority};
use rampmeter_store::model::call::{CallState, JobState};
use rampmeter_store::model::id::{ExecutionId, MessageNumber, QueueId, TargetId};
use rampmeter_store::{InTurn, JobRow, LaneRow, MessageRow, OrderStatus};
use rampmeter_store::{Readable, StoreError, StoreFailure, readable};

use crate::apply::calls::context::CallContext;
use crate::apply::subject::Subject;
use rampmeter_index::{Ahead, Queue, Status, explain, explain_job};

/// The calls that have not ended, each once, those in flight first; at most `most`, of one target or of all.
pub(crate) fn list(
    context: &mut CallContext<'_>,
    most: usize,
    of: Option<&str>,
) -> Result<Vec<CallState>, StoreError> {
    let targets = context.memory.targets.iter();
    let targets = targets.filter(|(_, target)| of.is_none_or(|of| target.config.name == of));
    let targets: Vec<TargetId> = targets.map(|(id, _)| *id).collect();
    let mut listing = Listing {
        most,
        calls: Vec::new(),
    };
    for &id in &targets {
        listing.in_flight(context, id)?;
    }
    for &id in &targets {
        listing.jobs(context, id)?;
    }
    for &id in &targets {
        listing.in_turn(context, id)?;
    }
    for &id in &targets {
        listing.aside(context, id)?;
        listing.parked(context, id)?;
    }
    listing.delayed(context, &targets)?;
    listing.without_target(context, of)?;
    listing.calls.truncate(most);
    Ok(listing.calls)
}

/// What a query about many calls has read so far.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    /// For each lane, how many calls are ahead of the one inspected last. The calls of a wide Map mostly come in the
    /// order of their lane, so they are counted in one pass.
    ahead: BTreeMap<QueueId, (LanePosition, Ahead)>,
}

/// How many calls are counted one by one for a query, since the writer answers it.
const MAX_COUNTED: u64 = 1_000;

/// A call's position in its lane.
type LanePosition = (u64, MessageNumber);

impl Survey {
    /// One call; `None` if it has ended.
    pub(crate) fn call(
        &mut self,
        context: &mut CallContext<'_>,
        number: MessageNumber,
    ) -> Result<Option<CallState>, StoreError> {
        let Some(message) = context.store.messages.message(number)? else {
            return Ok(None);
        };
        let Some(queue) = context.queue.memory.queues.get(message.queue) else {
            let mut lanes = lanes_without_target(context)?.into_iter();
            let lane = lanes.find(|lane| lane.queue == message.queue);
            return lane
                .map(|lane| state_without_target(context, &lane, &message))
                .transpose();
        };
        let Some(priority) = queue.lane else {
            return Ok(None);
        };
        let status = self.status(context, queue, &message)?;
        call_state(context, queue.target, &message, priority, status).map(Some)
    }

    fn status(
        &mut self,
        context: &mut CallContext<'_>,
        queue: Queue,
        message: &MessageRow,
    ) -> Result<Status, StoreError> {
        let number = message.id;
        Ok(if is_in_flight(context, queue.target, number) {
            Status::InFlight
        } else if context
            .store
            .lanes
            .is_in_turn(queue.id, message.turn, number)?
        {
            Status::Waiting {
                ahead: self.ahead_of(context, queue, message)?,
            }
        } else if let Some(status) = aside(context, queue, message)? {
            status
        } else if is_parked(context, queue, message)? {
            Status::Parked {
                before: goes_before(context, queue.target, message)?,
            }
        } else {
            Status::Delayed {
                until: context.store.lanes.delayed_until(number)?,
                after_lost_answer: context.store.calls.is_answer_lost(number)?,
            }
        })
    }

    /// About how many calls of its lane go before a waiting call. Near the front, and near the call inspected before,
    /// they are counted; further back the number is estimated from the positions in the lane.
    fn ahead_of(
        &mut self,
        context: &CallContext<'_>,
        queue: Queue,
        message: &MessageRow,
    ) -> Result<Ahead, StoreError> {
        let place = (message.turn, message.id);
        let lanes = context.store.lanes;
        let known = self.ahead.get(&queue.id).copied();
        let (from, before) = known
            .filter(|(known, _)| *known <= place)
            .unwrap_or(((0, MessageNumber(0)), Ahead::default()));
        let counted = lanes.ready_between(queue.id, from, place, MAX_COUNTED)?;
        let ahead = if counted < MAX_COUNTED {
            Ahead {
                calls: before.calls + counted,
                ..before
            }
        } else {
            let (first, last) = lanes.turns(queue.id)?;
            let targets = &context.memory.targets;
            let lane = queue.lane.expect("a call that waits has a lane");
            let waiting = targets[&queue.target].ready[lane.index()];
            let least = before.calls + MAX_COUNTED;
            Ahead {
                calls: reckoned(message.turn, (first, last), waiting).max(least),
                is_estimate: true,
            }
        };
        self.ahead.insert(queue.id, (place, ahead));
        Ok(ahead)
    }
}

/// How many calls go before this position, if all positions are spread evenly from the first to the last.
fn reckoned(turn: u64, (first, last): (u64, u64), waiting: u64) -> u64 {
    let span = u128::from(last.saturating_sub(first)) + 1;
    let part = u128::from(turn.saturating_sub(first)) * u128::from(waiting) / span;
    u64::try_from(part)
        .unwrap_or(u64::MAX)
        .min(waiting.saturating_sub(1))
}

/// A list while it is being made.
struct Listing {
    /// How many it may hold.
    most: usize,
    calls: Vec<CallState>,
}

impl Listing {
    fn room(&self) -> usize {
        self.most.saturating_sub(self.calls.len())
    }

    fn in_flight(&mut self, context: &mut CallContext<'_>, id: TargetId) -> Result<(), StoreError> {
        let flying = context.target(id).in_flight.values();
        let flying: Vec<(MessageRow, Priority)> = flying
            .map(|call| (call.message.clone(), call.priority))
            .collect();
        for (message, priority) in flying {
            let call = call_state(context, id, &message, priority, Status::InFlight)?;
            self.calls.push(call);
        }
        Ok(())
    }

    /// The calls that the vendor works on, except those whose poll is in flight, which are in the list already.
    fn jobs(&mut self, context: &mut CallContext<'_>, id: TargetId) -> Result<(), StoreError> {
        if context.target(id).jobs == 0 || self.room() == 0 {
            return Ok(());
        }
        for job in context.store.calls.jobs(id, self.room())? {
            if is_in_flight(context, id, job.message) {
                continue;
            }
            let status = Status::Delayed {
                until: context.store.lanes.delayed_until(job.message)?,
                after_lost_answer: false,
            };
            self.add(context, id, job.message, status)?;
        }
        Ok(())
    }

    /// The calls that wait in their lanes, except the polls of jobs.
    fn in_turn(&mut self, context: &mut CallContext<'_>, id: TargetId) -> Result<(), StoreError> {
        for queue in context.target(id).queues {
            for (ahead, number) in (0..).zip(context.store.messages.ready(queue, self.room())?) {
                if !context.lanes().is_job(id, number)? {
                    let ahead = Ahead {
                        calls: ahead,
                        is_estimate: false,
                    };
                    self.add(context, id, number, Status::Waiting { ahead })?;
                }
            }
        }
        Ok(())
    }

    /// The calls that stand aside in a line.
    fn aside(&mut self, context: &mut CallContext<'_>, id: TargetId) -> Result<(), StoreError> {
        let target = context.target(id);
        let lanes = Priority::ALL.into_iter().zip(target.queues);
        for ((lane, queue), count) in lanes.zip(target.aside) {
            if count == 0 || self.room() == 0 {
                continue;
            }
            for number in context.store.lanes.lines().aside(queue, self.room())? {
                let Readable::Whole(Some(message)) =
                    readable(context.store.messages.message(number))?
                else {
                    continue;
                };
                let lane = Some(lane);
                let queue = Queue {
                    id: queue,
                    target: id,
                    lane,
                };
                if let Some(status) = aside(context, queue, &message)? {
                    self.add(context, id, number, status)?;
                }
            }
        }
        Ok(())
    }

    /// The calls that another call of their OrderingKey goes before.
    fn parked(&mut self, context: &mut CallContext<'_>, id: TargetId) -> Result<(), StoreError> {
        let target = context.target(id);
        for (queue, parked) in target.queues.into_iter().zip(target.parked) {
            if parked == 0 || self.room() == 0 {
                continue;
            }
            for number in context.store.lanes.parked(id, queue, self.room())? {
                let Readable::Whole(Some(message)) =
                    readable(context.store.messages.message(number))?
                else {
                    continue;
                };
                let before = goes_before(context, id, &message)?;
                self.add(context, id, number, Status::Parked { before })?;
            }
        }
        Ok(())
    }

    /// The calls that wait for the end of a delay or a backoff, the soonest first.
    fn delayed(
        &mut self,
        context: &mut CallContext<'_>,
        targets: &[TargetId],
    ) -> Result<(), StoreError> {
        if self.room() == 0 {
            return Ok(());
        }
        for row in context.store.lanes.delayed()? {
            let Some(queue) = context.queue.memory.queues.get(row.queue) else {
                continue;
            };
            if !targets.contains(&queue.target)
                || context.lanes().is_job(queue.target, row.message)?
            {
                continue;
            }
            let status = Status::Delayed {
                until: Some(row.until),
                after_lost_answer: context.store.calls.is_answer_lost(row.message)?,
            };
            self.add(context, queue.target, row.message, status)?;
            if self.room() == 0 {
                break;
            }
        }
        Ok(())
    }

    /// The calls of targets that are no longer configured: they wait until their target is configured again.
    fn without_target(
        &mut self,
        context: &mut CallContext<'_>,
        of: Option<&str>,
    ) -> Result<(), StoreError> {
        let mut lanes = lanes_without_target(context)?;
        lanes.retain(|lane| of.is_none_or(|of| lane.target_name == of));
        if lanes.is_empty() || self.room() == 0 {
            return Ok(());
        }
        let store = context.store;
        let mut numbers = BTreeSet::new();
        for lane in &lanes {
            numbers.extend(store.messages.ready(lane.queue, self.room())?);
            numbers.extend(store.lanes.parked(lane.target, lane.queue, self.room())?);
        }
        numbers.extend(store.lanes.delayed()?.into_iter().map(|row| row.message));
        // Those that were in flight when the last process that knew the target ended.
        let permits = store.calls.permits()?.into_iter();
        numbers.extend(permits.map(|permit| permit.message));
        for number in numbers {
            if self.room() == 0 {
                break;
            }
            if let Readable::Whole(Some(message)) = readable(store.messages.message(number))?
                && let Some(lane) = lanes.iter().find(|lane| lane.queue == message.queue)
            {
                self.calls
                    .push(state_without_target(context, lane, &message)?);
            }
        }
        Ok(())
    }

    /// Adds a call of a lane. One that cannot be read is set aside when its turn comes.
    fn add(
        &mut self,
        context: &mut CallContext<'_>,
        id: TargetId,
        number: MessageNumber,
        status: Status,
    ) -> Result<(), StoreError> {
        if let Readable::Whole(Some(message)) = readable(context.store.messages.message(number))?
            && let Some(queue) = context.queue.memory.queues.get(message.queue)
            && let Some(priority) = queue.lane
        {
            let call = call_state(context, id, &message, priority, status)?;
            self.calls.push(call);
        }
        Ok(())
    }
}

fn is_in_flight(context: &mut CallContext<'_>, id: TargetId, number: MessageNumber) -> bool {
    context.target(id).in_flight.has_message(number)
}

/// How a call stands that stands aside in a line; none if it does not.
fn aside(
    context: &mut CallContext<'_>,
    queue: Queue,
    message: &MessageRow,
) -> Result<Option<Status>, StoreError> {
    let lines = context.store.lanes.lines().lines_of(message.id)?;
    let Some((line, _)) = lines.into_iter().find(|(_, aside)| *aside) else {
        return Ok(None);
    };
    let call = InTurn {
        turn: message.turn,
        message: message.id,
    };
    let lanes = context.store.lanes;
    let before = lanes
        .lines()
        .aside_before(queue.target, line, queue.id, call, MAX_COUNTED)?;
    let first = lanes
        .lines()
        .first_of_line(queue.target, line, queue.id, false)?;
    Ok(Some(Status::Aside {
        ahead: before + u64::from(first.is_some()),
        charges: context.lanes().charges_of(queue.target, message)?,
    }))
}

/// Whether another call of the same OrderingKey keeps this one out of its lane.
fn is_parked(
    context: &CallContext<'_>,
    queue: Queue,
    message: &MessageRow,
) -> Result<bool, StoreError> {
    let Some(ordering) = message.ordering else {
        return Ok(false);
    };
    let status = context
        .store
        .lanes
        .order_status(queue.target, ordering, queue.id, message.id)?;
    Ok(status == Some(OrderStatus::Parked))
}

/// The call of the same OrderingKey that goes before a parked one.
fn goes_before(
    context: &mut CallContext<'_>,
    id: TargetId,
    message: &MessageRow,
) -> Result<Option<MessageNumber>, StoreError> {
    let Some(ordering) = message.ordering else {
        return Ok(None);
    };
    if let Some(owner) = context.target(id).owners.get(&ordering) {
        return Ok(Some(*owner));
    }
    let first = context
        .store
        .lanes
        .first_of_order(id, ordering, message.queue)?;
    Ok(first.map(|(first, _)| first))
}

/// The lanes of targets that are no longer configured.
fn lanes_without_target(context: &CallContext<'_>) -> Result<Vec<LaneRow>, StoreError> {
    let mut lanes = context.store.lanes.of_all_targets()?;
    lanes.retain(|lane| !context.memory.targets.contains_key(&lane.target));
    Ok(lanes)
}

fn call_state(
    context: &mut CallContext<'_>,
    id: TargetId,
    message: &MessageRow,
    priority: Priority,
    status: Status,
) -> Result<CallState, StoreError> {
    let now = context.now();
    let execution_arn = execution_arn(context, message)?;
    let job = match context.target(id).jobs {
        0 => None,
        _ => context.store.calls.job(message.id)?,
    };
    let draining = context.queue.journal.draining;
    let target = context.target(id);
    let of_job = job
        .as_ref()
        .and_then(|job| job.follow_up.endpoint.as_deref());
    let endpoint = of_job.or(target.in_flight.endpoint_of(message.id));
    let endpoint = endpoint.map(str::to_owned);
    let why = match (&job, status) {
        (Some(job), Status::Delayed { until, .. }) => explain_job(job, until),
        (Some(job), _) => explain_job(job, None),
        (None, Status::Waiting { .. } | Status::Aside { .. }) if draining => {
            Explanation::by_host(Holder::Draining, None, None)
        }
        (None, _) => explain(target, priority, status, message, now),
    };
    Ok(CallState {
        id: message.id.0,
        target: target.config.name.clone(),
        priority,
        key: message.key.clone(),
        endpoint,
        execution_arn,
        status: if job.is_some() { "job" } else { status.word() },
        job: job.map(job_state),
        sent_at: message.sent_at.into(),
        receive_count: message.receive_count,
        why,
        ahead_is_estimate: matches!(status, Status::Waiting { ahead } if ahead.is_estimate),
        at: now,
    })
}

/// A call whose target is no longer configured.
fn state_without_target(
    context: &CallContext<'_>,
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
        endpoint: None,
        execution_arn: execution_arn(context, message)?,
        status: "waiting",
        job: None,
        sent_at: message.sent_at.into(),
        receive_count: message.receive_count,
        why: Explanation::by_host(held_by, None, None),
        ahead_is_estimate: false,
        at: context.now(),
    })
}

/// The ARN of the execution that waits for a call, unless it is gone or its name cannot be read.
fn execution_arn(
    context: &CallContext<'_>,
    message: &MessageRow,
) -> Result<Option<String>, StoreFailure> {
    let Some((execution, _)): Option<(ExecutionId, _)> = message.task else {
        return Ok(None);
    };
    let arn = context
        .store
        .executions
        .execution_arn(execution, context.arns);
    Ok(match readable(arn)? {
        Readable::Whole(arn) => arn,
        Readable::Damaged(_) => None,
    })
}

fn job_state(job: JobRow) -> JobState {
    JobState {
        path: job.follow_up.job,
        since: job.since.into(),
        polls: job.polls,
        counted: job.permit.is_some(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_reckoned_from_the_turns_of_the_lane() {
        assert_eq!(reckoned(1, (1, 1_000_000), 1_000_000), 0);
        assert_eq!(reckoned(500_001, (1, 1_000_000), 1_000_000), 500_000);
        assert_eq!(reckoned(1_000_000, (1, 1_000_000), 1_000_000), 999_999);
        assert_eq!(
            reckoned(60, (50, 69), 2_000),
            1_000,
            "twenty turns of a hundred groups"
        );
        assert_eq!(reckoned(7, (7, 7), 0), 0);
    }
}
