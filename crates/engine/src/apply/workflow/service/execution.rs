//! `states:startExecution`: an execution that starts another, and with `.sync` waits for its end. The end of the child
//! resumes the parent in the same transaction; the end of the parent stops a child that is waited for.

use rampmeter_asl::{End, EventId, Pattern, Payload, Stimulus, Task};
use rampmeter_store::model::execution::{StartExecution, StartedExecution};
use rampmeter_store::model::id::ExecutionId;
use rampmeter_store::model::rejected::Rejected;
use rampmeter_store::stored_input;
use rampmeter_store::{AwaitingTask, ExecutionRow, StoreError};
use rampmeter_store::{Readable, TransactionError, readable};
use serde_json::{Map, Value, json};

use crate::apply::subject::Subject;
use crate::apply::subject::as_task_error;
use crate::apply::workflow::service::Services;
use crate::apply::workflow::service::{Submission, TaskError};

/// The error of a job that did not succeed.
const JOB_FAILED: &str = "States.TaskFailed";

impl Services<'_, '_> {
    /// Starts the execution that a task asks for. It enters its first state in a command of its own, so that state
    /// machines that start each other without end cannot occupy the writer.
    pub(crate) fn request_execution(
        &mut self,
        task: &Task,
        pattern: Pattern,
        parent: ExecutionId,
    ) -> Result<Submission, StoreError> {
        let asked = request_of(task.parameters.value())
            .map_err(TransactionError::from)
            .and_then(|start| self.start_child(&start, task, pattern, parent));
        Ok(Submission::Answered(match asked {
            Ok(started) => Ok(submitted(&started)),
            Err(TransactionError::Refused(refused)) => Err(task_error(&refused)),
            // What cannot be read belongs to another state machine or execution: this one goes on without it.
            Err(TransactionError::Damaged(damaged)) => Err(as_task_error(&damaged)),
            Err(TransactionError::Poisoned(failure)) => return Err(failure.into()),
        }))
    }

    fn start_child(
        &mut self,
        start: &StartExecution,
        task: &Task,
        pattern: Pattern,
        parent: ExecutionId,
    ) -> Result<StartedExecution, TransactionError> {
        let started = self.workflow.starts().start_execution_within(start, 0)?;
        if matches!(pattern, Pattern::Sync | Pattern::Sync2) {
            let child = self.workflow.execution_by_arn(&started.execution_arn)?;
            self.store.executions.await_execution(
                child.id,
                AwaitingTask {
                    execution: parent,
                    event: task.event,
                    as_json: pattern == Pattern::Sync2,
                },
            )?;
        }
        Ok(started)
    }

    /// An execution has ended: tasks that wait for it go on, and executions that it waits for are stopped.
    pub(crate) fn end_waits(
        &mut self,
        execution: &ExecutionRow,
        end: &End,
    ) -> Result<(), StoreError> {
        for task in self.store.executions.take_awaiting_tasks(execution.id)? {
            let stimulus = match readable(self.job_ended(execution, end, task))? {
                Readable::Whole(stimulus) => stimulus,
                // Its description cannot be read.
                Readable::Damaged(damaged) => Stimulus::TaskFailed {
                    event: task.event,
                    error: Some("States.Runtime".to_owned()),
                    cause: Some(damaged.to_string()),
                },
            };
            self.workflow.tell(task.execution, stimulus);
        }
        self.give_up_invocations(execution.id, None)?;
        self.workflow.end_synchronous(execution, end)?;
        self.store.machines.forget_activity_tasks(execution.id)?;
        self.stop_awaited(execution.id, None)
    }

    /// Nobody waits for a task any more.
    pub(crate) fn abandon(
        &mut self,
        execution: ExecutionId,
        event: EventId,
    ) -> Result<(), StoreError> {
        self.give_up_invocations(execution, Some(event))?;
        self.store.machines.forget_activity_task(execution, event)?;
        self.stop_awaited(execution, Some(event))
    }

    fn stop_awaited(
        &mut self,
        execution: ExecutionId,
        event: Option<EventId>,
    ) -> Result<(), StoreError> {
        for child in self.store.executions.take_awaited(execution, event)? {
            let stimulus = Stimulus::Stop {
                error: None,
                cause: None,
            };
            self.workflow.tell(child, stimulus);
        }
        Ok(())
    }

    /// What a task is told of the execution it waited for.
    fn job_ended(
        &mut self,
        child: &ExecutionRow,
        end: &End,
        task: AwaitingTask,
    ) -> Result<Stimulus, StoreError> {
        let machine = self.store.machines.machine_name(child.revision)?;
        let input = stored_input(self.store.executions, child)?;
        let data = |payload: &Payload| {
            if task.as_json {
                payload.value().clone()
            } else {
                Value::from(payload.text())
            }
        };
        let place = self.workflow.arns;
        let mut told = Map::new();
        let mut tell = |name: &str, value: Value| told.insert(name.to_owned(), value);
        let (error, cause) = match end {
            End::Succeeded { .. } => (None, None),
            End::Failed { error, cause }
            | End::TimedOut { error, cause }
            | End::Aborted { error, cause } => (error.as_deref(), cause.as_deref()),
        };
        if let Some(cause) = cause {
            tell("Cause", json!(cause));
        }
        if let Some(error) = error {
            tell("Error", json!(error));
        }
        let arn = child.arn(place, &machine);
        tell("ExecutionArn", json!(arn));
        tell("Input", data(&input));
        tell("InputDetails", json!({ "Included": true }));
        tell("Name", json!(child.name));
        if let End::Succeeded { output } = end {
            tell("Output", data(output));
            tell("OutputDetails", json!({ "Included": true }));
        }
        tell("StartDate", json!(child.started_at));
        tell("StateMachineArn", json!(place.machine_arn(&machine)));
        tell("Status", json!(child.status.as_str()));
        tell("StopDate", json!(child.stopped_at));
        let told = Value::Object(told);
        let event = task.event;
        Ok(if matches!(end, End::Succeeded { .. }) {
            let output = Payload::from_value(told);
            Stimulus::TaskSucceeded { event, output }
        } else {
            Stimulus::TaskFailed {
                event,
                error: Some(JOB_FAILED.to_owned()),
                cause: Some(told.to_string()),
            }
        })
    }
}

/// The StartExecution that a Task state's parameters ask for.
fn request_of(parameters: &Value) -> Result<StartExecution, Rejected> {
    let text = |name: &str| match parameters.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(Rejected::InvalidParameter(format!("{name} must be a text"))),
    };
    let state_machine_arn = text("StateMachineArn")?.ok_or_else(|| {
        Rejected::InvalidParameter(
            "1 validation error detected: Value null at 'stateMachineArn' failed to satisfy \
             constraint: Member must not be null"
                .to_owned(),
        )
    })?;
    let input = match parameters.get("Input") {
        None | Some(Value::Null) => "{}".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
    };
    Ok(StartExecution {
        state_machine_arn,
        name: text("Name")?,
        input,
    })
}

/// The output of StartExecution. Its date is a number of milliseconds.
fn submitted(started: &StartedExecution) -> Payload {
    Payload::from_value(json!({
        "ExecutionArn": started.execution_arn,
        "SdkHttpMetadata": { "HttpStatusCode": 200 },
        "SdkResponseMetadata": { "RequestId": uuid::Uuid::new_v4().to_string() },
        "StartDate": started.start_date,
    }))
}

fn task_error(refused: &Rejected) -> TaskError {
    let name = match refused {
        Rejected::ExecutionAlreadyExists(_) => "ExecutionAlreadyExists",
        Rejected::StateMachineDoesNotExist(_) => "StateMachineDoesNotExist",
        Rejected::ExecutionDoesNotExist(_) => "ExecutionDoesNotExist",
        Rejected::InvalidArn(_) => "InvalidArn",
        Rejected::InvalidName(_) => "InvalidName",
        Rejected::InvalidExecutionInput(_) => "InvalidExecutionInput",
        _ => "ValidationException",
    };
    TaskError::refused(
        "StepFunctions",
        "AWSStepFunctions",
        name,
        &refused.to_string(),
    )
}
