//! Redriving: a frame that ended without success does the work of its state once more. The state was
//! entered already, so there is no second `...StateEntered` event, and its calls keep the
//! idempotency key of that entry.

use super::failure::Failure;
use super::interpreter::Interpreter;
use super::run::Continuation;
use crate::execution::event::{Detail, EventId};
use crate::execution::frame::{Rest, Shared};

impl Interpreter<'_, '_> {
    /// Continues where the frame failed or was. Retries are counted afresh, and the machine's
    /// timeout starts afresh, as on AWS.
    pub(super) fn redrive(
        &mut self,
        cause: EventId,
        with_children: bool,
    ) -> Result<Continuation, Failure> {
        let was_entered = self.run.frame.rest != Rest::Yielded && self.run.frame.entered != 0;
        self.run.frame.rest = Rest::Yielded;
        self.run.frame.retries.clear();
        self.run.frame.closing = 0;
        if self.run.frame.parent.is_some() {
            self.run.frame.last = cause;
        } else {
            self.redrive_execution()?;
        }
        if self.run.frame.state.is_empty() {
            return Ok(self.begin());
        }
        if !was_entered {
            return Ok(Continuation::Enter);
        }
        match self.run.frame.shared.clone() {
            Some(shared) if with_children => self.wait_for_children_again(shared),
            _ => {
                self.run.frame.shared = None;
                self.execute()
            }
        }
    }

    fn redrive_execution(&mut self) -> Result<(), Failure> {
        self.run.emit(Detail::ExecutionRedriven {
            redrive_count: self.host.context.redrive_count,
        })?;
        self.run.frame.deadline = None;
        self.run.set_deadline(self.machine.timeout_seconds);
        Ok(())
    }

    fn wait_for_children_again(&mut self, shared: Shared) -> Result<Continuation, Failure> {
        if let Some(arn) = shared.map_run.filter(|_| self.state().starts_map_run()) {
            self.run.emit(Detail::MapRunRedriven {
                arn,
                redrive_count: self.host.context.redrive_count,
            })?;
        }
        self.run.frame.rest = Rest::Forked {
            event: shared.event,
        };
        Ok(Continuation::Rest)
    }
}
