//! What the tests of services share: state machines made over the API, and executions of any of them.

use rampmeter_engine::{CreateStateMachine, Engine, MachineKind, StartExecution};
use serde_json::{Value, json};

/// Makes a state machine and returns its ARN.
pub(crate) async fn create(engine: &Engine, name: &str, definition: &Value) -> String {
    let create = CreateStateMachine {
        publish: None,
        name: name.to_owned(),
        definition: definition.to_string(),
        role_arn: "arn:aws:iam::000000000000:role/test".to_owned(),
        kind: MachineKind::Standard,
        settings: Default::default(),
        tags: Default::default(),
    };
    let created = engine.state_machines().create_state_machine(create).await;
    created.expect("the machine is made").arn
}

/// Starts an execution of a state machine and returns its ARN.
pub(crate) async fn start(engine: &Engine, machine: &str, name: &str, input: &Value) -> String {
    let start = StartExecution {
        state_machine_arn: machine.to_owned(),
        name: Some(name.to_owned()),
        input: input.to_string(),
    };
    let started = engine.executions().start_execution(start).await;
    started.expect("the execution starts").execution_arn
}

/// A state machine of one state.
pub(crate) fn single(mut state: Value) -> Value {
    if state["Type"] == "Task" {
        state["End"] = json!(true);
    }
    json!({ "StartAt": "A", "States": { "A": state } })
}

/// A state machine that sends its task token to a plain queue and waits.
pub(crate) fn waits_on(queue: &str) -> Value {
    single(json!({
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": { "QueueUrl": queue, "MessageBody": { "TaskToken.$": "$$.Task.Token" } },
    }))
}
