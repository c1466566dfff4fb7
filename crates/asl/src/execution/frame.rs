//! The state of an execution. A frame is one line of control: the execution itself, each branch of a
//! Parallel state and each iteration of a Map state, under their parent's id. A frame holds all that
//! its next stimulus needs and nothing about the history, its children or its ancestors.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::execution::event::{EventId, hold_each};
use crate::execution::stimulus::{Timer, TimerKind};
use rampmeter_expression::Payload;

/// The number of a frame in its execution; 0 is the execution itself.
pub type FrameId = u64;

/// What all frames of an execution share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Id of the newest event, 0 before the first.
    pub events: EventId,
    /// Id of the newest frame, 0 when there is none but the root.
    pub frames: FrameId,
}

/// One line of control, at rest between two stimuli.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Frame<P = Payload> {
    pub(crate) id: FrameId,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) parent: Option<FrameId>,
    /// Which child of its parent it is, from 0.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub(crate) index: u32,
    /// The Map state it is an iteration of.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) iteration_of: Option<String>,
    /// The Distributed Map state that the execution is a child execution of. Only a root has it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) item_of: Option<String>,
    /// The state it is in, or is about to enter.
    pub(crate) state: String,
    /// The `StateEntered` event of this entry, and its time.
    pub(crate) entered: EventId,
    pub(crate) entered_at: i64,
    /// The newest event of this frame: the cause of its next one.
    pub(crate) last: EventId,
    /// The event that ended the frame: that of its iteration, otherwise its last one. 0 before the
    /// end.
    #[serde(skip_serializing_if = "is_unset", default)]
    pub(crate) closing: EventId,
    /// The raw input of the state. None before the start and after a success.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) input: Option<P>,
    /// How often each retrier of the state was used in this entry.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub(crate) retries: Vec<u32>,
    /// When the machine's `TimeoutSeconds` end. Only the root has it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) deadline: Option<i64>,
    /// The variables of its own scope.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default = "BTreeMap::new")]
    pub(crate) variables: BTreeMap<String, P>,
    /// What its children work on, while it has any.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) shared: Option<Shared<P>>,
    pub(crate) rest: Rest,
}

/// What the children of a frame read from it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Shared<P = Payload> {
    /// The effective input of the Parallel or Map state.
    pub(crate) input: P,
    /// The items of a Map state, an array.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) items: Option<P>,
    /// The event that its children are joined by, and the map run's ARN if it has one: what a redrive
    /// needs.
    pub(crate) event: EventId,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) map_run: Option<String>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
fn is_zero(index: &u32) -> bool {
    *index == 0
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
fn is_unset(event: &EventId) -> bool {
    *event == 0
}

/// What a frame rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Rest {
    /// Before `Start`.
    Unstarted,
    /// About to enter its state; the budget was used up.
    Yielded,
    /// An attempt of a task.
    Task(TaskRest),
    /// A Wait state.
    Timer { event: EventId, at: i64 },
    /// The delay before the next attempt of a task.
    Retry { event: EventId, at: i64 },
    /// Its children. The event is the `...StateStarted`.
    Forked { event: EventId },
    /// The end.
    Ended,
}

/// An attempt of a task that was submitted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TaskRest {
    /// Its `TaskScheduled` event.
    pub(crate) event: EventId,
    /// Whether the service has accepted the request, or a worker has taken the task of an activity.
    pub(crate) submitted: bool,
    /// When its timeout comes.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) timeout_at: Option<i64>,
    /// Its heartbeat, and when that runs out.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) heartbeat: Option<Heartbeat>,
    /// Seconds of the heartbeat that begins when a worker takes the task of an activity.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) heartbeat_once_started: Option<u64>,
}

/// The heartbeat of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Heartbeat {
    pub(crate) seconds: u64,
    pub(crate) at: i64,
}

/// What a frame waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// Nothing: it has not begun, or it is over.
    Nothing,
    /// The result of a task.
    Task {
        /// The `TaskScheduled` event.
        event: EventId,
    },
    /// The timer of a Wait state.
    Timer {
        /// The `WaitStateEntered` event.
        event: EventId,
    },
    /// The next attempt of a task.
    Retry {
        /// The last failure.
        event: EventId,
    },
    /// The end of its children.
    Children {
        /// The `ParallelStateStarted` or `MapStateStarted` event.
        event: EventId,
    },
    /// [`crate::Stimulus::Continue`].
    Continue,
}

impl Frame {
    /// The frame of an execution that has not begun.
    #[must_use]
    pub fn root() -> Self {
        Self {
            id: 0,
            parent: None,
            index: 0,
            iteration_of: None,
            item_of: None,
            state: String::new(),
            entered: 0,
            entered_at: 0,
            last: 0,
            closing: 0,
            input: None,
            retries: Vec::new(),
            deadline: None,
            variables: BTreeMap::new(),
            shared: None,
            rest: Rest::Unstarted,
        }
    }

    /// The root frame of a child execution of a map run that has not begun: it runs the item
    /// processor of that Map state. It takes [`crate::Stimulus::Start`] with the input that
    /// [`crate::map_run_input`] makes.
    #[must_use]
    pub fn item(map_state: &str) -> Self {
        Self {
            item_of: Some(map_state.to_owned()),
            ..Self::root()
        }
    }

    /// A branch or an iteration that has not begun: the child number `index` of the frame `parent`.
    /// `cause` is the event that makes it begin, the [`crate::Fork`]'s or that of
    /// [`crate::Next::Start`]. It takes [`crate::Stimulus::Begin`].
    #[must_use]
    pub fn child(parent: FrameId, id: FrameId, index: u32, cause: EventId) -> Self {
        Self {
            id,
            parent: Some(parent),
            index,
            last: cause,
            ..Self::root()
        }
    }

    /// The raw input of the state.
    pub(crate) fn raw_input(&self) -> Payload {
        self.input
            .clone()
            .expect("a frame that has begun has an input until it succeeds")
    }
}

impl<P> Frame<P> {
    /// Its number.
    #[must_use]
    pub fn id(&self) -> FrameId {
        self.id
    }

    /// The frame it belongs to; none for the execution itself.
    #[must_use]
    pub fn parent(&self) -> Option<FrameId> {
        self.parent
    }

    /// Which child of its parent it is, from 0.
    #[must_use]
    pub fn index(&self) -> u32 {
        self.index
    }

    /// Name of the state it is in, or is about to enter. Empty before the start.
    #[must_use]
    pub fn state(&self) -> &str {
        &self.state
    }

    /// The `StateEntered` event of the state it is in.
    #[must_use]
    pub fn entered_event(&self) -> EventId {
        self.entered
    }

    /// What it waits for.
    #[must_use]
    pub fn waiting_for(&self) -> Waiting {
        match self.rest {
            Rest::Unstarted | Rest::Ended => Waiting::Nothing,
            Rest::Yielded => Waiting::Continue,
            Rest::Task(ref task) => Waiting::Task { event: task.event },
            Rest::Timer { event, .. } => Waiting::Timer { event },
            Rest::Retry { event, .. } => Waiting::Retry { event },
            Rest::Forked { event } => Waiting::Children { event },
        }
    }

    /// The timers it has set and that have not fired, in the order they were set.
    #[must_use]
    pub fn timers(&self) -> Vec<Timer> {
        let mut timers = Vec::new();
        if let Some(at) = self.deadline {
            timers.push(Timer {
                at,
                event: 0,
                kind: TimerKind::ExecutionTimeout,
            });
        }
        timers.extend(self.rest.timers());
        timers
    }

    /// The event of the task it waits for and when its heartbeat runs out, in milliseconds since 1970.
    #[must_use]
    pub fn heartbeat(&self) -> Option<(EventId, i64)> {
        match &self.rest {
            Rest::Task(task) => task.heartbeat.map(|heartbeat| (task.event, heartbeat.at)),
            _ => None,
        }
    }

    /// Moves the end of the heartbeat, for a host that keeps that time beside the frame.
    pub fn move_heartbeat(&mut self, to: i64) {
        if let Rest::Task(task) = &mut self.rest
            && let Some(heartbeat) = &mut task.heartbeat
        {
            heartbeat.at = to;
        }
    }

    /// The same frame holding its data in another way.
    ///
    /// # Errors
    /// The error of `hold`.
    pub fn try_map<Q, E>(self, hold: &mut impl FnMut(P) -> Result<Q, E>) -> Result<Frame<Q>, E> {
        Ok(Frame {
            id: self.id,
            parent: self.parent,
            index: self.index,
            iteration_of: self.iteration_of,
            item_of: self.item_of,
            state: self.state,
            entered: self.entered,
            entered_at: self.entered_at,
            last: self.last,
            closing: self.closing,
            input: self.input.map(&mut *hold).transpose()?,
            retries: self.retries,
            deadline: self.deadline,
            variables: hold_each(self.variables, hold)?,
            shared: self.shared.map(|shared| shared.try_map(hold)).transpose()?,
            rest: self.rest,
        })
    }
}

impl<P> Shared<P> {
    fn try_map<Q, E>(self, hold: &mut impl FnMut(P) -> Result<Q, E>) -> Result<Shared<Q>, E> {
        Ok(Shared {
            input: hold(self.input)?,
            items: self.items.map(hold).transpose()?,
            event: self.event,
            map_run: self.map_run,
        })
    }
}

impl Rest {
    /// The timers of the state it rests in.
    pub(crate) fn timers(&self) -> Vec<Timer> {
        match *self {
            Self::Unstarted | Self::Yielded | Self::Forked { .. } | Self::Ended => Vec::new(),
            Self::Task(ref task) => task.timers(),
            Self::Timer { event, at } => vec![Timer {
                at,
                event,
                kind: TimerKind::Wait,
            }],
            Self::Retry { event, at } => vec![Timer {
                at,
                event,
                kind: TimerKind::Retry,
            }],
        }
    }
}

impl TaskRest {
    fn timers(&self) -> Vec<Timer> {
        let event = self.event;
        let timeout = self.timeout_at.map(|at| Timer {
            at,
            event,
            kind: TimerKind::TaskTimeout,
        });
        let heartbeat = self.heartbeat.map(|Heartbeat { at, .. }| Timer {
            at,
            event,
            kind: TimerKind::Heartbeat,
        });
        timeout.into_iter().chain(heartbeat).collect()
    }
}
