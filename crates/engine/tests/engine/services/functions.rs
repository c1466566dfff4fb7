//! Lambda functions, through their HTTP stand-ins: what a workflow gets, and that no result is lost.

use std::path::Path;
use std::sync::Arc;

use crate::support::machines::{create, single, start};
use crate::support::{Reply, Vendor, ended, open, types, until};
use rampmeter_config::Config;
use rampmeter_engine::{Engine, ExecutionStatus, StopExecution};
use serde_json::{Value, json};

/// An engine with the function `price` at `stand_in`.
fn with_function(directory: &Path, stand_in: &Vendor) -> Config {
    let text = format!(
        "version = 1\n[server]\ndata_dir = {directory:?}\ndrain_timeout = \"50ms\"\n\
         [functions.price]\nhttp = \"http://{}/2015-03-31/functions/price/invocations\"\n",
        stand_in.address(),
    );
    let parsed = Config::parse(&text, Path::new("rampmeter.toml"), &|_| None, &|_| {
        Ok(String::new())
    });
    match parsed {
        Ok(config) => config,
        Err(report) => panic!("{report}"),
    }
}

const FUNCTION: &str = "arn:aws:lambda:us-east-1:000000000000:function:price";

fn by_arn() -> Value {
    single(json!({ "Type": "Task", "Resource": FUNCTION }))
}

fn invoke(suffix: &str, payload: &Value) -> Value {
    single(json!({
        "Type": "Task",
        "Resource": format!("arn:aws:states:::lambda:invoke{suffix}"),
        "Parameters": { "FunctionName": "price:live", "Payload": payload },
    }))
}

async fn run(engine: &Engine, definition: &Value, input: &Value) -> String {
    let machine = create(engine, "machine", definition).await;
    start(engine, &machine, "one", input).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_gets_the_input_of_its_state_and_its_answer_is_the_output() {
    let directory = tempfile::tempdir().unwrap();
    let stand_in = Vendor::start(|_| Reply::json(200, r#"{"price":12}"#)).await;
    let engine = open(&with_function(directory.path(), &stand_in));
    let arn = run(&engine, &by_arn(), &json!({ "sku": 7 })).await;
    let ended = ended(&engine, &arn).await;
    assert_eq!(ended.output.as_deref(), Some(r#"{"price":12}"#));
    let seen = stand_in.seen();
    assert_eq!((seen.len(), seen[0].method.as_str()), (1, "POST"));
    assert_eq!(seen[0].path, "/2015-03-31/functions/price/invocations");
    assert_eq!(seen[0].body, r#"{"sku":7}"#);
    assert!(
        types(&engine, &arn)
            .await
            .contains(&"LambdaFunctionSucceeded")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invoke_gets_the_payload_in_the_response_of_lambda() {
    let directory = tempfile::tempdir().unwrap();
    let stand_in = Vendor::start(|_| Reply::json(200, "12")).await;
    let engine = open(&with_function(directory.path(), &stand_in));
    let definition = invoke("", &json!({ "sku.$": "$.sku" }));
    let arn = run(&engine, &definition, &json!({ "sku": 7 })).await;
    let output: Value = serde_json::from_str(&ended(&engine, &arn).await.output.unwrap()).unwrap();
    assert_eq!(
        (&output["Payload"], &output["StatusCode"]),
        (&json!(12), &json!(200))
    );
    assert_eq!(stand_in.seen()[0].body, r#"{"sku":7}"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_s_error_can_be_caught_by_the_name_it_has() {
    let directory = tempfile::tempdir().unwrap();
    let stand_in = Vendor::start(|_| {
        Reply::json(200, r#"{"errorMessage":"no sku","errorType":"ValueError"}"#)
            .with("X-Amz-Function-Error", "Unhandled")
    })
    .await;
    let engine = open(&with_function(directory.path(), &stand_in));
    let mut definition = by_arn();
    definition["States"]["A"]["Catch"] =
        json!([{ "ErrorEquals": ["ValueError"], "Next": "Caught" }]);
    definition["States"]["Caught"] = json!({ "Type": "Pass", "End": true });
    let arn = run(&engine, &definition, &json!({})).await;
    let output: Value = serde_json::from_str(&ended(&engine, &arn).await.output.unwrap()).unwrap();
    assert_eq!(output["Error"], "ValueError");
    let cause: Value = serde_json::from_str(output["Cause"].as_str().unwrap()).unwrap();
    assert_eq!(cause["errorMessage"], "no sku");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_has_no_stand_in_is_not_found() {
    let directory = tempfile::tempdir().unwrap();
    let stand_in = Vendor::start(|_| Reply::json(200, "12")).await;
    let engine = open(&with_function(directory.path(), &stand_in));
    let mut definition = by_arn();
    definition["States"]["A"]["Resource"] = json!(FUNCTION.replace("price", "absent"));
    let arn = run(&engine, &definition, &json!({})).await;
    let failed = ended(&engine, &arn).await;
    assert_eq!(
        failed.error.as_deref(),
        Some("Lambda.ResourceNotFoundException")
    );
    assert!(
        failed
            .cause
            .unwrap()
            .starts_with("Function not found: arn:aws:lambda:")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invocation_that_was_under_way_when_the_server_ended_is_made_again() {
    let directory = tempfile::tempdir().unwrap();
    let stand_in = Vendor::start(|_| Reply::json(200, "12").held()).await;
    let config = with_function(directory.path(), &stand_in);
    let engine = open(&config);
    let arn = run(&engine, &by_arn(), &json!({})).await;
    until(async || (stand_in.seen().len() == 1).then_some(())).await;
    engine.shut_down().await;
    drop(engine);
    stand_in.open_doors();

    let engine = open(&config);
    assert_eq!(ended(&engine, &arn).await.output.as_deref(), Some("12"));
    assert_eq!(stand_in.seen().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_may_answer_the_task_token_instead() {
    let directory = tempfile::tempdir().unwrap();
    let stand_in = Vendor::start(|_| Reply::json(200, r#"{"accepted":true}"#)).await;
    let engine = open(&with_function(directory.path(), &stand_in));
    let definition = invoke(".waitForTaskToken", &json!({ "token.$": "$$.Task.Token" }));
    let arn = run(&engine, &definition, &json!({})).await;
    until(async || {
        types(&engine, &arn)
            .await
            .contains(&"TaskSubmitted")
            .then_some(())
    })
    .await;
    let event: Value = serde_json::from_str(&stand_in.seen()[0].body).unwrap();
    let report = rampmeter_engine::TaskReport {
        task_token: event["token"].as_str().unwrap().to_owned(),
        result: rampmeter_engine::TaskResult::Success {
            output: "12".to_owned(),
        },
    };
    engine.executions().report_task(report).await.unwrap();
    assert_eq!(ended(&engine, &arn).await.output.as_deref(), Some("12"));
}

#[tokio::test(flavor = "multi_thread")]
async fn functions_that_hang_for_nobody_give_their_places_back() {
    let directory = tempfile::tempdir().unwrap();
    let stand_in = Vendor::start(|seen| {
        let reply = Reply::json(200, "12");
        if seen.body.contains("hang") {
            reply.held()
        } else {
            reply
        }
    })
    .await;
    let stand_in: Arc<Vendor> = stand_in;
    let engine = open(&with_function(directory.path(), &stand_in));
    let machine = create(&engine, "machine", &by_arn()).await;
    // More than may be under way at once.
    let mut hanging = Vec::new();
    for number in 0..300 {
        hanging.push(start(&engine, &machine, &format!("h{number}"), &json!("hang")).await);
    }
    until(async || (stand_in.seen().len() == 256).then_some(())).await;
    let quick = start(&engine, &machine, "quick", &json!("quick")).await;
    // The newest first, which still wait for room.
    for arn in hanging.into_iter().rev() {
        let stop = StopExecution {
            execution_arn: arn,
            error: None,
            cause: None,
        };
        engine.executions().stop_execution(stop).await.unwrap();
    }
    let quick = ended(&engine, &quick).await;
    assert_eq!(quick.summary.status, ExecutionStatus::Succeeded);
    assert_eq!(
        stand_in.seen().len(),
        257,
        "what was stopped before its turn is not made"
    );
}
