//! Parallel states, and what they share with Map states: waiting for children, and leaving with their results.

use super::{ActiveState, MapState};
use crate::advance::failure::Failure;
use crate::advance::fields::{DATA_LIMIT, Made};
use crate::advance::run::Continuation;
use crate::execution::event::{Detail, StateKind};
use crate::execution::frame::{Rest, Shared};
use crate::execution::join::Outcome;
use crate::model::machine::{Body, ParallelBody};
use rampmeter_expression::Payload;

/// A Parallel state.
pub(in crate::advance) struct ParallelState<'a, 'r, 'c> {
    state: ActiveState<'a, 'r, 'c>,
    parallel: &'a ParallelBody,
}

impl<'a, 'r, 'c> ParallelState<'a, 'r, 'c> {
    pub(in crate::advance) fn of(
        state: ActiveState<'a, 'r, 'c>,
        parallel: &'a ParallelBody,
    ) -> Self {
        Self { state, parallel }
    }

    /// Begins its branches.
    pub(in crate::advance) fn attempt(mut self) -> Result<Continuation, Failure> {
        let mut fields = self.state.fields();
        let input = fields.effective_input()?;
        let input = fields.arguments(&input)?;
        let run = self.state.run;
        let event = run.emit(Detail::StateStarted {
            kind: StateKind::Parallel,
            length: None,
        })?;
        let total = u32::try_from(self.parallel.branches.len()).unwrap_or(u32::MAX);
        run.fork(event, total, total);
        run.frame.shared = Some(Shared {
            input,
            items: None,
            event,
            map_run: None,
        });
        Ok(Continuation::Rest)
    }
}

impl ActiveState<'_, '_, '_> {
    /// The children have ended.
    pub(in crate::advance) fn joined(mut self, outcome: Outcome) -> Result<Continuation, Failure> {
        self.run.frame.rest = Rest::Yielded;
        self.run.frame.last = outcome.cause;
        if let Body::Map(map) = &self.definition.body
            && let Some(distributed) = &map.distributed
        {
            return MapState::of(self, map).map_run_ended(distributed, outcome.failure);
        }
        if let Some(failure) = outcome.failure {
            return Err(Failure::below(failure.error, failure.cause));
        }
        let kind = self.definition.kind;
        self.run.emit_aside(Detail::StateSucceeded { kind })?;
        let results = (self.host.context.results)();
        self.leave_joined(&results)
    }

    /// Leaves a Parallel or Map state with the results of its children.
    pub(super) fn leave_joined(&mut self, results: &[Payload]) -> Result<Continuation, Failure> {
        let probe = self.host.probe.as_ref();
        if let Some(mocked) = probe.and_then(|probe| probe.result.clone()) {
            return self.leave_with(mocked);
        }
        // Measured before they are put together, so that ten thousand large results never become
        // one value.
        let size: usize = results.iter().map(|result| result.len() + 1).sum();
        if size > DATA_LIMIT + 1 {
            return Err(Failure::too_much_data(&self.run.frame.state));
        }
        let values = results.iter().map(|result| result.value().clone());
        self.leave_with(Payload::from_value(values.collect()))
    }

    fn leave_with(&mut self, result: Payload) -> Result<Continuation, Failure> {
        let result = self.fields().limited(result)?;
        let next = match &self.definition.body {
            Body::Parallel(parallel) => &parallel.next,
            Body::Map(map) => &map.next,
            _ => unreachable!("only Parallel and Map states fork"),
        };
        self.leave(&Made::result(&result), next)
    }
}
