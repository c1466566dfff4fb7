//! The kernel of an advance: the frame that moves, the events that are added to its history and the effects that the
//! host is asked for. It knows nothing about what states do, about expressions or about the host.

use std::collections::BTreeMap;

use super::failure::{EvaluationFault, Failure};
use crate::execution::event::{Detail, Event, EventId, Phase};
use crate::execution::frame::{Frame, Progress, Rest, Waiting};
use crate::execution::join::{Fork, Tolerance};
use crate::execution::stimulus::{Effect, End, Timer, TimerKind};
use crate::model::machine::{State, Transition};
use crate::model::state_kind::StateKind;
use rampmeter_expression::Payload;

/// How many events a history may have; AWS's hard limit. The last one says that the execution failed.
const HISTORY_LIMIT: EventId = 25_000;

/// What the frame does next.
pub(super) enum Continuation {
    /// Enter the state the frame names, with the frame's input.
    Enter,
    /// Wait: the frame's rest says for what.
    Rest,
    End(End),
}

/// What a state leaves behind.
pub(super) struct Left {
    pub(super) output: Payload,
    pub(super) assigned: BTreeMap<String, Payload>,
}

/// One advance of a frame.
pub(super) struct Run<'r> {
    pub(super) frame: &'r mut Frame,
    pub(super) progress: Progress,
    /// The time, in milliseconds since 1970.
    pub(super) now: i64,
    /// The `TaskScheduled` event of the attempt that `$$.Task.Token` belongs to.
    pub(super) token_event: Option<EventId>,
    pub(super) events: Vec<Event>,
    pub(super) effects: Vec<Effect>,
}

impl<'r> Run<'r> {
    pub(super) fn of(frame: &'r mut Frame, progress: Progress, now: i64) -> Self {
        Self {
            token_event: match frame.waiting_for() {
                Waiting::Task { event } => Some(event),
                _ => None,
            },
            frame,
            progress,
            now,
            events: Vec::new(),
            effects: Vec::new(),
        }
    }

    /// Leaves the state.
    pub(super) fn exit(
        &mut self,
        state: &State,
        left: Left,
        transition: &Transition,
    ) -> Result<Continuation, Failure> {
        let Left { output, assigned } = left;
        self.emit(Detail::StateExited {
            kind: state.kind,
            name: self.frame.state.clone(),
            output: output.clone(),
            assigned: assigned.clone(),
        })?;
        // For all states that come after this one.
        self.frame.variables.extend(assigned);
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

    /// Ends the execution, the branch or the iteration with an error.
    pub(super) fn fail(&mut self, failure: Failure) -> Continuation {
        let Failure { error, cause, .. } = failure;
        if self.frame.parent.is_some() {
            // A full history ends the execution, whatever becomes of this event.
            let _ = self.close_iteration(Phase::Failed);
            return Continuation::End(End::Failed { error, cause });
        }
        let detail = Detail::ExecutionFailed {
            error: error.clone(),
            cause: cause.clone(),
        };
        self.emit_last(self.frame.last, detail);
        Continuation::End(End::Failed { error, cause })
    }

    pub(super) fn timed_out(&mut self) -> Continuation {
        self.note_where_it_stands();
        let (error, cause) = (None, None);
        self.emit_last(0, Detail::ExecutionTimedOut { error, cause });
        let (error, cause) = (None, None);
        Continuation::End(End::TimedOut { error, cause })
    }

    pub(super) fn stopped(&mut self, error: Option<String>, cause: Option<String>) -> Continuation {
        self.note_where_it_stands();
        let detail = Detail::ExecutionAborted {
            error: error.clone(),
            cause: cause.clone(),
        };
        self.emit_last(0, detail);
        Continuation::End(End::Aborted { error, cause })
    }

    /// Another child failed the parent: what this one waits for is abandoned.
    pub(super) fn cancelled(&mut self, state: &State) -> Continuation {
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
            if state.starts_map_run() {
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

    /// Notes whether the state was entered already: a redrive has to know.
    fn note_where_it_stands(&mut self) {
        if self.frame.rest == Rest::Yielded {
            self.frame.entered = 0;
        }
    }

    /// Clears all timers and marks the frame as ended.
    pub(super) fn close(&mut self, end: End) -> End {
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
            // What failed keeps its input and what its children share: a redrive continues with
            // them.
            self.frame.input = None;
            self.frame.shared = None;
        }
        end
    }

    /// The last event of an iteration. A branch has none.
    fn close_iteration(&mut self, phase: Phase) -> Result<(), Failure> {
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

    /// Sets the timer of the machine's `TimeoutSeconds`. A child execution of a map run has none of its
    /// own.
    pub(super) fn set_deadline(&mut self, timeout_seconds: Option<u64>) {
        let is_child = self.frame.item_of.is_some();
        if let Some(seconds) = timeout_seconds.filter(|_| !is_child) {
            let at = after(self.now, seconds);
            self.frame.deadline = Some(at);
            self.set_timer(Timer {
                at,
                event: 0,
                kind: TimerKind::ExecutionTimeout,
            });
        }
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

    /// Appends an event caused by the frame's newest one, unless the history is full.
    pub(super) fn emit(&mut self, detail: Detail) -> Result<EventId, Failure> {
        let ends_execution = matches!(detail, Detail::ExecutionSucceeded { .. });
        if self.progress.events + 1 >= HISTORY_LIMIT && !ends_execution {
            return Err(Failure::history_full());
        }
        Ok(self.emit_last(self.frame.last, detail))
    }

    /// Appends an event that is not the cause of what follows it.
    pub(super) fn emit_aside(&mut self, detail: Detail) -> Result<EventId, Failure> {
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
            at: self.now,
            detail,
        });
        self.frame.last = id;
        id
    }

    /// Records the expression that failed, in an event of its own. If the history is too full for
    /// that, the failure becomes that one.
    pub(super) fn take_down(&mut self, mut failure: Failure) -> Failure {
        let Some(EvaluationFault {
            location,
            kept_from_entering,
        }) = failure.evaluation.take()
        else {
            return failure;
        };
        if kept_from_entering {
            self.frame.last = self.cause_of_entering();
        }
        let detail = Detail::EvaluationFailed {
            state: self.frame.state.clone(),
            location,
            error: failure.error.clone().unwrap_or_default(),
            cause: failure.cause.clone().unwrap_or_default(),
        };
        match self.emit(detail) {
            Ok(_) => failure,
            Err(full) => full,
        }
    }

    /// What led to the state, as long as nothing happened in it: AWS names that as the cause of a failed
    /// expression, not the event of entering the state.
    fn cause_of_entering(&self) -> EventId {
        let entered = self
            .events
            .iter()
            .rfind(|event| event.id == self.frame.entered);
        match entered {
            Some(entered) if self.frame.last == entered.id => entered.previous,
            _ => self.frame.last,
        }
    }

    pub(super) fn set_timer(&mut self, timer: Timer) {
        self.effects.push(Effect::SetTimer(timer));
    }

    /// Clears the timers of what the frame rests on.
    pub(super) fn clear_timers(&mut self) {
        let rest = std::mem::replace(&mut self.frame.rest, Rest::Yielded);
        self.effects
            .extend(rest.timers().into_iter().map(Effect::ClearTimer));
    }
}

/// The moment `seconds` after `now`, at most the end of time.
pub(super) fn after(now: i64, seconds: u64) -> i64 {
    let milliseconds = i64::try_from(seconds.saturating_mul(1000)).unwrap_or(i64::MAX);
    now.saturating_add(milliseconds)
}
