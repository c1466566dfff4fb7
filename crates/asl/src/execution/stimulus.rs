//! What the host tells an execution, what the execution asks of the host, and its status after
//! that. These types are the whole interface of the interpreter; nothing else goes in or comes out.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::execution::event::{Event, EventId};
use crate::execution::frame::{Frame, FrameId};
use crate::execution::join::{Fork, Outcome};
use crate::model::resource::Resource;
use rampmeter_expression::{Effort, Payload};

/// Everything that one advance may see of the world.
pub struct Context<'a> {
    /// The time, in milliseconds since 1970.
    pub now: i64,
    /// The region that events name.
    pub region: &'a str,
    /// ARN of the execution.
    pub execution_arn: &'a str,
    /// Name of the execution.
    pub execution_name: &'a str,
    /// ARN of the role the execution was started with.
    pub role_arn: &'a str,
    /// When the execution started, in milliseconds since 1970.
    pub started_at: i64,
    /// How often the execution was redriven.
    pub redrive_count: u32,
    /// When it was redriven last, in milliseconds since 1970.
    pub redriven_at: Option<i64>,
    /// ARN of the state machine.
    pub machine_arn: &'a str,
    /// Name of the state machine.
    pub machine_name: &'a str,
    /// The input of the execution. Called only for `$$.Execution.Input` and what contains it.
    pub execution_input: &'a dyn Fn() -> Payload,
    /// A frame above the one that advances, as it was stored; none if the host does not have it.
    /// Called only for what a child reads of its ancestors: its input and variables of outer scopes.
    pub parent: &'a dyn Fn(FrameId) -> Option<Arc<Frame>>,
    /// The outputs of the children that ended, in the order of their indices; a child that failed and
    /// was tolerated is left out. Called only after [`Stimulus::Joined`] without a failure.
    pub results: &'a dyn Fn() -> Vec<Payload>,
    /// Whether there is an activity with this ARN.
    pub activity_exists: &'a dyn Fn(&str) -> bool,
    /// Mints the task token of the `TaskScheduled` event with this id.
    pub task_token: &'a dyn Fn(EventId) -> String,
    /// 64 random bits, for jitter, `States.UUID` and `States.MathRandom`.
    pub random: &'a mut dyn FnMut() -> u64,
    /// How many states this advance may enter before it yields; with 0 it yields before the next one.
    pub transitions: u32,
    /// How much work the expressions may do before the advance is abandoned: [`Unmoved::Exceeded`].
    pub effort: &'a Effort,
}

impl fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("now", &self.now)
            .field("execution_arn", &self.execution_arn)
            .field("transitions", &self.transitions)
            .finish_non_exhaustive()
    }
}

/// One thing that happened to an execution. `event` names the event that waited for it. It can be stored until the execution
/// is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Stimulus {
    /// The execution begins.
    Start {
        /// Its input.
        #[serde(with = "as_text")]
        input: Payload,
    },
    /// A child frame begins. Its input is made from what its ancestors hold.
    Begin,
    /// A frame that yielded may go on.
    Continue,
    /// The children of a frame have ended, all or enough of them.
    Joined {
        /// The event of the [`Fork`].
        event: EventId,
        /// What [`crate::Join::child_ended`] said.
        outcome: Outcome,
    },
    /// `RedriveExecution`: a frame that ended without success, or was in a state when its execution
    /// ended, does the work of its state once more. Timers it had set are forgotten by then.
    Redrive {
        /// The `ExecutionRedriven` event for a child; the root makes that event and takes 0.
        cause: EventId,
        /// Whether the host kept the children: then a Parallel or Map state whose children had failed
        /// waits for them again ([`crate::Waiting::Children`]), and the host redrives those that did not
        /// succeed ([`crate::Join::redrive`]). Otherwise the state begins them all anew.
        with_children: bool,
    },
    /// A child frame is no longer needed, because another child of its parent failed. Its own
    /// children are to be cancelled before it.
    Cancel,
    /// The service accepted the request of a task.
    Submitted {
        /// The task's `TaskScheduled` event.
        event: EventId,
        /// The service's response.
        #[serde(with = "as_text")]
        output: Payload,
    },
    /// The service refused the request of a task.
    SubmitFailed {
        /// The task's `TaskScheduled` event.
        event: EventId,
        /// Error name, such as `SQS.AmazonSQSException`.
        error: String,
        /// What the service said.
        cause: String,
    },
    /// `GetActivityTask`: a worker has taken the task of an activity.
    TaskStarted {
        /// The task's `ActivityScheduled` event.
        event: EventId,
        /// What the worker calls itself.
        worker_name: Option<String>,
    },
    /// `SendTaskSuccess`.
    TaskSucceeded {
        /// The task's `TaskScheduled` event.
        event: EventId,
        /// The result.
        #[serde(with = "as_text")]
        output: Payload,
    },
    /// `SendTaskFailure`.
    TaskFailed {
        /// The task's `TaskScheduled` event.
        event: EventId,
        /// Error name.
        error: Option<String>,
        /// Cause.
        cause: Option<String>,
    },
    /// `SendTaskHeartbeat`.
    TaskHeartbeat {
        /// The task's `TaskScheduled` event.
        event: EventId,
    },
    /// A timer that was set is due. The host has already forgotten it.
    TimerFired {
        /// The event of the timer.
        event: EventId,
        /// Its kind.
        kind: TimerKind,
    },
    /// The machine's `TimeoutSeconds` passed; the same as its timer.
    ExecutionTimedOut,
    /// `StopExecution`.
    Stop {
        /// Error name.
        error: Option<String>,
        /// Cause.
        cause: Option<String>,
    },
}

/// A payload as the text that it was given, white space included.
mod as_text {
    use rampmeter_expression::Payload;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(payload: &Payload, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(payload.text())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Payload, D::Error> {
        let text = String::deserialize(from)?;
        Payload::parse(&text).map_err(D::Error::custom)
    }
}

/// What a timer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TimerKind {
    /// A Wait state; the timer's event is its `WaitStateEntered`.
    Wait,
    /// The next attempt of a task; the timer's event is the last failure.
    Retry,
    /// `TimeoutSeconds` of a task; the timer's event is its `TaskScheduled`.
    TaskTimeout,
    /// `HeartbeatSeconds` of a task; the timer's event is its `TaskScheduled`.
    Heartbeat,
    /// `TimeoutSeconds` of the machine; the timer's event is 0.
    ExecutionTimeout,
}

impl TimerKind {
    /// The number that represents this kind in the store. Numbers are never reused.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Wait => 1,
            Self::Retry => 2,
            Self::TaskTimeout => 3,
            Self::Heartbeat => 4,
            Self::ExecutionTimeout => 5,
        }
    }

    /// The kind that a number in the store represents.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        [
            Self::Wait,
            Self::Retry,
            Self::TaskTimeout,
            Self::Heartbeat,
            Self::ExecutionTimeout,
        ]
        .into_iter()
        .find(|kind| kind.code() == code)
    }
}

/// A moment at which the host sends [`Stimulus::TimerFired`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timer {
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// The event that waits.
    pub event: EventId,
    /// What for.
    pub kind: TimerKind,
}

/// Something the host must do once the advance is durable.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Call the service of a task and report [`Stimulus::Submitted`] or [`Stimulus::SubmitFailed`]. The task of an
    /// activity is kept for the workers instead, until one takes it: [`Stimulus::TaskStarted`].
    Submit(Task),
    /// Remember a timer.
    SetTimer(Timer),
    /// Forget a timer that was set earlier, named exactly as it was set.
    ClearTimer(Timer),
    /// Nobody waits for the task with this `TaskScheduled` event any more: stop its job, if it has one. When
    /// an execution ends, that holds for all its tasks without being said.
    Abandon(EventId),
    /// Make child frames and run them as [`crate::Join`] says; then report [`Stimulus::Joined`].
    Fork(Fork),
    /// Start child executions and run them as [`crate::Join`] says; then report
    /// [`Stimulus::Joined`].
    StartMapRun(MapRun),
}

/// A Distributed Map that begins: its children are executions of their own.
#[derive(Clone, Debug, PartialEq)]
pub struct MapRun {
    /// How many child executions there are and how they are to run. Its event is `MapRunStarted`;
    /// ids of frames have no meaning here, because a child is an execution with a root of its own
    /// ([`Frame::item`]).
    pub fork: Fork,
    /// Its ARN, `...:mapRun:MACHINE/LABEL:ID`.
    pub arn: String,
    /// The `Label` of the Map state, or the one made up for it. Child executions have the ARN
    /// `...:execution:MACHINE/LABEL:NAME`.
    pub label: String,
    /// Name of the Map state.
    pub state: String,
    /// Whether its child executions are of type EXPRESS.
    pub is_express: bool,
    /// How many items all children work on together.
    pub items: u64,
    /// Whether a child works on a batch of items instead of on one.
    pub is_batched: bool,
}

/// One attempt of a Task state.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    /// Its `TaskScheduled` event.
    pub event: EventId,
    /// Name of the state.
    pub state: String,
    /// The `TaskStateEntered` event of this entry into the state, the same for every attempt of it.
    pub entered_event: EventId,
    /// Which attempt of this entry it is, from 1.
    pub attempt: u32,
    /// What to call.
    pub resource: Resource,
    /// What to call it with: the evaluated `Parameters`.
    pub parameters: Payload,
    /// Whether the task continues only when its result is reported with its task token.
    pub awaits_token: bool,
    /// The heartbeat that was requested.
    pub heartbeat_seconds: Option<u64>,
}

/// The status of an execution after an advance.
#[derive(Clone, Debug, PartialEq)]
pub enum Status {
    /// It waits for a stimulus.
    Waiting,
    /// Its budget of transitions is used up; send [`Stimulus::Continue`].
    Yielded,
    /// It is over.
    Ended(End),
}

/// How an execution ended.
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    /// Status `SUCCEEDED`.
    Succeeded {
        /// Its output.
        output: Payload,
    },
    /// Status `FAILED`.
    Failed {
        /// Error name.
        error: Option<String>,
        /// Cause.
        cause: Option<String>,
    },
    /// Status `TIMED_OUT`.
    TimedOut {
        /// Error name.
        error: Option<String>,
        /// Cause.
        cause: Option<String>,
    },
    /// Status `ABORTED`.
    Aborted {
        /// Error name.
        error: Option<String>,
        /// Cause.
        cause: Option<String>,
    },
}

/// What one advance did.
#[derive(Clone, Debug, PartialEq)]
pub struct Advance {
    /// New events, oldest first.
    pub events: Vec<Event>,
    /// What the host must do, in this order.
    pub effects: Vec<Effect>,
    /// The status of the execution now.
    pub status: Status,
}

/// Why a frame did not move. Nothing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unmoved {
    /// The frame does not wait for that event: a late or repeated task result.
    #[error("the execution does not wait for this event any more")]
    Stale,
    /// Its expressions take more work than the effort has. With [`crate::Reach::Full`] that does not happen.
    #[error("the expressions take more work than is allowed here")]
    Exceeded,
}
