//! Pauses, and calls moved to another priority by hand. Each leaves an entry in the audit trail, in the same
//! transaction.

use rampmeter_dispatch::{Priority, Scope};
use rampmeter_store::model::control::{ControlRecord, Pause};
use rampmeter_store::model::id::{MessageNumber, TargetId};
use rampmeter_store::model::rejected::Rejected;
use rampmeter_store::{OrderStatus, StoreFailure, TransactionError};

use crate::apply::control::context::ControlContext;
use crate::apply::subject::Subject;
use crate::command::control::ControlCommand;
use rampmeter_index::PauseNote;

impl ControlContext<'_> {
    /// Does what a person asked for.
    pub(crate) fn control(&mut self, command: ControlCommand) -> Result<(), StoreFailure> {
        match command {
            ControlCommand::Pause(pause, reply) => {
                self.client(reply, |control| control.pause(&pause))
            }
            ControlCommand::ChangeLimit(change, reply) => {
                self.client(reply, |control| control.change_limit(&change))
            }
            ControlCommand::MoveCall(call, to, reason, reply) => {
                self.client(reply, |control| control.move_call(call, to, &reason))
            }
            ControlCommand::CancelCall(call, reason, reply) => {
                self.client(reply, |control| control.cancel_call(call, &reason))
            }
            ControlCommand::RedriveDeadLetter(redrive, reply) => {
                let id = redrive.id;
                self.with_dead_letter(id, reply, |control| control.redrive_dead_letter(&redrive))
            }
            ControlCommand::DiscardDeadLetter(discard, reply) => {
                let id = discard.id;
                self.with_dead_letter(id, reply, |control| control.discard_dead_letter(&discard))
            }
            ControlCommand::BeginBulk(bulk, reply) => {
                self.client(reply, |control| Ok(control.begin_bulk(&bulk)?))
            }
        }
    }

    /// Pauses or resumes a target or one of its lanes. Calls in flight go on.
    fn pause(&mut self, pause: &Pause) -> Result<(), TransactionError> {
        let id = self.target_named(&pause.target)?;
        let scope = pause.priority.map_or(Scope::Target, Scope::Lane);
        let at = self.now();
        let target = self.workflow.calls.target(id);
        target.pauses.retain(|note| note.scope != scope);
        if pause.paused {
            target.gate.pause(scope);
            let reason = pause.reason.clone();
            target.pauses.push(PauseNote { scope, at, reason });
        } else {
            target.gate.resume(scope);
        }
        let forgets = pause.forget_throttles && !pause.paused;
        if forgets {
            target.gate.feedback(at).forget_throttles();
        }
        let memory = target.gate.memory();
        self.workflow.calls.store.calls.remember(id, &memory)?;
        let kind = if pause.paused { "pause" } else { "resume" };
        let subject = pause.priority.map_or("", Priority::as_str);
        let change = if forgets {
            "resume, and forget what throttles taught"
        } else {
            kind
        };
        self.record_control(&pause.target, kind, subject, change, &pause.reason)?;
        *self.workflow.calls.made_ready = true;
        Ok(())
    }

    /// Moves a waiting call to another priority of its target.
    fn move_call(&mut self, call: i64, to: Priority, reason: &str) -> Result<(), TransactionError> {
        let number = MessageNumber(call);
        let unknown = || Rejected::Unknown(format!("there is no waiting call c-{call}"));
        let Some(message) = self.workflow.calls.store.messages.message(number)? else {
            return Err(unknown().into());
        };
        let queue = self.workflow.calls.queue.memory.queues.get(message.queue);
        let Some((queue, from)) = queue.and_then(|queue| Some((queue, queue.lane?))) else {
            return Err(unknown().into());
        };
        let target = self.workflow.calls.target(queue.target);
        if target.in_flight.has_message(number) {
            let what = format!("call c-{call} is in flight: it has left its lane");
            return Err(Rejected::Impossible(what).into());
        }
        if self.workflow.calls.lanes().is_job(queue.target, number)? {
            let what = format!(
                "the vendor has accepted call c-{call} and works on it: it has left its lane"
            );
            return Err(Rejected::Impossible(what).into());
        }
        if let Some(ordering) = message.ordering {
            let status = self.workflow.calls.store.lanes.order_status(
                queue.target,
                ordering,
                queue.id,
                number,
            )?;
            if status == Some(OrderStatus::UnderWay) {
                let what = format!(
                    "call c-{call} waits for its repeat and keeps its OrderingKey: it stays in its lane"
                );
                return Err(Rejected::Impossible(what).into());
            }
        }
        if from != to {
            self.workflow
                .calls
                .lanes()
                .change_lane(queue.target, message, to)?;
            let name = self.workflow.calls.target(queue.target).config.name.clone();
            let change = format!("{from} to {to}");
            self.record_control(&name, "move", &format!("c-{call}"), &change, reason)?;
        }
        Ok(())
    }

    pub(crate) fn target_named(&self, name: &str) -> Result<TargetId, Rejected> {
        let mut targets = self.workflow.calls.memory.targets.iter();
        let found = targets.find(|(_, target)| target.config.name == name);
        found
            .map(|(id, _)| *id)
            .ok_or_else(|| Rejected::Unknown(format!("there is no target {name}")))
    }

    /// Adds an entry to the audit trail. Returns its number.
    pub(crate) fn record_control(
        &self,
        target: &str,
        kind: &str,
        subject: &str,
        change: &str,
        reason: &str,
    ) -> Result<i64, StoreFailure> {
        self.workflow
            .calls
            .store
            .controls
            .insert_control(&ControlRecord {
                at: self.now_millis(),
                target: target.to_owned(),
                kind: kind.to_owned(),
                subject: subject.to_owned(),
                change: change.to_owned(),
                reason: reason.to_owned(),
                by: self.journal().actor.as_deref().cloned(),
            })
    }
}
