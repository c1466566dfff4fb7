//! Map states: the beginning of an attempt and of each iteration. A Map whose iterations are executions of their own
//! continues in `map_run`.

use super::ActiveState;
use crate::advance::failure::Failure;
use crate::advance::fields::MapFields;
use crate::advance::run::Continuation;
use crate::execution::event::{Detail, Phase, StateKind};
use crate::execution::frame::{Frame, Shared};
use crate::execution::items;
use crate::model::machine::MapBody;
use rampmeter_expression::Payload;

/// The maximum of iterations that AWS runs at the same time in an inline Map.
const INLINE_CONCURRENCY: u32 = 40;

/// The maximum of child executions that AWS runs at the same time in a map run.
const DISTRIBUTED_CONCURRENCY: u32 = 10_000;

/// A Map state.
pub(in crate::advance) struct MapState<'a, 'r, 'c> {
    pub(super) state: ActiveState<'a, 'r, 'c>,
    map: &'a MapBody,
}

impl<'a, 'r, 'c> MapState<'a, 'r, 'c> {
    pub(in crate::advance) fn of(state: ActiveState<'a, 'r, 'c>, map: &'a MapBody) -> Self {
        Self { state, map }
    }

    pub(super) fn fields(&mut self) -> MapFields<'_, 'c> {
        MapFields::of(self.state.fields(), self.map)
    }

    /// Begins its iterations.
    pub(in crate::advance) fn attempt(mut self) -> Result<Continuation, Failure> {
        let input = self.state.fields().effective_input()?;
        let mut fields = self.fields();
        let items = fields.items(&input)?;
        let concurrency = fields.concurrency(&input)?;
        let length = items::count(items.value());
        let length = u32::try_from(length).unwrap_or(u32::MAX);
        let kind = StateKind::Map;
        let event = self.state.run.emit(Detail::StateStarted {
            kind,
            length: Some(length),
        })?;
        // The tolerance matters only to a Distributed Map, but AWS reads it for every Map.
        let tolerance = self.fields().tolerance(&input)?;
        if let Some(probe) = &mut self.state.host.probe {
            probe.max_concurrency = Some(concurrency.unwrap_or(0));
            probe.tolerance = tolerance;
            // A mock stands in for all iterations, however many there are and wherever they run.
            self.fields().show_iterations(&input, &items)?;
            self.state.run.fork(event, length, 1);
            return Ok(Continuation::Rest);
        }
        if length == 0 {
            self.state.run.emit_aside(Detail::StateSucceeded { kind })?;
            return self.state.leave_joined(&[]);
        }
        if let Some(distributed) = &self.map.distributed {
            let concurrency = at_most(concurrency, DISTRIBUTED_CONCURRENCY);
            let children = self.fields().batches(&input, items)?;
            return self.start_map_run(distributed, input, children, concurrency, tolerance);
        }
        let run = self.state.run;
        run.fork(event, length, at_most(concurrency, INLINE_CONCURRENCY));
        run.frame.shared = Some(Shared {
            input,
            items: Some(items),
            event,
            map_run: None,
        });
        Ok(Continuation::Rest)
    }

    /// The beginning of an iteration, and its input. The run is that of the iteration.
    pub(in crate::advance) fn begin_iteration(
        mut self,
        parent: &Frame,
        shared: &Shared,
    ) -> Result<Payload, Failure> {
        let run = &mut *self.state.run;
        run.frame.iteration_of = Some(parent.state.clone());
        run.emit(Detail::Iteration {
            phase: Phase::Started,
            name: parent.state.clone(),
            index: run.frame.index,
        })?;
        // ItemSelector belongs to the state around the iteration, and so does a failure in it.
        run.frame.state.clone_from(&parent.state);
        run.frame.entered = parent.entered;
        run.frame.entered_at = parent.entered_at;
        self.fields().iteration_input(shared)
    }
}

/// How many may run at once: 0 or absent means as many as AWS runs.
fn at_most(concurrency: Option<u64>, most: u32) -> u32 {
    match concurrency {
        None | Some(0) => most,
        Some(wanted) => u32::try_from(wanted).unwrap_or(most).min(most),
    }
}
