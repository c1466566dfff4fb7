//! Parallel and Map states from both sides: the frame that forks and waits for its children, and the
//! child that begins with what its ancestors hold, ends or is given up.

use std::sync::Arc;

use super::data::{DATA_LIMIT, Made};
use super::failure::Failure;
use super::{Continuation, Run};
use crate::execution::event::{Detail, EventId, Phase, StateKind};
use crate::execution::frame::{Frame, Rest, Shared};
use crate::execution::join::{Fork, Outcome, Tolerance};
use crate::execution::stimulus::{Effect, End};
use crate::model::machine::{Body, ParallelBody, State};
use rampmeter_expression::Payload;

impl<'r> Run<'r, '_> {
    /// Begins an attempt of a Parallel state.
    pub(super) fn fork_branches(
        &mut self,
        state: &'r State,
        parallel: &'r ParallelBody,
    ) -> Result<Continuation, Failure> {
        let input = self.effective_input(state)?;
        let input = self.arguments(state, &input)?;
        let event = self.emit(Detail::StateStarted {
            kind: StateKind::Parallel,
            length: None,
        })?;
        let total = u32::try_from(parallel.branches.len()).unwrap_or(u32::MAX);
        self.fork(event, total, total);
        self.frame.shared = Some(Shared {
            input,
            items: None,
            event,
            map_run: None,
        });
        Ok(Continuation::Rest)
    }

    /// Asks for child frames and waits for them.
    pub(super) fn fork(&mut self, event: EventId, total: u32, concurrency: u32) {
        let first = self.progress.frames + 1;
        self.progress.frames += u64::from(total);
        self.frame.rest = Rest::Forked { event };
        self.effects.push(Effect::Fork(Fork {
            parent: self.frame.id,
            first,
            total,
            concurrency,
            event,
            tolerance: Tolerance::default(),
        }));
    }

    /// The children have ended.
    pub(super) fn joined(&mut self, outcome: Outcome) -> Result<Continuation, Failure> {
        let machine = self.machine;
        let state = machine.state(&self.frame.state);
        self.frame.rest = Rest::Yielded;
        self.frame.last = outcome.cause;
        if let Body::Map(map) = &state.body
            && map.distributed.is_some()
        {
            return self.map_run_ended(state, outcome.failure);
        }
        if let Some(failure) = outcome.failure {
            return Err(Failure::below(failure.error, failure.cause));
        }
        self.emit_aside(Detail::StateSucceeded { kind: state.kind })?;
        let results = (self.context.results)();
        self.leave_joined(state, &results)
    }

    /// Leaves a Parallel or Map state with the results of its children.
    pub(super) fn leave_joined(
        &mut self,
        state: &State,
        results: &[Payload],
    ) -> Result<Continuation, Failure> {
        let mocked = self.probe.as_ref().and_then(|probe| probe.result.clone());
        if let Some(result) = mocked {
            return self.leave_with(state, result);
        }
        // Measured before they are put together: ten thousand large results are never one value.
        let size: usize = results.iter().map(|result| result.len() + 1).sum();
        if size > DATA_LIMIT + 1 {
            return Err(Failure::too_much_data(&self.frame.state));
        }
        let values = results.iter().map(|result| result.value().clone());
        self.leave_with(state, Payload::from_value(values.collect()))
    }

    fn leave_with(&mut self, state: &State, result: Payload) -> Result<Continuation, Failure> {
        let result = self.limited(result)?;
        let next = match &state.body {
            Body::Parallel(parallel) => &parallel.next,
            Body::Map(map) => &map.next,
            _ => unreachable!("only Parallel and Map states fork"),
        };
        self.leave(state, &Made::result(&result), next)
    }

    /// Says that a Parallel or Map state has failed for good.
    pub(super) fn note_state_failed(&mut self, state: &State) -> Result<(), Failure> {
        if matches!(state.kind, StateKind::Parallel | StateKind::Map) {
            self.emit(Detail::StateFailed { kind: state.kind })?;
        }
        Ok(())
    }

    /// The first act of a child. A failure in it is the child's: no retrier of the state around it
    /// is to be asked yet.
    pub(super) fn begin(&mut self) -> Continuation {
        match self.try_begin() {
            Ok(next) => next,
            Err(failure) => {
                // It stands in no state of its own.
                self.frame.state.clear();
                self.fail(failure)
            }
        }
    }

    fn try_begin(&mut self) -> Result<Continuation, Failure> {
        let parent = self.parent()?;
        let machine = self.machine;
        let state = machine.state(&parent.state);
        let Some(shared) = &parent.shared else {
            return Err(Failure::without_parent());
        };
        let index = usize::try_from(self.frame.index).unwrap_or(usize::MAX);
        let (graph, input) = match &state.body {
            Body::Parallel(parallel) => {
                let graph = parallel.branches.get(index);
                (graph, shared.input.clone())
            }
            Body::Map(map) => (
                Some(&map.processor),
                self.begin_iteration(state, map, &parent, shared)?,
            ),
            _ => (None, shared.input.clone()),
        };
        let graph = graph.ok_or_else(Failure::without_parent)?;
        self.frame.input = Some(input);
        self.frame.state.clone_from(&graph.start_at);
        Ok(Continuation::Enter)
    }

    fn parent(&self) -> Result<Arc<Frame>, Failure> {
        let parent = self.frame.parent.map(self.context.parent);
        parent.flatten().ok_or_else(Failure::without_parent)
    }

    /// The last event of an iteration. A branch has none.
    pub(super) fn close_iteration(&mut self, phase: Phase) -> Result<(), Failure> {
        self.frame.closing = match self.frame.iteration_of.clone() {
            None => self.frame.last,
            Some(name) => self.emit_aside(Detail::Iteration {
                phase,
                name,
                index: self.frame.index,
            })?,
        };
        Ok(())
    }

    /// Another child failed the parent: what this one waits for is given up.
    pub(super) fn cancelled(&mut self) -> Continuation {
        let state = self.machine.state(&self.frame.state);
        if let Rest::Task(task) = &self.frame.rest {
            self.effects.push(Effect::Abandon(task.event));
        }
        let is_inside = !matches!(self.frame.rest, Rest::Yielded);
        if is_inside
            && matches!(
                state.kind,
                StateKind::Task | StateKind::Wait | StateKind::Parallel | StateKind::Map
            )
        {
            // A full history ends the execution, whatever becomes of these events.
            if matches!(&state.body, Body::Map(map) if map.distributed.is_some()) {
                let _ = self.emit(Detail::MapRunAborted);
            }
            let _ = self.emit(Detail::StateAborted { kind: state.kind });
        }
        let _ = self.close_iteration(Phase::Aborted);
        Continuation::End(End::Aborted {
            error: None,
            cause: None,
        })
    }
}
