//! What the engine's tests share: an engine on a fresh directory, and a vendor that answers as the test says.

#![allow(dead_code, reason = "each test file uses its own part")]

pub(crate) mod machines;
pub(crate) mod queues;
pub(crate) mod vendor;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rampmeter_asl::Event;
use rampmeter_config::Config;
use rampmeter_engine::{
    Engine, ExecutionDescription, ExecutionStatus, GetExecutionHistory, OpenError, Options,
    StartExecution, StartedExecution,
};

pub(crate) use vendor::{Reply, Vendor};

/// One state that sends a call to `${ErpMedium}` (or to the queue named in the input) and ends with its answer.
pub(crate) const ONE_CALL: &str = r#"{
  "StartAt": "Call",
  "States": {
    "Call": {
      "Type": "Task",
      "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
      "Parameters": {
        "QueueUrl.$": "States.Format('${ErpQueues}-{}', $.priority)",
        "MessageBody": {
          "TaskToken.$": "$$.Task.Token",
          "Method": "POST",
          "Path.$": "$.path",
          "Key.$": "$.key",
          "RequestBody": {"order.$": "$.key"}
        }
      },
      "ResultSelector": {"status.$": "$.StatusCode", "body.$": "$.ResponseBody"},
      "TimeoutSeconds": 600,
      "Catch": [{"ErrorEquals": ["Http.StatusCode.400"], "Next": "Refused"}],
      "End": true
    },
    "Refused": {"Type": "Pass", "Parameters": {"refused": true, "error.$": "$.Error"}, "End": true}
  }
}"#;

/// A configuration with one target `erp` at `vendor`, and the workflow `order`.
pub(crate) fn config(directory: &Path, vendor: &Vendor, target: &str, definition: &str) -> Config {
    let text = format!(
        "version = 1\n\
         [server]\ndata_dir = {directory:?}\ndrain_timeout = \"5s\"\n\
         [targets.erp]\npreset = \"http\"\nbase_url = \"http://{}\"\n{target}\n\
         [workflows.order]\ndefinition = \"order.asl.json\"\n",
        vendor.address(),
    );
    let definition = definition.to_owned();
    let parsed = Config::parse(&text, Path::new("rampmeter.toml"), &|_| None, &move |_| {
        Ok(definition.clone())
    });
    match parsed {
        Ok(config) => config,
        Err(report) => panic!("{report}"),
    }
}

/// Opens an engine on the current runtime.
pub(crate) fn open(config: &Config) -> Engine {
    try_open(config).expect("the engine opens")
}

/// Opens an engine, or says why it does not.
pub(crate) fn try_open(config: &Config) -> Result<Engine, OpenError> {
    open_with_clock_set_back(config, Duration::ZERO)
}

/// The same, with a wall clock that was set back.
pub(crate) fn open_with_clock_set_back(config: &Config, by: Duration) -> Result<Engine, OpenError> {
    Engine::open(Options {
        config: config.clone(),
        runtime: tokio::runtime::Handle::current(),
        free_slots_after_restart: false,
        set_clock_back: by,
        sdk: None,
    })
}

pub(crate) const MACHINE: &str = "arn:aws:states:us-east-1:000000000000:stateMachine:order";

/// The input of `ONE_CALL`.
pub(crate) fn order(priority: &str, key: &str) -> String {
    format!(r#"{{"priority":"{priority}","key":"{key}","path":"/orders/{key}"}}"#)
}

pub(crate) async fn start(engine: &Engine, name: &str, input: &str) -> StartedExecution {
    engine
        .executions()
        .start_execution(StartExecution {
            state_machine_arn: MACHINE.to_owned(),
            name: Some(name.to_owned()),
            input: input.to_owned(),
        })
        .await
        .expect("the execution starts")
}

/// Waits until the execution has ended.
pub(crate) async fn ended(engine: &Engine, arn: &str) -> ExecutionDescription {
    until(async || {
        let found = engine
            .executions()
            .describe_execution(arn)
            .await
            .expect("the execution is known");
        (found.summary.status != ExecutionStatus::Running).then_some(found)
    })
    .await
}

/// The execution's whole history.
pub(crate) async fn history(engine: &Engine, arn: &str) -> Vec<Event> {
    let request = GetExecutionHistory {
        execution_arn: arn.to_owned(),
        max_results: Some(1_000),
        next_token: None,
        reverse_order: false,
    };
    engine
        .executions()
        .execution_history(request)
        .await
        .expect("the history is kept")
        .items
}

/// The types of the execution's events, in order.
pub(crate) async fn types(engine: &Engine, arn: &str) -> Vec<&'static str> {
    history(engine, arn)
        .await
        .iter()
        .map(Event::type_name)
        .collect()
}

/// Asks until there is an answer. A minute without one is a failure, not a slow machine.
pub(crate) async fn until<T>(mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let asked = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), asked)
        .await
        .expect("it comes to pass in a minute")
}

/// A vendor that says yes to everything.
pub(crate) async fn yes() -> Arc<Vendor> {
    Vendor::start(|_| Reply::json(200, r#"{"ok":true}"#)).await
}
