//! Task states: an attempt, its answer, its timers.

use super::data::Made;
use super::failure::Failure;
use super::task_event::{self, Scheduled};
use super::{Continuation, Run, after};
use crate::execution::event::{Detail, EventId, StateKind};
use crate::execution::frame::{Heartbeat, Rest, TaskRest};
use crate::execution::stimulus::{Effect, Task, Timer, TimerKind};
use crate::model::machine::{Body, Duration, State, TaskBody};
use crate::model::resource::Resource;
use rampmeter_expression::Payload;

impl<'r> Run<'r, '_> {
    /// Begins an attempt of the task.
    pub(super) fn attempt(&mut self, state: &'r State) -> Result<Continuation, Failure> {
        let task = state.task();
        // The parameters are made before the TaskScheduled event that their task token names.
        self.token_event = Some(self.progress.events + 1);
        let input = self.effective_input(state)?;
        let parameters = self.arguments(state, &input)?;
        let timeout = self.duration(state, &task.timeout, &input)?;
        let heartbeat = self.duration(state, &task.heartbeat, &input)?;
        let scheduled = Scheduled {
            parameters: parameters.clone(),
            region: self.context.region,
            timeout,
            heartbeat,
        };
        if let Resource::Activity(arn) = &task.resource
            && !(self.context.activity_exists)(arn)
        {
            return Err(self.runtime(&format!("The activity {arn} does not exist.")));
        }
        let event = self.emit(scheduled.detail(&task.resource))?;
        // A task of an activity begins when a worker takes it.
        let at_once = !matches!(task.resource, Resource::Activity(_));
        if at_once {
            self.emit(task_event::started(&task.resource))?;
        }
        self.effects.push(Effect::Submit(Task {
            event,
            state: self.frame.state.clone(),
            entered_event: self.frame.entered,
            attempt: self.frame.retries.iter().sum::<u32>().saturating_add(1),
            resource: task.resource.clone(),
            parameters,
            awaits_token: task.resource.awaits_token(),
            heartbeat_seconds: heartbeat,
        }));
        self.rest_on_task(event, timeout, heartbeat, at_once);
        Ok(Continuation::Rest)
    }

    /// A worker has taken the task of an activity: from now on its heartbeat counts.
    pub(super) fn task_started(
        &mut self,
        worker_name: Option<String>,
    ) -> Result<Continuation, Failure> {
        self.emit(Detail::ActivityStarted { worker_name })?;
        let now = self.context.now;
        let rest = self.task_rest();
        rest.submitted = true;
        if let Some(seconds) = rest.heartbeat_once_started.take() {
            let (at, event) = (after(now, seconds), rest.event);
            rest.heartbeat = Some(Heartbeat { seconds, at });
            self.set(Timer {
                at,
                event,
                kind: TimerKind::Heartbeat,
            });
        }
        Ok(Continuation::Rest)
    }

    /// Waits for the answer, with the timers that were asked for.
    fn rest_on_task(
        &mut self,
        event: EventId,
        timeout: Option<u64>,
        heartbeat: Option<u64>,
        at_once: bool,
    ) {
        let now = self.context.now;
        let (heartbeat, later) = if at_once {
            (heartbeat, None)
        } else {
            (None, heartbeat)
        };
        self.frame.rest = Rest::Task(TaskRest {
            event,
            submitted: false,
            timeout_at: timeout.map(|seconds| after(now, seconds)),
            heartbeat: heartbeat.map(|seconds| Heartbeat {
                seconds,
                at: after(now, seconds),
            }),
            heartbeat_once_started: later,
        });
        let timers = self.frame.rest.timers();
        self.effects
            .extend(timers.into_iter().map(Effect::SetTimer));
    }

    fn duration(
        &mut self,
        state: &State,
        duration: &Duration,
        input: &Payload,
    ) -> Result<Option<u64>, Failure> {
        match duration {
            Duration::None => Ok(None),
            Duration::Seconds(seconds) => Ok(Some(*seconds)),
            Duration::Query(query) => self.seconds_of(state, query, input, 1).map(Some),
            Duration::Path(field, path) => match self.seconds(state, field, path, input)? {
                0 => Err(self.runtime(&format!(
                    "The {field} parameter references a value that is not positive: {} == 0",
                    path.text()
                ))),
                seconds => Ok(Some(seconds)),
            },
        }
    }

    /// The service accepted the request: the end of a plain task, a mark for one that waits.
    pub(super) fn submitted(&mut self, output: Payload) -> Result<Continuation, Failure> {
        let task = self.machine.state(&self.frame.state).task();
        if !task.resource.waits_after_submission() {
            return self.task_succeeded(&output);
        }
        self.emit(task_event::submitted(&task.resource, output))?;
        self.task_rest().submitted = true;
        Ok(Continuation::Rest)
    }

    pub(super) fn submit_failed(
        &mut self,
        error: String,
        cause: String,
    ) -> Result<Continuation, Failure> {
        let (error, cause) = (Some(error), Some(cause));
        let task = self.machine.state(&self.frame.state).task();
        if !task.resource.waits_after_submission() {
            return self.task_failed(error, cause);
        }
        self.clear_timers();
        let failure = Failure::of_task(error, cause);
        self.emit(task_event::submit_failed(
            &task.resource,
            failure.error.clone(),
            failure.cause.clone(),
        ))?;
        Err(failure)
    }

    /// A result over the limits is the failure of its task, whatever part of it would have been
    /// selected. The cause of it names a function by its ARN.
    pub(super) fn task_succeeded(&mut self, result: &Payload) -> Result<Continuation, Failure> {
        let machine = self.machine;
        let state = machine.state(&self.frame.state);
        let task = state.task();
        let named = match &task.resource {
            Resource::Function(arn) => arn,
            _ => &self.frame.state,
        };
        if let Err(failure) = self.measure(named, result) {
            return self.task_failed(failure.error, failure.cause);
        }
        self.clear_timers();
        self.emit(task_event::succeeded(&task.resource, result.clone()))?;
        self.leave(state, &Made::result(result), &task.next)
    }

    pub(super) fn task_failed(
        &mut self,
        error: Option<String>,
        cause: Option<String>,
    ) -> Result<Continuation, Failure> {
        let task = self.machine.state(&self.frame.state).task();
        self.clear_timers();
        let failure = Failure::of_task(error, cause);
        self.emit(task_event::failed(
            &task.resource,
            failure.error.clone(),
            failure.cause.clone(),
        ))?;
        Err(failure)
    }

    /// The time-out or the heartbeat ran out. The host has forgotten that timer; the other is cleared.
    pub(super) fn task_timed_out(&mut self, kind: TimerKind) -> Result<Continuation, Failure> {
        let task = self.machine.state(&self.frame.state).task();
        let rest = self.task_rest();
        let event = rest.event;
        if kind == TimerKind::Heartbeat {
            rest.heartbeat = None;
        } else {
            rest.timeout_at = None;
        }
        self.clear_timers();
        let failure = Failure::timeout(kind);
        self.effects.push(Effect::Abandon(event));
        self.emit(task_event::timed_out(&task.resource, failure.error.clone()))?;
        Err(failure)
    }

    /// Moves the heartbeat's timer, if the task has one.
    pub(super) fn heartbeat(&mut self) -> Continuation {
        let now = self.context.now;
        let rest = self.task_rest();
        let event = rest.event;
        if let Some(Heartbeat { seconds, at }) = rest.heartbeat {
            let next = after(now, seconds);
            rest.heartbeat = Some(Heartbeat { seconds, at: next });
            let kind = TimerKind::Heartbeat;
            self.effects
                .push(Effect::ClearTimer(Timer { at, event, kind }));
            self.set(Timer {
                at: next,
                event,
                kind,
            });
        }
        Continuation::Rest
    }

    fn task_rest(&mut self) -> &mut TaskRest {
        match &mut self.frame.rest {
            Rest::Task(task) => task,
            _ => unreachable!("the stimulus was checked against the frame"),
        }
    }
}

impl State {
    pub(super) fn task(&self) -> &TaskBody {
        match &self.body {
            Body::Task(task) => task,
            _ => unreachable!("only a Task state waits for an answer"),
        }
    }

    pub(super) fn awaits_token(&self) -> bool {
        matches!(&self.body, Body::Task(task) if task.resource.awaits_token())
    }

    pub(super) fn can_be_retried(&self) -> bool {
        matches!(
            self.kind,
            StateKind::Task | StateKind::Parallel | StateKind::Map
        )
    }
}
