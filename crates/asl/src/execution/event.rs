//! The events of an execution's history, in AWS's order and with AWS's numbers. An event is generic over
//! how it holds its data: [`Payload`] in memory, an index into the step's payloads in a record.
//! How an event looks on the wire is in `history`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use rampmeter_expression::Payload;

pub use crate::model::state_kind::StateKind;

/// The number of an event in its execution: 1 for the first, without gaps.
pub type EventId = u64;

/// One event of an execution's history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event<P = Payload> {
    /// Its number.
    pub id: EventId,
    /// The event that caused it; 0 for the first event, the first state event and an outside stop.
    pub previous: EventId,
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// What happened.
    pub detail: Detail<P>,
}

/// The phase of an iteration of a Map state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// It began.
    Started,
    /// It succeeded.
    Succeeded,
    /// It ended with an error.
    Failed,
    /// It was aborted.
    Aborted,
}

/// What an event says. Fields carry AWS's meaning under AWS's names in snake case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
#[expect(
    missing_docs,
    reason = "the fields are those of AWS's event details of the same name"
)]
pub enum Detail<P = Payload> {
    /// The execution began.
    ExecutionStarted { input: P, role_arn: String },
    /// The execution succeeded.
    ExecutionSucceeded { output: P },
    /// The execution ended with an error.
    ExecutionFailed {
        #[serde(skip_serializing_if = "Option::is_none", default)]
        error: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        cause: Option<String>,
    },
    /// The machine's `TimeoutSeconds` passed.
    ExecutionTimedOut {
        #[serde(skip_serializing_if = "Option::is_none", default)]
        error: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        cause: Option<String>,
    },
    /// Somebody stopped the execution.
    ExecutionAborted {
        #[serde(skip_serializing_if = "Option::is_none", default)]
        error: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        cause: Option<String>,
    },
    /// The execution continues after it had failed, had been stopped or had timed out.
    ExecutionRedriven { redrive_count: u32 },
    /// A map run continues with its execution.
    MapRunRedriven { arn: String, redrive_count: u32 },
    /// A state was entered.
    StateEntered {
        kind: StateKind,
        name: String,
        input: P,
    },
    /// A state was left.
    StateExited {
        kind: StateKind,
        name: String,
        output: P,
        /// The variables it assigned, with the text of each.
        #[serde(skip_serializing_if = "BTreeMap::is_empty", default = "BTreeMap::new")]
        assigned: BTreeMap<String, P>,
    },
    /// A Parallel or Map state begins an attempt; `length` is the number of items of a Map state.
    StateStarted {
        kind: StateKind,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        length: Option<u32>,
    },
    /// All branches or enough iterations of a Parallel or Map state succeeded.
    StateSucceeded { kind: StateKind },
    /// A Parallel or Map state failed and is not retried.
    StateFailed { kind: StateKind },
    /// A state was aborted because something else in its Parallel or Map state failed. Only Task,
    /// Wait, Parallel and Map states have such an event.
    StateAborted { kind: StateKind },
    /// An iteration of a Map state.
    Iteration {
        phase: Phase,
        name: String,
        index: u32,
    },
    /// A map run began.
    MapRunStarted { arn: String },
    /// A map run succeeded.
    MapRunSucceeded,
    /// A map run failed.
    MapRunFailed {
        #[serde(skip_serializing_if = "Option::is_none", default)]
        error: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        cause: Option<String>,
    },
    /// A map run was aborted.
    MapRunAborted,
    /// An expression of a state could not be evaluated.
    EvaluationFailed {
        state: String,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        location: Option<String>,
        error: String,
        cause: String,
    },
    /// An attempt of a task is about to begin.
    TaskScheduled {
        resource_type: String,
        resource: String,
        region: String,
        parameters: P,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        timeout_seconds: Option<i64>,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        heartbeat_seconds: Option<i64>,
        /// The role of the task's `Credentials`.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        role_arn: Option<String>,
    },
    /// The attempt began.
    TaskStarted {
        resource_type: String,
        resource: String,
    },
    /// The service accepted the request and the task now waits for its task token.
    TaskSubmitted {
        resource_type: String,
        resource: String,
        output: P,
    },
    /// The service refused the request of a task that would have waited.
    TaskSubmitFailed {
        resource_type: String,
        resource: String,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        error: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        cause: Option<String>,
    },
    /// The attempt succeeded.
    TaskSucceeded {
        resource_type: String,
        resource: String,
        output: P,
    },
    /// The attempt ended with an error.
    TaskFailed {
        resource_type: String,
        resource: String,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        error: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        cause: Option<String>,
    },
    /// The attempt took too long, or its heartbeat was missing.
    TaskTimedOut {
        resource_type: String,
        resource: String,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        error: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        cause: Option<String>,
    },
    /// A function that the state names by its ARN is about to be invoked.
    LambdaFunctionScheduled {
        resource: String,
        input: P,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        timeout_seconds: Option<i64>,
        /// The role of the task's `Credentials`.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        role_arn: Option<String>,
    },
    /// The invocation began.
    LambdaFunctionStarted,
    /// The function returned.
    LambdaFunctionSucceeded { output: P },
    /// The function failed, or could not be invoked.
    LambdaFunctionFailed {
        #[serde(skip_serializing_if = "Option::is_none", default)]
        error: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        cause: Option<String>,
    },
    /// The function took too long.
    LambdaFunctionTimedOut {
        #[serde(skip_serializing_if = "Option::is_none", default)]
        error: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        cause: Option<String>,
    },
    /// A task of an activity waits for a worker.
    ActivityScheduled {
        resource: String,
        input: P,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        timeout_seconds: Option<i64>,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        heartbeat_seconds: Option<i64>,
    },
    /// A worker has taken the task.
    ActivityStarted {
        #[serde(skip_serializing_if = "Option::is_none", default)]
        worker_name: Option<String>,
    },
    /// The worker reported a success.
    ActivitySucceeded { output: P },
    /// The worker reported a failure.
    ActivityFailed {
        #[serde(skip_serializing_if = "Option::is_none", default)]
        error: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        cause: Option<String>,
    },
    /// The task took too long, or its heartbeat was missing.
    ActivityTimedOut {
        #[serde(skip_serializing_if = "Option::is_none", default)]
        error: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        cause: Option<String>,
    },
}

impl Phase {
    fn type_name(self) -> &'static str {
        match self {
            Self::Started => "MapIterationStarted",
            Self::Succeeded => "MapIterationSucceeded",
            Self::Failed => "MapIterationFailed",
            Self::Aborted => "MapIterationAborted",
        }
    }
}

/// The same data under each name, held in another way.
pub(crate) fn hold_each<P, Q, E>(
    held: BTreeMap<String, P>,
    hold: &mut impl FnMut(P) -> Result<Q, E>,
) -> Result<BTreeMap<String, Q>, E> {
    held.into_iter()
        .map(|(name, data)| Ok((name, hold(data)?)))
        .collect()
}

impl<P> Event<P> {
    /// AWS's name of this type of event, such as `TaskStateEntered`.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match &self.detail {
            Detail::ExecutionStarted { .. } => "ExecutionStarted",
            Detail::ExecutionSucceeded { .. } => "ExecutionSucceeded",
            Detail::ExecutionFailed { .. } => "ExecutionFailed",
            Detail::ExecutionTimedOut { .. } => "ExecutionTimedOut",
            Detail::ExecutionAborted { .. } => "ExecutionAborted",
            Detail::StateEntered { kind, .. } => kind.entered(),
            Detail::StateExited { kind, .. } => kind.exited(),
            Detail::ExecutionRedriven { .. } => "ExecutionRedriven",
            Detail::MapRunRedriven { .. } => "MapRunRedriven",
            Detail::StateStarted { kind, .. } => kind.started(),
            Detail::StateSucceeded { kind } => kind.succeeded(),
            Detail::StateFailed { kind } => kind.failed(),
            Detail::StateAborted { kind } => kind.aborted(),
            Detail::Iteration { phase, .. } => phase.type_name(),
            Detail::MapRunStarted { .. } => "MapRunStarted",
            Detail::MapRunSucceeded => "MapRunSucceeded",
            Detail::MapRunFailed { .. } => "MapRunFailed",
            Detail::MapRunAborted => "MapRunAborted",
            Detail::EvaluationFailed { .. } => "EvaluationFailed",
            Detail::TaskScheduled { .. } => "TaskScheduled",
            Detail::TaskStarted { .. } => "TaskStarted",
            Detail::TaskSubmitted { .. } => "TaskSubmitted",
            Detail::TaskSubmitFailed { .. } => "TaskSubmitFailed",
            Detail::TaskSucceeded { .. } => "TaskSucceeded",
            Detail::TaskFailed { .. } => "TaskFailed",
            Detail::TaskTimedOut { .. } => "TaskTimedOut",
            Detail::LambdaFunctionScheduled { .. } => "LambdaFunctionScheduled",
            Detail::LambdaFunctionStarted => "LambdaFunctionStarted",
            Detail::LambdaFunctionSucceeded { .. } => "LambdaFunctionSucceeded",
            Detail::LambdaFunctionFailed { .. } => "LambdaFunctionFailed",
            Detail::LambdaFunctionTimedOut { .. } => "LambdaFunctionTimedOut",
            Detail::ActivityScheduled { .. } => "ActivityScheduled",
            Detail::ActivityStarted { .. } => "ActivityStarted",
            Detail::ActivitySucceeded { .. } => "ActivitySucceeded",
            Detail::ActivityFailed { .. } => "ActivityFailed",
            Detail::ActivityTimedOut { .. } => "ActivityTimedOut",
        }
    }

    /// The same event holding its data in another way, for example as an index into a record.
    ///
    /// # Errors
    /// The first error of `hold`.
    pub fn try_map<Q, E>(self, hold: &mut impl FnMut(P) -> Result<Q, E>) -> Result<Event<Q>, E> {
        let Self {
            id,
            previous,
            at,
            detail,
        } = self;
        Ok(Event {
            id,
            previous,
            at,
            detail: detail.try_map(hold)?,
        })
    }
}

impl<P> Detail<P> {
    #[expect(
        clippy::too_many_lines,
        reason = "one arm for each type of event, none of them decides"
    )]
    fn try_map<Q, E>(self, hold: &mut impl FnMut(P) -> Result<Q, E>) -> Result<Detail<Q>, E> {
        Ok(match self {
            Self::ExecutionStarted { input, role_arn } => Detail::ExecutionStarted {
                input: hold(input)?,
                role_arn,
            },
            Self::ExecutionSucceeded { output } => Detail::ExecutionSucceeded {
                output: hold(output)?,
            },
            Self::ExecutionFailed { error, cause } => Detail::ExecutionFailed { error, cause },
            Self::ExecutionTimedOut { error, cause } => Detail::ExecutionTimedOut { error, cause },
            Self::ExecutionAborted { error, cause } => Detail::ExecutionAborted { error, cause },
            Self::ExecutionRedriven { redrive_count } => {
                Detail::ExecutionRedriven { redrive_count }
            }
            Self::MapRunRedriven { arn, redrive_count } => {
                Detail::MapRunRedriven { arn, redrive_count }
            }
            Self::StateEntered { kind, name, input } => Detail::StateEntered {
                kind,
                name,
                input: hold(input)?,
            },
            Self::StateExited {
                kind,
                name,
                output,
                assigned,
            } => Detail::StateExited {
                kind,
                name,
                output: hold(output)?,
                assigned: hold_each(assigned, hold)?,
            },
            Self::StateStarted { kind, length } => Detail::StateStarted { kind, length },
            Self::StateSucceeded { kind } => Detail::StateSucceeded { kind },
            Self::StateFailed { kind } => Detail::StateFailed { kind },
            Self::StateAborted { kind } => Detail::StateAborted { kind },
            Self::Iteration { phase, name, index } => Detail::Iteration { phase, name, index },
            Self::MapRunStarted { arn } => Detail::MapRunStarted { arn },
            Self::MapRunSucceeded => Detail::MapRunSucceeded,
            Self::MapRunFailed { error, cause } => Detail::MapRunFailed { error, cause },
            Self::MapRunAborted => Detail::MapRunAborted,
            Self::EvaluationFailed {
                state,
                location,
                error,
                cause,
            } => Detail::EvaluationFailed {
                state,
                location,
                error,
                cause,
            },
            Self::TaskScheduled {
                resource_type,
                resource,
                region,
                parameters,
                timeout_seconds,
                heartbeat_seconds,
                role_arn,
            } => Detail::TaskScheduled {
                resource_type,
                resource,
                region,
                parameters: hold(parameters)?,
                timeout_seconds,
                heartbeat_seconds,
                role_arn,
            },
            Self::TaskStarted {
                resource_type,
                resource,
            } => Detail::TaskStarted {
                resource_type,
                resource,
            },
            Self::TaskSubmitted {
                resource_type,
                resource,
                output,
            } => Detail::TaskSubmitted {
                resource_type,
                resource,
                output: hold(output)?,
            },
            Self::TaskSubmitFailed {
                resource_type,
                resource,
                error,
                cause,
            } => Detail::TaskSubmitFailed {
                resource_type,
                resource,
                error,
                cause,
            },
            Self::TaskSucceeded {
                resource_type,
                resource,
                output,
            } => Detail::TaskSucceeded {
                resource_type,
                resource,
                output: hold(output)?,
            },
            Self::TaskFailed {
                resource_type,
                resource,
                error,
                cause,
            } => Detail::TaskFailed {
                resource_type,
                resource,
                error,
                cause,
            },
            Self::TaskTimedOut {
                resource_type,
                resource,
                error,
                cause,
            } => Detail::TaskTimedOut {
                resource_type,
                resource,
                error,
                cause,
            },
            Self::LambdaFunctionScheduled {
                resource,
                input,
                timeout_seconds,
                role_arn,
            } => Detail::LambdaFunctionScheduled {
                resource,
                input: hold(input)?,
                timeout_seconds,
                role_arn,
            },
            Self::LambdaFunctionStarted => Detail::LambdaFunctionStarted,
            Self::LambdaFunctionSucceeded { output } => Detail::LambdaFunctionSucceeded {
                output: hold(output)?,
            },
            Self::LambdaFunctionFailed { error, cause } => {
                Detail::LambdaFunctionFailed { error, cause }
            }
            Self::LambdaFunctionTimedOut { error, cause } => {
                Detail::LambdaFunctionTimedOut { error, cause }
            }
            Self::ActivityScheduled {
                resource,
                input,
                timeout_seconds,
                heartbeat_seconds,
            } => Detail::ActivityScheduled {
                resource,
                input: hold(input)?,
                timeout_seconds,
                heartbeat_seconds,
            },
            Self::ActivityStarted { worker_name } => Detail::ActivityStarted { worker_name },
            Self::ActivitySucceeded { output } => Detail::ActivitySucceeded {
                output: hold(output)?,
            },
            Self::ActivityFailed { error, cause } => Detail::ActivityFailed { error, cause },
            Self::ActivityTimedOut { error, cause } => Detail::ActivityTimedOut { error, cause },
        })
    }
}
