//! Parallel and Map states in the store: each branch and iteration waits, fails, is cancelled and survives a restart on
//! its own, and costs no more in a wide Map than in a narrow one.

use std::collections::BTreeMap;
use std::path::Path;

use crate::support::machines::{create, single, start};
use crate::support::queues::{create as create_queue, engine as open_engine, receive};
use crate::support::{ended, types, until};
use rampmeter_asl::Event;
use rampmeter_engine::{
    Engine, ExecutionStatus, GetExecutionHistory, Rejected, StopExecution, TaskReport, TaskResult,
};
use serde_json::{Value, json};

/// A task that waits on the queue `work`, and sends what `fields` adds to its message.
fn task(fields: Value) -> Value {
    let mut state = json!({
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": {
            "QueueUrl": "work",
            "MessageBody": { "TaskToken.$": "$$.Task.Token", "item.$": "$" },
        },
        "End": true,
    });
    if let (Value::Object(state), Value::Object(fields)) = (&mut state, fields) {
        state.extend(fields);
    }
    state
}

fn map_of(state: &Value) -> Value {
    single(json!({
        "Type": "Map",
        "ItemProcessor": { "StartAt": "Each", "States": { "Each": state } },
        "End": true,
    }))
}

fn parallel_of(name: &str, branches: &[Value]) -> Value {
    let branches: Vec<Value> = branches
        .iter()
        .enumerate()
        .map(|(index, state)| {
            let name = format!("{name} {index}");
            json!({ "StartAt": &name, "States": { &name: state } })
        })
        .collect();
    single(json!({ "Type": "Parallel", "Branches": branches, "End": true }))
}

/// The task tokens of `count` messages on `work`, by the item that each is for.
async fn tokens(engine: &Engine, count: usize) -> BTreeMap<String, String> {
    let mut tokens = BTreeMap::new();
    until(async || {
        for message in receive(engine, "work", 10).await {
            let body: Value = serde_json::from_str(&message.body).expect("it is JSON");
            let token = body["TaskToken"].as_str().expect("it carries its token");
            tokens.insert(body["item"].to_string(), token.to_owned());
        }
        (tokens.len() >= count).then_some(())
    })
    .await;
    tokens
}

async fn report(engine: &Engine, token: &str, result: TaskResult) -> Result<(), Rejected> {
    let task_token = token.to_owned();
    engine
        .executions()
        .report_task(TaskReport { task_token, result })
        .await
}

fn done(output: &str) -> TaskResult {
    let output = output.to_owned();
    TaskResult::Success { output }
}

fn failure(error: &str) -> TaskResult {
    TaskResult::Failure {
        error: Some(error.to_owned()),
        cause: None,
    }
}

/// One number from the store.
fn count(directory: &Path, query: &str) -> i64 {
    let store =
        rusqlite::Connection::open(directory.join("rampmeter.db")).expect("the store is there");
    store
        .query_row(query, [], |row| row.get(0))
        .expect("it answers")
}

async fn pages(engine: &Engine, arn: &str, reverse_order: bool) -> Vec<Event> {
    let mut events = Vec::new();
    let mut next_token = None;
    loop {
        let request = GetExecutionHistory {
            execution_arn: arn.to_owned(),
            max_results: Some(700),
            next_token,
            reverse_order,
        };
        let page = engine
            .executions()
            .execution_history(request)
            .await
            .expect("the history is kept");
        events.extend(page.items);
        next_token = page.next_token;
        if next_token.is_none() {
            return events;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn iterations_that_wait_go_on_after_a_restart_and_keep_their_order() {
    let directory = tempfile::tempdir().unwrap();
    let engine = open_engine(directory.path()).await;
    create_queue(&engine, "work", &[]).await;
    let machine = create(&engine, "map", &map_of(&task(json!({})))).await;
    let arn = start(&engine, &machine, "m", &json!(["a", "b", "c"])).await;
    let tokens = tokens(&engine, 3).await;
    report(&engine, &tokens["\"c\""], done("3")).await.unwrap();
    let waiting = engine.executions().waiting_at(&arn).await.unwrap().unwrap();
    assert_eq!((waiting.waits_for, waiting.running), ("children", 2));
    assert_eq!(waiting.children.len(), 2);
    assert_eq!(waiting.children[0].state, "Each");
    engine.shut_down().await;
    drop(engine);

    let engine = open_engine(directory.path()).await;
    report(&engine, &tokens["\"b\""], done("2")).await.unwrap();
    assert_eq!(
        report(&engine, &tokens["\"c\""], done("0")).await,
        Err(Rejected::TaskTimedOut),
        "a second answer"
    );
    report(&engine, &tokens["\"a\""], done("1")).await.unwrap();
    let over = ended(&engine, &arn).await;
    assert_eq!(over.output.as_deref(), Some("[1,2,3]"));
    let left = "SELECT (SELECT count(*) FROM frame) + (SELECT count(*) FROM fork)";
    until(async || (count(directory.path(), left) == 0).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_that_fails_gives_up_the_others_with_their_timers_and_tokens() {
    let directory = tempfile::tempdir().unwrap();
    let engine = open_engine(directory.path()).await;
    create_queue(&engine, "work", &[]).await;
    let named = |name: &str| {
        task(json!({
            "TimeoutSeconds": 600,
            "Parameters": {
                "QueueUrl": "work",
                "MessageBody": { "TaskToken.$": "$$.Task.Token", "item": name },
            },
        }))
    };
    let inner = parallel_of("Inner", &[named("deep")])["States"]["A"].clone();
    let branches = [
        named("left"),
        named("right"),
        inner,
        json!({ "Type": "Wait", "Seconds": 600, "End": true }),
    ];
    let machine = create(&engine, "parallel", &parallel_of("Outer", &branches)).await;
    let arn = start(&engine, &machine, "p", &json!({})).await;
    let tokens = tokens(&engine, 3).await;
    report(&engine, &tokens["\"left\""], failure("Broken"))
        .await
        .unwrap();
    let over = ended(&engine, &arn).await;
    assert_eq!(over.error.as_deref(), Some("Broken"));
    for other in ["right", "deep"] {
        let token = &tokens[&format!("\"{other}\"")];
        let late = report(&engine, token, done("{}")).await;
        assert_eq!(late, Err(Rejected::TaskTimedOut), "{other}");
    }
    assert_eq!(count(directory.path(), "SELECT count(*) FROM timer"), 0);
    let types = types(&engine, &arn).await;
    let aborted = |name: &str| types.iter().filter(|seen| **seen == name).count();
    assert_eq!(aborted("TaskStateAborted"), 2);
    assert_eq!(aborted("WaitStateAborted"), 1);
    assert_eq!(types.last(), Some(&"ExecutionFailed"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_leaves_no_timer_of_any_iteration() {
    let directory = tempfile::tempdir().unwrap();
    let engine = open_engine(directory.path()).await;
    create_queue(&engine, "work", &[]).await;
    let definition = map_of(&task(
        json!({ "TimeoutSeconds": 60, "HeartbeatSeconds": 30 }),
    ));
    let machine = create(&engine, "map", &definition).await;
    let items: Vec<u32> = (0..40).collect();
    let arn = start(&engine, &machine, "m", &json!(items)).await;
    let tokens = tokens(&engine, 40).await;
    report(&engine, &tokens["7"], TaskResult::Heartbeat)
        .await
        .unwrap();
    let timers = "SELECT count(*) FROM timer";
    assert_eq!(count(directory.path(), timers), 80);
    let stop = StopExecution {
        execution_arn: arn.clone(),
        error: None,
        cause: None,
    };
    engine.executions().stop_execution(stop).await.unwrap();
    assert_eq!(
        ended(&engine, &arn).await.summary.status,
        ExecutionStatus::Aborted
    );
    until(async || (count(directory.path(), timers) == 0).then_some(())).await;
    assert_eq!(count(directory.path(), "SELECT count(*) FROM heartbeat"), 0);
    let late = report(&engine, &tokens["8"], done("1")).await;
    assert_eq!(late, Err(Rejected::TaskTimedOut));
}

#[tokio::test(flavor = "multi_thread")]
async fn heartbeats_add_no_step_and_hold_across_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let engine = open_engine(directory.path()).await;
    create_queue(&engine, "work", &[]).await;
    let definition = map_of(&task(json!({ "HeartbeatSeconds": 600 })));
    let machine = create(&engine, "map", &definition).await;
    let arn = start(&engine, &machine, "m", &json!([1])).await;
    let tokens = tokens(&engine, 1).await;
    let written = "SELECT sum(length(data)) FROM step";
    let before = count(directory.path(), written);
    let due = count(directory.path(), "SELECT at FROM timer");
    for _ in 0..3 {
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        report(&engine, &tokens["1"], TaskResult::Heartbeat)
            .await
            .unwrap();
    }
    assert_eq!(count(directory.path(), written), before);
    assert!(count(directory.path(), "SELECT at FROM timer") > due);
    engine.shut_down().await;
    drop(engine);
    let engine = open_engine(directory.path()).await;
    report(&engine, &tokens["1"], done("1")).await.unwrap();
    ended(&engine, &arn).await;
    assert_eq!(count(directory.path(), "SELECT count(*) FROM timer"), 0);
    assert_eq!(count(directory.path(), "SELECT count(*) FROM heartbeat"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wide_map_is_no_dearer_for_each_item_than_a_narrow_one() {
    let directory = tempfile::tempdir().unwrap();
    let engine = open_engine(directory.path()).await;
    let machine = create(
        &engine,
        "map",
        &map_of(&json!({ "Type": "Pass", "End": true })),
    )
    .await;
    let mut written = Vec::new();
    for (name, width) in [("narrow", 50_u32), ("wide", 5_000)] {
        let items: Vec<u32> = (10_000..10_000 + width).collect();
        let before = count(
            directory.path(),
            "SELECT coalesce(sum(length(data)), 0) FROM step",
        );
        let arn = start(&engine, &machine, name, &json!(items)).await;
        let over = ended(&engine, &arn).await;
        assert_eq!(over.output, Some(json!(items).to_string()));
        let after = count(
            directory.path(),
            "SELECT coalesce(sum(length(data)), 0) FROM step",
        );
        written.push((after - before) / i64::from(width));
        let events = pages(&engine, &arn, false).await;
        assert_eq!(events.len(), 6 + 4 * width as usize);
        assert!(events.iter().zip(1..).all(|(event, id)| event.id == id));
        let mut reversed = pages(&engine, &arn, true).await;
        reversed.reverse();
        assert!(reversed == events);
    }
    assert!(
        written[1] <= written[0] + written[0] / 10,
        "bytes for each item: {written:?}"
    );
    let left = "SELECT (SELECT count(*) FROM frame) + (SELECT count(*) FROM fork) + (SELECT count(*) FROM continuing)";
    until(async || (count(directory.path(), left) == 0).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wide_map_lets_others_pass_and_goes_on_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let engine = open_engine(directory.path()).await;
    let wide = map_of(&json!({ "Type": "Pass", "End": true }));
    let wide = create(&engine, "wide", &wide).await;
    let small = create(&engine, "small", &single(json!({ "Type": "Succeed" }))).await;
    let items: Vec<u32> = (0..5_000).collect();
    let arn = start(&engine, &wide, "w", &json!(items)).await;
    let other = start(&engine, &small, "s", &json!({})).await;
    ended(&engine, &other).await;
    engine.shut_down().await;
    drop(engine);

    let engine = open_engine(directory.path()).await;
    let over = ended(&engine, &arn).await;
    assert_eq!(over.output, Some(json!(items).to_string()));
    let overtaken = "SELECT (SELECT first_step FROM execution WHERE name = 's') < (SELECT last_step FROM execution WHERE name = 'w')";
    assert_eq!(count(directory.path(), overtaken), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_that_is_full_ends_the_execution_whatever_runs_below_it() {
    let directory = tempfile::tempdir().unwrap();
    let engine = open_engine(directory.path()).await;
    let machine = map_of(&json!({ "Type": "Pass", "End": true }));
    let machine = create(&engine, "map", &machine).await;
    let items: Vec<u32> = (0..10_000).collect();
    let arn = start(&engine, &machine, "m", &json!(items)).await;
    let over = ended(&engine, &arn).await;
    assert_eq!(over.summary.status, ExecutionStatus::Failed);
    let events = pages(&engine, &arn, false).await;
    assert!(events.len() <= 25_000, "{}", events.len());
    assert_eq!(events.last().unwrap().type_name(), "ExecutionFailed");
}
