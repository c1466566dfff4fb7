//! Lines: what limits of some calls, dearer calls and limits by a key make of a lane. The rule is `dispatch`'s (see
//! [`rampmeter_dispatch::WaitingCalls`], which keeps it in memory); here it is kept in the store, so that a million calls that
//! stand aside cost no memory and are there after a restart.

use std::collections::BTreeSet;
use std::num::NonZeroU32;

use rampmeter_call::CallMessage;
use rampmeter_dispatch::{CallTraits, Charge, Charges, Cost, Priority, Tariff};
use rampmeter_store::model::id::TargetId;
use rampmeter_store::{
    InTurn, LineId, MessageRow, Readable, StoreError, StoreFailure, message_body, readable,
};

use crate::apply::calls::lane::{Lanes, POLL_TURN};
use crate::apply::calls::send::INVALID_MESSAGE;
use crate::apply::subject::Subject;
use rampmeter_index::Head;

/// What a poll is charged: what its message costs is the call's, which has had its slots.
fn of_poll(tariffs: &[Tariff], charges: Charges) -> Charges {
    let costs = tariffs.iter().map(|tariff| &tariff.cost).enumerate();
    costs.fold(charges, |charges, (tariff, cost)| {
        match (charges.by(tariff), cost) {
            (Some(charge), Cost::Of(_)) => {
                let cost = NonZeroU32::MIN;
                charges.with(tariff, Charge { cost, ..charge })
            }
            _ => charges,
        }
    })
}

impl Lanes<'_, '_> {
    /// What a call, or the poll of its job, is charged. A message that cannot be read is charged nothing: it is never sent.
    pub(crate) fn charges_of(
        &mut self,
        id: TargetId,
        message: &MessageRow,
    ) -> Result<Charges, StoreFailure> {
        let target = self.calls.target(id);
        if !target.has_tariffs() {
            return Ok(Charges::NOTHING);
        }
        let account = target.config.account.clone();
        let polls_jobs = target.jobs > 0;
        let body = readable(message_body(self.store.executions, message))?;
        let Readable::Whole(body) = body else {
            return Ok(Charges::NOTHING);
        };
        let Ok(value) = serde_json::from_str(&body) else {
            return Ok(Charges::NOTHING);
        };
        let job = match polls_jobs {
            true => readable(self.store.calls.job(message.id))?,
            false => Readable::Whole(None),
        };
        let is_poll = matches!(job, Readable::Whole(Some(_)));
        let request = match job {
            Readable::Whole(Some(job)) => job.follow_up.request(),
            _ => match CallMessage::from_value(&value, &account) {
                Ok(call) => call.request,
                Err(_) => return Ok(Charges::NOTHING),
            },
        };
        let traits = CallTraits {
            endpoint: request.endpoint.as_deref(),
            method: &request.method,
            path: &request.path,
            group: message.group.map(|group| group.0.cast_unsigned()),
            message: &value,
        };
        let tariffs = self.calls.target(id).gate.tariffs();
        let charges = Charges::of(tariffs, &traits);
        Ok(if is_poll {
            of_poll(tariffs, charges)
        } else {
            charges
        })
    }

    /// Puts a call at its turn: into its lane, or aside where a line of it has no free slot for it. One that no limit could ever
    /// admit fails.
    pub(crate) fn place(
        &mut self,
        id: TargetId,
        lane: Priority,
        message: &MessageRow,
        turn: u64,
    ) -> Result<(), StoreError> {
        let charges = self.charges_of(id, message)?;
        let call = InTurn {
            turn,
            message: message.id,
        };
        if charges.is_nothing() {
            return self.enter_in_turn(id, lane, message, turn);
        }
        let target = self.calls.target(id);
        if let Some((limit, cost, max)) = target.base_rules.never_admits(&charges) {
            let reason = format!("it takes {cost} slots of limit {limit}, which has {max}");
            return self
                .calls
                .fail_call(id, message, INVALID_MESSAGE, &reason, None);
        }
        if let Some(line) = self.stopping_line(id, lane, message, call, charges)? {
            self.calls.target(id).aside_as[lane.index()] = charges;
            return self.stand_aside(id, lane, line, message, call);
        }
        let lines = self.calls.target(id).lines_of(charges);
        for line in lines {
            let head = self
                .store
                .lanes
                .lines()
                .first_of_line(id, line, message.queue, false)?;
            if let Some(head) = head {
                self.step_aside(id, lane, line, head)?;
            }
            self.store.lanes.lines().join_line(
                id,
                line,
                message.queue,
                call,
                message.group,
                false,
            )?;
        }
        self.enter_in_turn(id, lane, message, turn)
    }

    /// The first line in which a call of the same line goes first, or that has no free slot for the call.
    fn stopping_line(
        &mut self,
        id: TargetId,
        lane: Priority,
        message: &MessageRow,
        call: InTurn,
        charges: Charges,
    ) -> Result<Option<LineId>, StoreError> {
        let lanes = self.store.lanes;
        for line in self.calls.target(id).lines_of(charges) {
            for aside in [false, true] {
                let first = lanes
                    .lines()
                    .first_of_line(id, line, message.queue, aside)?;
                if first.is_some_and(|first| first < call) {
                    return Ok(Some(line));
                }
            }
        }
        Ok(self.refusing_line(id, lane, charges))
    }

    fn refusing_line(&mut self, id: TargetId, lane: Priority, charges: Charges) -> Option<LineId> {
        let now = self.calls.now();
        let target = self.calls.target(id);
        let line = target.gate.view(now).refusing_line(lane, charges)?;
        Some(target.id_of(line))
    }

    fn enter_in_turn(
        &mut self,
        id: TargetId,
        lane: Priority,
        message: &MessageRow,
        turn: u64,
    ) -> Result<(), StoreError> {
        let group = message.group.filter(|_| turn != POLL_TURN);
        self.store
            .lanes
            .make_ready_in_turn(message.queue, turn, message.id, group)?;
        let target = self.calls.target(id);
        target.ready[lane.index()] += 1;
        target.polls[lane.index()] += u64::from(turn == POLL_TURN);
        *self.calls.made_ready = true;
        Ok(())
    }

    fn stand_aside(
        &mut self,
        id: TargetId,
        lane: Priority,
        line: LineId,
        message: &MessageRow,
        call: InTurn,
    ) -> Result<(), StoreError> {
        let group = message.group.filter(|_| call.turn != POLL_TURN);
        self.store
            .lanes
            .lines()
            .join_line(id, line, message.queue, call, group, true)?;
        self.calls.target(id).aside[lane.index()] += 1;
        Ok(())
    }

    /// A call that is in its lane stands aside from now on, in this line; the next ones of its other lines may go on.
    fn step_aside(
        &mut self,
        id: TargetId,
        lane: Priority,
        line: LineId,
        call: InTurn,
    ) -> Result<(), StoreError> {
        let message = self.message(call.message)?;
        self.store
            .lanes
            .unready_in_turn(message.queue, call.turn, call.message)?;
        let target = self.calls.target(id);
        target.ready[lane.index()] -= 1;
        target.polls[lane.index()] -= u64::from(call.turn == POLL_TURN);
        self.leave_lines(id, call.message)?;
        self.stand_aside(id, lane, line, &message, call)
    }

    /// A call is in no line any more: those behind it may go on. Answers whether it stood aside.
    pub(crate) fn leave_lines(
        &mut self,
        id: TargetId,
        number: rampmeter_store::model::id::MessageNumber,
    ) -> Result<bool, StoreError> {
        if !self.calls.target(id).has_tariffs() {
            return Ok(false);
        }
        let lines = self.store.lanes.lines().lines_of(number)?;
        self.store.lanes.lines().leave_lines(number)?;
        let review = &mut self.calls.target(id).to_review;
        review.extend(lines.iter().map(|(line, _)| (line.tariff, line.key)));
        Ok(lines.iter().any(|(_, aside)| *aside))
    }

    /// Before the gate of a target with tariffs is asked: lets those go on whose lines have a slot, and those step aside whose
    /// lines have none.
    pub(crate) fn settle(&mut self, id: TargetId) -> Result<(), StoreError> {
        if !self.calls.target(id).has_tariffs() {
            return Ok(());
        }
        let now = self.calls.now();
        let target = self.calls.target(id);
        let freed = target.gate.take_freed(now);
        let freed = freed.into_iter().map(|line| target.id_of(line));
        let freed: BTreeSet<(u64, u64)> = freed.map(|line| (line.tariff, line.key)).collect();
        if !freed.is_empty() {
            self.store.lanes.lines().prune_keyed_slots(id, now)?;
        }
        self.calls.target(id).to_review.extend(freed);
        if std::mem::take(&mut self.calls.target(id).reviews_all) {
            self.review_all(id)?;
        }
        // One that goes on may be the first of a lane that was looked at before.
        loop {
            self.go_on(id)?;
            let mut moved = false;
            for lane in Priority::ALL {
                moved |= self.first_steps_aside(id, lane)?;
            }
            if !moved {
                return Ok(());
            }
        }
    }

    fn review_all(&mut self, id: TargetId) -> Result<(), StoreError> {
        let mut line = self.store.lanes.lines().next_line(id, None)?;
        while let Some(next) = line {
            let review = &mut self.calls.target(id).to_review;
            review.insert((next.tariff, next.key));
            line = self.store.lanes.lines().next_line(id, Some(next))?;
        }
        Ok(())
    }

    /// Lets the first calls go on that stand aside in a line which is to be reviewed.
    fn go_on(&mut self, id: TargetId) -> Result<(), StoreError> {
        while let Some((tariff, key)) = self.calls.target(id).to_review.pop_first() {
            if self.calls.target(id).aside == [0; 3] {
                continue;
            }
            let line = LineId { tariff, key };
            for lane in Priority::ALL {
                while self.first_goes_on(id, lane, line)? {}
            }
        }
        Ok(())
    }

    /// Lets the first call that stands aside in a line go on, if nobody of the line is in the lane; whether one did.
    fn first_goes_on(
        &mut self,
        id: TargetId,
        lane: Priority,
        line: LineId,
    ) -> Result<bool, StoreError> {
        let queue = self.calls.target(id).queues[lane.index()];
        let lanes = self.store.lanes;
        if let Some(head) = lanes.lines().first_of_line(id, line, queue, false)? {
            if lanes.is_in_turn(queue, head.turn, head.message)? {
                return Ok(false);
            }
            // Its message was taken out of the lane as one that cannot be read, or purged.
            self.leave_lines(id, head.message)?;
        }
        let Some(first) = lanes.lines().first_of_line(id, line, queue, true)? else {
            return Ok(false);
        };
        let Readable::Whole(message) = readable(self.message(first.message))? else {
            self.leave_lines(id, first.message)?;
            self.calls.target(id).aside[lane.index()] -= 1;
            return Ok(true);
        };
        let charges = self.charges_of(id, &message)?;
        if self.refusing_line(id, lane, charges) == Some(line) {
            self.calls.target(id).aside_as[lane.index()] = charges;
            return Ok(false);
        }
        self.store.lanes.lines().leave_lines(first.message)?;
        self.calls.target(id).aside[lane.index()] -= 1;
        self.place(id, lane, &message, first.turn)?;
        Ok(true)
    }

    /// Looks at the first call of a lane, and lets it step aside if a line of it has no free slot; whether it did. It may also be
    /// one that was not charged before, for the configuration has changed.
    fn first_steps_aside(&mut self, id: TargetId, lane: Priority) -> Result<bool, StoreError> {
        let queue = self.calls.target(id).queues[lane.index()];
        let Some((turn, number)) = self.store.lanes.first_in_turn(queue)? else {
            self.calls.target(id).heads[lane.index()] = None;
            return Ok(false);
        };
        let known = self.calls.target(id).heads[lane.index()];
        let charges = match known.filter(|head| head.message == number && head.turn == turn) {
            Some(head) => head.charges,
            None => {
                let Readable::Whole(message) = readable(self.message(number))? else {
                    // Whoever starts it finds out, and takes it out of the lane.
                    self.calls.target(id).heads[lane.index()] = None;
                    return Ok(false);
                };
                let charges = self.charges_of(id, &message)?;
                let enrolled = self.store.lanes.lines().lines_of(number)?.len();
                if enrolled != charges.lines().count() {
                    self.store.lanes.unready_in_turn(queue, turn, number)?;
                    let target = self.calls.target(id);
                    target.ready[lane.index()] -= 1;
                    target.polls[lane.index()] -= u64::from(turn == POLL_TURN);
                    self.leave_lines(id, number)?;
                    self.place(id, lane, &message, turn)?;
                    return Ok(true);
                }
                charges
            }
        };
        let head = Head {
            turn,
            message: number,
            charges,
        };
        self.calls.target(id).heads[lane.index()] = Some(head);
        let Some(line) = self.refusing_line(id, lane, charges) else {
            return Ok(false);
        };
        let call = InTurn {
            turn,
            message: number,
        };
        self.calls.target(id).aside_as[lane.index()] = charges;
        self.step_aside(id, lane, line, call)?;
        Ok(true)
    }
}
