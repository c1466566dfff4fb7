//! Task states: an attempt, its result, its timers.

use super::ActiveState;
use super::task_event::{self, Scheduled};
use crate::advance::failure::Failure;
use crate::advance::fields::Made;
use crate::advance::run::{Continuation, after};
use crate::execution::event::{Detail, EventId};
use crate::execution::frame::{Heartbeat, Rest, TaskRest};
use crate::execution::stimulus::{Effect, Task, Timer, TimerKind};
use crate::model::machine::TaskBody;
use crate::model::resource::Resource;
use rampmeter_expression::Payload;

/// A Task state: one attempt at a time.
pub(in crate::advance) struct TaskState<'a, 'r, 'c> {
    state: ActiveState<'a, 'r, 'c>,
    task: &'a TaskBody,
}

impl<'a, 'r, 'c> TaskState<'a, 'r, 'c> {
    pub(in crate::advance) fn of(state: ActiveState<'a, 'r, 'c>, task: &'a TaskBody) -> Self {
        Self { state, task }
    }

    /// Begins an attempt of the task.
    pub(in crate::advance) fn attempt(mut self) -> Result<Continuation, Failure> {
        // The parameters are evaluated before the TaskScheduled event that their task token names
        // exists.
        self.state.run.token_event = Some(self.state.run.progress.events + 1);
        let resource = &self.task.resource;
        let mut fields = self.state.fields();
        let input = fields.effective_input()?;
        let parameters = fields.arguments(&input)?;
        let timeout = fields.duration(&self.task.timeout, &input)?;
        let heartbeat = fields.duration(&self.task.heartbeat, &input)?;
        let role_arn = fields.role(self.task.credentials.as_ref(), &input)?;
        let context = &self.state.host.context;
        let scheduled = Scheduled {
            parameters: parameters.clone(),
            region: context.region,
            timeout,
            heartbeat,
            role_arn,
        };
        if let Resource::Activity(arn) = resource
            && !(context.activity_exists)(arn)
        {
            let reason = format!("The activity {arn} does not exist.");
            return Err(self.state.fields().runtime(&reason));
        }
        let run = &mut *self.state.run;
        let event = run.emit(scheduled.detail(resource))?;
        // A task of an activity begins when a worker takes it.
        let at_once = !matches!(resource, Resource::Activity(_));
        if at_once {
            run.emit(task_event::started(resource))?;
        }
        run.effects.push(Effect::Submit(Task {
            event,
            state: run.frame.state.clone(),
            entered_event: run.frame.entered,
            attempt: run.frame.retries.iter().sum::<u32>().saturating_add(1),
            resource: resource.clone(),
            parameters,
            awaits_token: resource.awaits_token(),
            heartbeat_seconds: heartbeat,
        }));
        self.rest(event, timeout, heartbeat, at_once);
        Ok(Continuation::Rest)
    }

    /// Waits for the result, with the timers that were requested.
    fn rest(self, event: EventId, timeout: Option<u64>, heartbeat: Option<u64>, at_once: bool) {
        let run = self.state.run;
        let (heartbeat, later) = if at_once {
            (heartbeat, None)
        } else {
            (None, heartbeat)
        };
        run.frame.rest = Rest::Task(TaskRest {
            event,
            submitted: false,
            timeout_at: timeout.map(|seconds| after(run.now, seconds)),
            heartbeat: heartbeat.map(|seconds| Heartbeat {
                seconds,
                at: after(run.now, seconds),
            }),
            heartbeat_once_started: later,
        });
        let timers = run.frame.rest.timers();
        run.effects.extend(timers.into_iter().map(Effect::SetTimer));
    }

    /// A worker has taken the task of an activity: from now on its heartbeat counts.
    pub(in crate::advance) fn started(
        mut self,
        worker_name: Option<String>,
    ) -> Result<Continuation, Failure> {
        self.state
            .run
            .emit(Detail::ActivityStarted { worker_name })?;
        let now = self.state.run.now;
        let rest = self.attempt_at_rest();
        rest.submitted = true;
        if let Some(seconds) = rest.heartbeat_once_started.take() {
            let (at, event) = (after(now, seconds), rest.event);
            rest.heartbeat = Some(Heartbeat { seconds, at });
            self.state.run.set_timer(Timer {
                at,
                event,
                kind: TimerKind::Heartbeat,
            });
        }
        Ok(Continuation::Rest)
    }

    /// The service accepted the request: ends a plain task, and is recorded for one that waits.
    pub(in crate::advance) fn submitted(
        mut self,
        output: Payload,
    ) -> Result<Continuation, Failure> {
        let resource = &self.task.resource;
        if !resource.waits_after_submission() {
            return self.succeeded(&output);
        }
        self.state
            .run
            .emit(task_event::submitted(resource, output))?;
        self.attempt_at_rest().submitted = true;
        Ok(Continuation::Rest)
    }

    pub(in crate::advance) fn submit_failed(
        self,
        error: String,
        cause: String,
    ) -> Result<Continuation, Failure> {
        let (error, cause) = (Some(error), Some(cause));
        let resource = &self.task.resource;
        if !resource.waits_after_submission() {
            return self.failed(error, cause);
        }
        let run = self.state.run;
        run.clear_timers();
        let failure = Failure::of_task(error, cause);
        run.emit(task_event::submit_failed(
            resource,
            failure.error.clone(),
            failure.cause.clone(),
        ))?;
        Err(failure)
    }

    /// A result over the limits is the failure of its task, whatever part of it would have been
    /// selected. The cause of it names a function by its ARN.
    pub(in crate::advance) fn succeeded(
        mut self,
        result: &Payload,
    ) -> Result<Continuation, Failure> {
        let resource = &self.task.resource;
        let name = match resource {
            Resource::Function(arn) => arn.clone(),
            _ => self.state.run.frame.state.clone(),
        };
        if let Err(failure) = self.state.fields().measure(&name, result) {
            return self.failed(failure.error, failure.cause);
        }
        self.state.run.clear_timers();
        let event = task_event::succeeded(resource, result.clone());
        self.state.run.emit(event)?;
        self.state.leave(&Made::result(result), &self.task.next)
    }

    pub(in crate::advance) fn failed(
        self,
        error: Option<String>,
        cause: Option<String>,
    ) -> Result<Continuation, Failure> {
        let run = self.state.run;
        run.clear_timers();
        let failure = Failure::of_task(error, cause);
        run.emit(task_event::failed(
            &self.task.resource,
            failure.error.clone(),
            failure.cause.clone(),
        ))?;
        Err(failure)
    }

    /// The timeout or the heartbeat ran out. The host has forgotten that timer; the other is cleared.
    pub(in crate::advance) fn timed_out(
        mut self,
        kind: TimerKind,
    ) -> Result<Continuation, Failure> {
        let rest = self.attempt_at_rest();
        let event = rest.event;
        if kind == TimerKind::Heartbeat {
            rest.heartbeat = None;
        } else {
            rest.timeout_at = None;
        }
        let run = self.state.run;
        run.clear_timers();
        let failure = Failure::timeout(kind);
        run.effects.push(Effect::Abandon(event));
        run.emit(task_event::timed_out(
            &self.task.resource,
            failure.error.clone(),
        ))?;
        Err(failure)
    }

    /// Moves the heartbeat's timer, if the task has one.
    pub(in crate::advance) fn heartbeat(mut self) -> Continuation {
        let now = self.state.run.now;
        let rest = self.attempt_at_rest();
        let event = rest.event;
        if let Some(Heartbeat { seconds, at }) = rest.heartbeat {
            let next = after(now, seconds);
            rest.heartbeat = Some(Heartbeat { seconds, at: next });
            let kind = TimerKind::Heartbeat;
            let run = self.state.run;
            run.effects
                .push(Effect::ClearTimer(Timer { at, event, kind }));
            run.set_timer(Timer {
                at: next,
                event,
                kind,
            });
        }
        Continuation::Rest
    }

    /// The attempt that the frame rests on.
    fn attempt_at_rest(&mut self) -> &mut TaskRest {
        match &mut self.state.run.frame.rest {
            Rest::Task(task) => task,
            _ => unreachable!("the stimulus was checked against the frame"),
        }
    }
}
