//! Advancing an execution by one stimulus: as far as it can go on its own, or as its budget allows.
//! The stimulus is checked first; a stale one changes nothing.

mod data;
mod failure;
mod flow;
mod fork;
mod json_path;
mod jsonata;
mod map;
mod map_run;
mod redrive;
mod map_probe;
mod task;
mod task_event;
mod variables;

use crate::execution::event::{Detail, Event, EventId, Phase};
use crate::execution::frame::{Frame, Progress, Rest, Waiting};
use crate::execution::probe::{Stage, StateProbe};
use crate::execution::stimulus::{
    Advance, Context, Effect, End, Stale, Status, Stimulus, Timer, TimerKind,
};
use crate::model::machine::{Body, State, StateMachine, Transition};
use rampmeter_expression::Payload;

use self::data::Left;
use self::failure::Failure;
pub use self::map_run::map_run_input;

/// How many events a history may have; AWS's hard limit. The last one says that the execution failed.
const HISTORY_LIMIT: EventId = 25_000;

/// Advances `frame` by `stimulus`.
///
/// Events are numbered from `progress`. Effects are in the order in which the host must carry them
/// out, once the advance is durable. The frame and the progress are then to be stored.
///
/// # Errors
/// [`Stale`] when the frame does not wait for the event of the stimulus; then nothing has changed.
pub fn advance(
    machine: &StateMachine,
    progress: &mut Progress,
    frame: &mut Frame,
    stimulus: Stimulus,
    context: &mut Context<'_>,
) -> Result<Advance, Stale> {
    advance_watched(machine, progress, frame, stimulus, context, None)
}

/// As [`advance`], with a test looking on.
pub(crate) fn advance_watched(
    machine: &StateMachine,
    progress: &mut Progress,
    frame: &mut Frame,
    stimulus: Stimulus,
    context: &mut Context<'_>,
    probe: Option<&mut StateProbe>,
) -> Result<Advance, Stale> {
    check(frame, &stimulus, context.now)?;
    let mut run = Run {
        machine,
        budget: context.transitions,
        progress: *progress,
        token_event: match frame.waiting_for() {
            Waiting::Task { event } => Some(event),
            _ => None,
        },
        item: None,
        frame,
        context,
        probe,
        events: Vec::new(),
        effects: Vec::new(),
    };
    let next = run.take(stimulus);
    let status = run.go(next);
    *progress = run.progress;
    Ok(Advance {
        events: run.events,
        effects: run.effects,
        status,
    })
}

/// Whether the frame waits for this stimulus.
fn check(frame: &Frame, stimulus: &Stimulus, now: i64) -> Result<(), Stale> {
    let task = |event: EventId| match &frame.rest {
        Rest::Task(task) if task.event == event => Some(task),
        _ => None,
    };
    let is_running = !matches!(frame.rest, Rest::Unstarted | Rest::Ended);
    let is_awaited = match *stimulus {
        Stimulus::Start { .. } => frame.rest == Rest::Unstarted && frame.parent.is_none(),
        Stimulus::Begin => frame.rest == Rest::Unstarted && frame.parent.is_some(),
        Stimulus::Joined { event, .. } => frame.rest == Rest::Forked { event },
        // A success leaves nothing to redrive, and no input.
        Stimulus::Redrive { .. } => {
            let is_before_its_state = frame.parent.is_some() && frame.state.is_empty();
            frame.rest != Rest::Unstarted && (frame.input.is_some() || is_before_its_state)
        }
        Stimulus::Cancel => is_running && frame.parent.is_some(),
        Stimulus::Continue => frame.rest == Rest::Yielded,
        Stimulus::Submitted { event, .. } | Stimulus::SubmitFailed { event, .. } => {
            task(event).is_some_and(|task| !task.submitted)
        }
        Stimulus::TaskStarted { event, .. } => task(event).is_some_and(|task| !task.submitted),
        Stimulus::TaskSucceeded { event, .. } | Stimulus::TaskFailed { event, .. } => {
            task(event).is_some()
        }
        Stimulus::TaskHeartbeat { event } => task(event).is_some(),
        Stimulus::TimerFired { event, kind } => match kind {
            TimerKind::ExecutionTimeout => is_running && frame.deadline.is_some(),
            // A heartbeat may have moved the timer while it was about to fire.
            TimerKind::Heartbeat => task(event)
                .and_then(|task| task.heartbeat)
                .is_some_and(|heartbeat| heartbeat.at <= now),
            TimerKind::TaskTimeout => task(event).is_some_and(|task| task.timeout_at.is_some()),
            TimerKind::Wait => matches!(frame.rest, Rest::Timer { event: own, .. } if own == event),
            TimerKind::Retry => {
                matches!(frame.rest, Rest::Retry { event: own, .. } if own == event)
            }
        },
        Stimulus::ExecutionTimedOut | Stimulus::Stop { .. } => is_running,
    };
    if is_awaited { Ok(()) } else { Err(Stale) }
}

/// What the frame does next.
enum Continuation {
    /// Enter the state the frame names, with the frame's input.
    Enter,
    /// Wait: the frame's rest says for what.
    Rest,
    End(End),
}

/// One advance while it runs.
struct Run<'r, 'c> {
    machine: &'r StateMachine,
    budget: u32,
    progress: Progress,
    /// The `TaskScheduled` event of the attempt that `$$.Task.Token` belongs to.
    token_event: Option<EventId>,
    /// The item that is being made ready, by its number among all items.
    item: Option<(u32, Payload)>,
    frame: &'r mut Frame,
    context: &'r mut Context<'c>,
    /// The test that the state is run for, if it is.
    probe: Option<&'r mut StateProbe>,
    events: Vec<Event>,
    effects: Vec<Effect>,
}

impl<'r> Run<'r, '_> {
    /// Lets a stimulus that was checked take effect.
    fn take(&mut self, stimulus: Stimulus) -> Continuation {
        let machine = self.machine;
        let result = match stimulus {
            Stimulus::Start { input } => self.start(input),
            Stimulus::Begin => Ok(self.begin()),
            Stimulus::Continue => Ok(Continuation::Enter),
            Stimulus::Joined { outcome, .. } => self.joined(outcome),
            Stimulus::Redrive {
                cause,
                with_children,
            } => self.redrive(cause, with_children),
            Stimulus::Cancel => Ok(self.cancelled()),
            Stimulus::Submitted { output, .. } => self.submitted(output),
            Stimulus::SubmitFailed { error, cause, .. } => self.submit_failed(error, cause),
            Stimulus::TaskStarted { worker_name, .. } => self.task_started(worker_name),
            Stimulus::TaskSucceeded { output, .. } => self.task_succeeded(&output),
            Stimulus::TaskFailed { error, cause, .. } => self.task_failed(error, cause),
            Stimulus::TaskHeartbeat { .. } => Ok(self.heartbeat()),
            Stimulus::TimerFired { kind, .. } => self.timer_fired(kind),
            Stimulus::ExecutionTimedOut => Ok(self.execution_timed_out()),
            Stimulus::Stop { error, cause } => Ok(self.stopped(error, cause)),
        };
        match result {
            Ok(next) => next,
            Err(failure) => self.settle(machine.state(&self.frame.state), failure),
        }
    }

    /// Goes on until the frame rests, ends or has used up its budget.
    fn go(&mut self, mut next: Continuation) -> Status {
        loop {
            match next {
                Continuation::Rest => return Status::Waiting,
                Continuation::End(end) => return Status::Ended(self.close(end)),
                Continuation::Enter if self.budget == 0 => {
                    self.frame.rest = Rest::Yielded;
                    return Status::Yielded;
                }
                Continuation::Enter => {
                    self.budget -= 1;
                    next = self.enter();
                }
            }
        }
    }

    fn start(&mut self, input: Payload) -> Result<Continuation, Failure> {
        let role_arn = self.context.role_arn.to_owned();
        self.emit(Detail::ExecutionStarted {
            input: input.clone(),
            role_arn,
        })?;
        // AWS gives the first state no cause.
        self.frame.last = 0;
        let map_state = self.frame.item_of.clone();
        self.set_deadline();
        let graph = self.machine.start_of(map_state.as_deref());
        self.frame.state.clone_from(&graph.start_at);
        self.frame.input = Some(input);
        Ok(Continuation::Enter)
    }

    /// Sets the timer of the machine's `TimeoutSeconds`. A child execution of a map run has none of its
    /// own.
    fn set_deadline(&mut self) {
        let is_child = self.frame.item_of.is_some();
        if let Some(seconds) = self.machine.timeout_seconds.filter(|_| !is_child) {
            let at = after(self.context.now, seconds);
            self.frame.deadline = Some(at);
            self.set(Timer {
                at,
                event: 0,
                kind: TimerKind::ExecutionTimeout,
            });
        }
    }

    fn enter(&mut self) -> Continuation {
        let machine = self.machine;
        let state = machine.state(&self.frame.state);
        let result = self.enter_state(state);
        result.unwrap_or_else(|failure| self.settle(state, failure))
    }

    fn enter_state(&mut self, state: &'r State) -> Result<Continuation, Failure> {
        self.frame.retries.clear();
        let (kind, name) = (state.kind, self.frame.state.clone());
        let input = self.input();
        self.frame.entered_at = self.context.now;
        self.frame.entered = self.emit(Detail::StateEntered { kind, name, input })?;
        self.execute(state)
    }

    /// Leaves the state.
    fn exit(
        &mut self,
        state: &State,
        left: Left,
        transition: &Transition,
    ) -> Result<Continuation, Failure> {
        let Left { output, assigned } = left;
        let (kind, name) = (state.kind, self.frame.state.clone());
        self.emit(Detail::StateExited {
            kind,
            name,
            output: output.clone(),
            assigned: assigned.clone(),
        })?;
        self.keep(assigned);
        self.frame.shared = None;
        match transition {
            Transition::Next(next) => {
                self.frame.state.clone_from(next);
                self.frame.input = Some(output);
                self.frame.retries.clear();
                self.token_event = None;
                Ok(Continuation::Enter)
            }
            Transition::End => self.succeeded(output),
        }
    }

    /// The end of the last state: of the execution, of a branch or of an iteration.
    fn succeeded(&mut self, output: Payload) -> Result<Continuation, Failure> {
        if self.frame.parent.is_some() {
            self.close_iteration(Phase::Succeeded)?;
        } else {
            self.emit(Detail::ExecutionSucceeded {
                output: output.clone(),
            })?;
        }
        Ok(Continuation::End(End::Succeeded { output }))
    }

    /// The next attempt of a state.
    fn again(&mut self, state: &'r State) -> Result<Continuation, Failure> {
        match &state.body {
            Body::Parallel(parallel) => self.fork_branches(state, parallel),
            Body::Map(map) => self.fork_iterations(state, map),
            _ => self.attempt(state),
        }
    }

    fn timer_fired(&mut self, kind: TimerKind) -> Result<Continuation, Failure> {
        let machine = self.machine;
        let state = machine.state(&self.frame.state);
        match kind {
            TimerKind::Wait | TimerKind::Retry => {
                // The host has forgotten the timer: the frame must not clear it again.
                self.frame.rest = Rest::Yielded;
                if kind == TimerKind::Wait {
                    self.wait_over(state)
                } else {
                    self.again(state)
                }
            }
            TimerKind::TaskTimeout | TimerKind::Heartbeat => self.task_timed_out(kind),
            TimerKind::ExecutionTimeout => {
                self.frame.deadline = None;
                Ok(self.execution_timed_out())
            }
        }
    }

    fn execution_timed_out(&mut self) -> Continuation {
        self.note_where_it_stands();
        self.emit_last(
            0,
            Detail::ExecutionTimedOut {
                error: None,
                cause: None,
            },
        );
        Continuation::End(End::TimedOut {
            error: None,
            cause: None,
        })
    }

    /// A redrive has to know whether the state was entered already.
    fn note_where_it_stands(&mut self) {
        if self.frame.rest == Rest::Yielded {
            self.frame.entered = 0;
        }
    }

    fn stopped(&mut self, error: Option<String>, cause: Option<String>) -> Continuation {
        self.note_where_it_stands();
        let detail = Detail::ExecutionAborted {
            error: error.clone(),
            cause: cause.clone(),
        };
        self.emit_last(0, detail);
        Continuation::End(End::Aborted { error, cause })
    }

    /// Clears all timers and puts the frame to its last rest.
    fn close(&mut self, end: End) -> End {
        self.clear_timers();
        if let Some(at) = self.frame.deadline.take() {
            let timer = Timer {
                at,
                event: 0,
                kind: TimerKind::ExecutionTimeout,
            };
            self.effects.push(Effect::ClearTimer(timer));
        }
        self.frame.rest = Rest::Ended;
        if self.frame.closing == 0 {
            self.frame.closing = self.frame.last;
        }
        if matches!(end, End::Succeeded { .. }) {
            // What failed keeps its input and what its children share: a redrive goes on with them.
            self.frame.input = None;
            self.frame.shared = None;
        }
        end
    }

    /// Appends an event caused by the frame's newest one, unless the history is full.
    fn emit(&mut self, detail: Detail) -> Result<EventId, Failure> {
        if self.progress.events + 1 >= HISTORY_LIMIT && !ends_execution(&detail) {
            return Err(Failure::history_full());
        }
        Ok(self.emit_last(self.frame.last, detail))
    }

    /// Appends an event that is not the cause of what follows it.
    fn emit_aside(&mut self, detail: Detail) -> Result<EventId, Failure> {
        let last = self.frame.last;
        let id = self.emit(detail)?;
        self.frame.last = last;
        Ok(id)
    }

    /// Appends an event whatever the length of the history.
    fn emit_last(&mut self, previous: EventId, detail: Detail) -> EventId {
        self.progress.events += 1;
        let id = self.progress.events;
        self.events.push(Event {
            id,
            previous,
            at: self.context.now,
            detail,
        });
        self.frame.last = id;
        id
    }

    fn set(&mut self, timer: Timer) {
        self.effects.push(Effect::SetTimer(timer));
    }

    /// Clears the timers of what the frame rests on.
    fn clear_timers(&mut self) {
        let rest = std::mem::replace(&mut self.frame.rest, Rest::Yielded);
        self.effects
            .extend(rest.timers().into_iter().map(Effect::ClearTimer));
    }

    /// Shows data between two fields of the state to the test, if there is one.
    fn show(&mut self, stage: Stage, data: &Payload) {
        if let Some(probe) = &mut self.probe {
            probe.seen.insert(stage, data.clone());
        }
    }

    /// The raw input of the state.
    fn input(&self) -> Payload {
        self.frame
            .input
            .clone()
            .expect("a frame that has begun has an input until it succeeds")
    }
}

fn ends_execution(detail: &Detail) -> bool {
    matches!(
        detail,
        Detail::ExecutionSucceeded { .. } | Detail::ExecutionFailed { .. }
    )
}

/// The moment `seconds` after `now`, at most the end of time.
fn after(now: i64, seconds: u64) -> i64 {
    let milliseconds = i64::try_from(seconds.saturating_mul(1000)).unwrap_or(i64::MAX);
    now.saturating_add(milliseconds)
}
