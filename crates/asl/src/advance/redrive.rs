//! Redriving: a frame that ended without success does the work of its state once more. The state was
//! entered already, so that there is no second `...StateEntered` event, and its calls keep the
//! idempotency key of that entry.

use super::failure::Failure;
use super::{Continuation, Run};
use crate::execution::event::{Detail, EventId};
use crate::execution::frame::{Rest, Shared};
use crate::model::machine::Body;

impl Run<'_, '_> {
    /// Goes on where the frame failed or stood. Retries are counted anew, and the machine's time-out
    /// begins anew, as on AWS.
    pub(super) fn redrive(
        &mut self,
        cause: EventId,
        with_children: bool,
    ) -> Result<Continuation, Failure> {
        let was_entered = self.frame.rest != Rest::Yielded && self.frame.entered != 0;
        self.frame.rest = Rest::Yielded;
        self.frame.retries.clear();
        self.frame.closing = 0;
        if self.frame.parent.is_some() {
            self.frame.last = cause;
        } else {
            self.redrive_execution()?;
        }
        if self.frame.state.is_empty() {
            return Ok(self.begin());
        }
        if !was_entered {
            return Ok(Continuation::Enter);
        }
        let machine = self.machine;
        match self.frame.shared.clone() {
            Some(shared) if with_children => self.wait_for_children_again(shared),
            _ => {
                self.frame.shared = None;
                self.execute(machine.state(&self.frame.state))
            }
        }
    }

    fn redrive_execution(&mut self) -> Result<(), Failure> {
        self.emit(Detail::ExecutionRedriven {
            redrive_count: self.context.redrive_count,
        })?;
        self.frame.deadline = None;
        self.set_deadline();
        Ok(())
    }

    fn wait_for_children_again(&mut self, shared: Shared) -> Result<Continuation, Failure> {
        let is_map_run = matches!(
            &self.machine.state(&self.frame.state).body,
            Body::Map(map) if map.distributed.is_some()
        );
        if let Some(arn) = shared.map_run.filter(|_| is_map_run) {
            self.emit(Detail::MapRunRedriven {
                arn,
                redrive_count: self.context.redrive_count,
            })?;
        }
        self.frame.rest = Rest::Forked {
            event: shared.event,
        };
        Ok(Continuation::Rest)
    }
}
