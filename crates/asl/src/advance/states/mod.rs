//! What a state of each type does: its work, its events, and what the host is asked for. Each works on an
//! [`ActiveState`], which is all that it may touch.

mod flow;
mod map;
mod map_run;
mod parallel;
mod task;
mod task_event;

use crate::advance::failure::Failure;
use crate::advance::fields::{Fields, Made};
use crate::advance::host::Host;
use crate::advance::run::{Continuation, Run};
use crate::model::machine::{Catcher, State, Transition};
use rampmeter_expression::Payload;

pub(super) use self::map::MapState;
pub(super) use self::parallel::ParallelState;
pub(super) use self::task::TaskState;

/// The state that a frame is in, with the run that moves the frame and the host that its fields see.
pub(super) struct ActiveState<'a, 'r, 'c> {
    definition: &'a State,
    run: &'a mut Run<'r>,
    host: &'a mut Host<'r, 'c>,
}

impl<'a, 'r, 'c> ActiveState<'a, 'r, 'c> {
    pub(super) fn of(
        definition: &'a State,
        run: &'a mut Run<'r>,
        host: &'a mut Host<'r, 'c>,
    ) -> Self {
        Self {
            definition,
            run,
            host,
        }
    }

    pub(super) fn fields(&mut self) -> Fields<'_, 'c> {
        Fields::of(self.definition, self.run, self.host)
    }

    /// Leaves the state after its work is done.
    fn leave(&mut self, made: &Made<'_>, next: &Transition) -> Result<Continuation, Failure> {
        let left = self.fields().left(made)?;
        self.run.exit(self.definition, left, next)
    }

    /// Leaves the state by a catcher.
    pub(super) fn leave_by(
        &mut self,
        catcher: &Catcher,
        error: &Payload,
    ) -> Result<Continuation, Failure> {
        let left = self.fields().left_by(catcher, error)?;
        let next = Transition::Next(catcher.next.clone());
        self.run.exit(self.definition, left, &next)
    }
}
