//! The interpreter: it applies a stimulus, enters one state after another and leaves the work to the state's own
//! type.

use std::sync::Arc;

use super::failure::Failure;
use super::host::Host;
use super::run::{Continuation, Run};
use super::states::{ActiveState, MapState, ParallelState, TaskState};
use crate::execution::event::Detail;
use crate::execution::frame::{Frame, Rest};
use crate::execution::stimulus::{Status, Stimulus, TimerKind};
use crate::model::machine::{Body, State, StateMachine};
use rampmeter_expression::Payload;

/// One advance while it is worked on.
pub(super) struct Interpreter<'r, 'c> {
    pub(super) machine: &'r StateMachine,
    /// How many states may still be entered.
    pub(super) budget: u32,
    pub(super) run: Run<'r>,
    pub(super) host: Host<'r, 'c>,
}

impl<'r, 'c> Interpreter<'r, 'c> {
    /// Applies a stimulus that was checked.
    pub(super) fn take(&mut self, stimulus: Stimulus) -> Continuation {
        let result = match stimulus {
            Stimulus::Start { input } => self.start(input),
            Stimulus::Begin => Ok(self.begin()),
            Stimulus::Continue => Ok(Continuation::Enter),
            Stimulus::Joined { outcome, .. } => self.current().joined(outcome),
            Stimulus::Redrive {
                cause,
                with_children,
            } => self.redrive(cause, with_children),
            Stimulus::Cancel => Ok(self.cancelled()),
            Stimulus::Submitted { output, .. } => self.task().submitted(output),
            Stimulus::SubmitFailed { error, cause, .. } => self.task().submit_failed(error, cause),
            Stimulus::TaskStarted { worker_name, .. } => self.task().started(worker_name),
            Stimulus::TaskSucceeded { output, .. } => self.task().succeeded(&output),
            Stimulus::TaskFailed { error, cause, .. } => self.task().failed(error, cause),
            Stimulus::TaskHeartbeat { .. } => Ok(self.task().heartbeat()),
            Stimulus::TimerFired { kind, .. } => self.timer_fired(kind),
            Stimulus::ExecutionTimedOut => Ok(self.run.timed_out()),
            Stimulus::Stop { error, cause } => Ok(self.run.stopped(error, cause)),
        };
        match result {
            Ok(next) => next,
            Err(failure) => self.settle(self.state(), failure),
        }
    }

    /// Continues until the frame rests, ends or has used up its budget.
    pub(super) fn go(&mut self, mut next: Continuation) -> Status {
        loop {
            match next {
                Continuation::Rest => return Status::Waiting,
                Continuation::End(end) => return Status::Ended(self.run.close(end)),
                // What is made with an exceeded effort is dropped.
                Continuation::Enter
                    if self.budget == 0 || self.host.context.effort.is_exceeded() =>
                {
                    self.run.frame.rest = Rest::Yielded;
                    return Status::Yielded;
                }
                Continuation::Enter => {
                    self.budget -= 1;
                    next = self.enter();
                }
            }
        }
    }

    /// The state that the frame is in.
    pub(super) fn state(&self) -> &'r State {
        self.machine.state(&self.run.frame.state)
    }

    fn current(&mut self) -> ActiveState<'_, 'r, 'c> {
        ActiveState::of(self.state(), &mut self.run, &mut self.host)
    }

    fn task(&mut self) -> TaskState<'_, 'r, 'c> {
        let task = self.state().task();
        TaskState::of(self.current(), task)
    }

    fn start(&mut self, input: Payload) -> Result<Continuation, Failure> {
        self.run.emit(Detail::ExecutionStarted {
            input: input.clone(),
            role_arn: self.host.context.role_arn.to_owned(),
        })?;
        // AWS gives the first state no cause.
        self.run.frame.last = 0;
        self.run.set_deadline(self.machine.timeout_seconds);
        let frame = &mut *self.run.frame;
        let graph = self.machine.start_of(frame.item_of.as_deref());
        frame.state.clone_from(&graph.start_at);
        frame.input = Some(input);
        Ok(Continuation::Enter)
    }

    fn enter(&mut self) -> Continuation {
        let state = self.state();
        let result = self.enter_state(state);
        result.unwrap_or_else(|failure| self.settle(state, failure))
    }

    fn enter_state(&mut self, state: &State) -> Result<Continuation, Failure> {
        let frame = &mut *self.run.frame;
        frame.retries.clear();
        let (kind, name) = (state.kind, frame.state.clone());
        let input = frame.raw_input();
        frame.entered_at = self.run.now;
        self.run.frame.entered = self.run.emit(Detail::StateEntered { kind, name, input })?;
        self.execute()
    }

    /// Executes the state that was just entered.
    pub(super) fn execute(&mut self) -> Result<Continuation, Failure> {
        let state = self.state();
        // A test needs nothing from the host: a mock answers.
        if let Some(what) = state
            .unserved
            .as_ref()
            .filter(|_| self.host.probe.is_none())
        {
            let reason = format!("This host does not run {what}");
            return Err(self.current().fields().runtime(&reason));
        }
        let current = self.current();
        match &state.body {
            Body::Pass { result, next } => current.pass(result.as_ref(), next),
            Body::Choice { rules, default } => current.choose(rules, default.as_deref()),
            Body::QueryChoice { rules, default } => {
                current.choose_by_query(rules, default.as_deref())
            }
            Body::Wait { until, .. } => current.wait(until),
            Body::Succeed => current.succeed(),
            Body::Fail { error, cause } => current.fail(error, cause),
            Body::Task(_) | Body::Parallel(_) | Body::Map(_) => self.attempt(),
        }
    }

    /// An attempt of a state that can be retried.
    fn attempt(&mut self) -> Result<Continuation, Failure> {
        let (body, current) = (&self.state().body, self.current());
        match body {
            Body::Parallel(parallel) => ParallelState::of(current, parallel).attempt(),
            Body::Map(map) => MapState::of(current, map).attempt(),
            _ => self.task().attempt(),
        }
    }

    fn timer_fired(&mut self, kind: TimerKind) -> Result<Continuation, Failure> {
        match kind {
            TimerKind::Wait | TimerKind::Retry => {
                // The host has forgotten the timer: the frame must not clear it again.
                self.run.frame.rest = Rest::Yielded;
                if kind == TimerKind::Wait {
                    self.current().wait_over()
                } else {
                    self.attempt()
                }
            }
            TimerKind::TaskTimeout | TimerKind::Heartbeat => self.task().timed_out(kind),
            TimerKind::ExecutionTimeout => {
                self.run.frame.deadline = None;
                Ok(self.run.timed_out())
            }
        }
    }

    fn cancelled(&mut self) -> Continuation {
        let state = self.state();
        self.run.cancelled(state)
    }

    /// The first act of a child. A failure in it is the child's: no retrier of the surrounding
    /// state is to be consulted yet.
    pub(super) fn begin(&mut self) -> Continuation {
        match self.try_begin() {
            Ok(next) => next,
            Err(failure) => {
                let failure = self.run.take_down(failure);
                // It is in no state of its own.
                self.run.frame.state.clear();
                self.run.fail(failure)
            }
        }
    }

    fn try_begin(&mut self) -> Result<Continuation, Failure> {
        let parent = self.parent()?;
        let state = self.machine.state(&parent.state);
        let Some(shared) = &parent.shared else {
            return Err(Failure::without_parent());
        };
        let index = usize::try_from(self.run.frame.index).unwrap_or(usize::MAX);
        let (graph, input) = match &state.body {
            Body::Parallel(parallel) => {
                let graph = parallel.branches.get(index);
                (graph, shared.input.clone())
            }
            Body::Map(map) => {
                let around = ActiveState::of(state, &mut self.run, &mut self.host);
                let input = MapState::of(around, map).begin_iteration(&parent, shared)?;
                (Some(&map.processor), input)
            }
            _ => (None, shared.input.clone()),
        };
        let graph = graph.ok_or_else(Failure::without_parent)?;
        self.run.frame.input = Some(input);
        self.run.frame.state.clone_from(&graph.start_at);
        Ok(Continuation::Enter)
    }

    fn parent(&self) -> Result<Arc<Frame>, Failure> {
        let parent = self.run.frame.parent.map(self.host.context.parent);
        parent.flatten().ok_or_else(Failure::without_parent)
    }
}
