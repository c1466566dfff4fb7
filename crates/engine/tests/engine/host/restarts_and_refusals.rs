//! What a restart finds, and what stops an engine from opening.

use crate::support::{
    MACHINE, ONE_CALL, Reply, Vendor, config, ended, open, order, start, try_open, until, yes,
};
use rampmeter_engine::{
    ExecutionStatus, ListExecutions, OpenError, Reader, Rejected, StartExecution,
};

const LIMITS: &str = "timeout = \"30s\"\nhold_after_timeout = \"30s\"\n\
     retry = { max_attempts = 5, initial = \"10ms\", max = \"1s\" }\n\
     [[targets.erp.limits]]\nname = \"account\"\nconcurrency = 3\n";

#[tokio::test(flavor = "multi_thread")]
async fn calls_without_an_answer_keep_their_places_after_a_stop_and_are_repeated_with_the_same_key()
{
    let directory = tempfile::tempdir().unwrap();
    let vendor = Vendor::start(|_| Reply::json(200, "{}").held()).await;
    let mut config = config(directory.path(), &vendor, LIMITS, ONE_CALL);
    config.server.drain_timeout = std::time::Duration::from_millis(50);
    let engine = open(&config);
    let mut arns = Vec::new();
    for number in 0..4 {
        let name = format!("SO-{number}");
        arns.push(
            start(&engine, &name, &order("high", &name))
                .await
                .execution_arn,
        );
    }
    until(async || (vendor.seen().len() == 3).then_some(())).await;
    engine.shut_down().await;
    drop(engine);

    // Three slots are held by calls that may still be running at the vendor: none is left for repeats.
    let engine = open(&config);
    let state = &engine.calls().targets().await.unwrap()[0];
    assert_eq!((state.in_flight, state.held), (3, 3));
    until(async || {
        let waiting = engine.calls().targets().await.unwrap()[0].waiting[0];
        (waiting == 4).then_some(())
    })
    .await;
    assert_eq!(
        vendor.seen().len(),
        3,
        "nothing starts while the places are held"
    );
    let waiting = engine
        .executions()
        .waiting_at(&arns[3])
        .await
        .unwrap()
        .unwrap();
    let call = waiting.call.unwrap();
    assert!(call.why.words(call.at).contains("3 of 3 used"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_is_there_after_a_restart_and_ends() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = Vendor::start(|_| Reply::json(200, "{}").held()).await;
    let limits = LIMITS.replace("30s", "1s");
    let mut config = config(directory.path(), &vendor, &limits, ONE_CALL);
    config.server.drain_timeout = std::time::Duration::from_millis(50);
    let engine = open(&config);
    let mut arns = Vec::new();
    for number in 0..20 {
        let name = format!("SO-{number}");
        arns.push(
            start(&engine, &name, &order("batch", &name))
                .await
                .execution_arn,
        );
    }
    until(async || (vendor.seen().len() == 3).then_some(())).await;
    engine.shut_down().await;
    drop(engine);
    vendor.open_doors();

    let engine = open(&config);
    for arn in &arns {
        assert_eq!(
            ended(&engine, arn).await.summary.status,
            ExecutionStatus::Succeeded
        );
    }
    engine.shut_down().await;
    let reader = Reader::open(directory.path(), "000000000000", "us-east-1").unwrap();
    let audit = reader.audit().unwrap();
    assert_eq!(
        (audit.executions, audit.succeeded, audit.running),
        (20, 20, 0)
    );
    assert_eq!(
        (
            audit.inconsistent,
            audit.duplicate_outcomes,
            audit.broken_histories
        ),
        (0, 0, 0)
    );
    let times = reader.call_times().unwrap();
    assert_eq!(times.len(), 20);
    assert_eq!(times.iter().filter(|call| call.crashes == 1).count(), 3);
    assert!(
        times
            .iter()
            .all(|call| call.attempts == 0 && call.started_at >= Some(call.sent_at))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_engine_on_the_same_directory_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = yes().await;
    let config = config(directory.path(), &vendor, LIMITS, ONE_CALL);
    let engine = open(&config);
    let refused = try_open(&config).unwrap_err();
    assert!(matches!(refused, OpenError::InUse(_)), "{refused}");
    assert_eq!(refused.code(), "RM2002");
    engine.shut_down().await;
    drop(engine);
    try_open(&config).expect("the directory is free once the first has stopped");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_definition_with_errors_stops_the_start_and_names_the_place() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = yes().await;
    let broken = ONE_CALL.replace("\"Next\": \"Refused\"", "\"Next\": \"Nowhere\"");
    let refused = try_open(&config(directory.path(), &vendor, LIMITS, &broken)).unwrap_err();
    let OpenError::Definition { workflow, problems } = refused else {
        panic!("{refused}")
    };
    assert_eq!(workflow, "order");
    assert!(
        problems
            .iter()
            .any(|problem| problem.code == "MISSING_TRANSITION_TARGET")
    );
    assert!(
        problems
            .iter()
            .any(|problem| problem.location.contains("/States/Call/Catch"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_that_cannot_run_here_stops_the_start_and_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = yes().await;
    let foreign = ONE_CALL.replace(
        "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "arn:aws:states:::dynamodb:putItem",
    );
    let refused = try_open(&config(directory.path(), &vendor, LIMITS, &foreign)).unwrap_err();
    let OpenError::Unserved { states, .. } = refused else {
        panic!("{refused}")
    };
    assert_eq!(states[0].state, "Call");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_definition_is_for_new_executions_and_running_ones_keep_theirs() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = Vendor::start(|_| Reply::json(200, "{}").held()).await;
    let mut before = config(directory.path(), &vendor, LIMITS, ONE_CALL);
    before.server.drain_timeout = std::time::Duration::from_millis(10);
    let limits = LIMITS.replace("concurrency = 3", "concurrency = 9");
    let changed = ONE_CALL.replace("\"status.$\"", "\"changed.$\"");
    let engine = open(&before);
    let old = start(&engine, "old", &order("high", "old")).await;
    engine.shut_down().await;
    drop(engine);

    vendor.open_doors();
    let engine = open(&config(directory.path(), &vendor, &limits, &changed));
    let new = start(&engine, "new", &order("high", "new")).await;
    assert_eq!(
        ended(&engine, &old.execution_arn).await.output.unwrap(),
        r#"{"status":200,"body":{}}"#
    );
    assert_eq!(
        ended(&engine, &new.execution_arn).await.output.unwrap(),
        r#"{"changed":200,"body":{}}"#
    );
    assert_eq!(
        engine
            .state_machines()
            .list_state_machines()
            .await
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_engine_acknowledges_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = yes().await;
    let engine = open(&config(directory.path(), &vendor, LIMITS, ONE_CALL));
    engine.shut_down().await;
    let start = StartExecution {
        state_machine_arn: MACHINE.to_owned(),
        name: None,
        input: "{}".to_owned(),
    };
    assert!(matches!(
        engine.executions().start_execution(start).await,
        Err(Rejected::Stopped(_))
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_and_histories_come_in_pages_that_join_without_a_gap() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = yes().await;
    let engine = open(&config(directory.path(), &vendor, LIMITS, ONE_CALL));
    for number in 0..7 {
        let name = format!("SO-{number}");
        let started = start(&engine, &name, &order("high", &name)).await;
        ended(&engine, &started.execution_arn).await;
    }
    let mut names = Vec::new();
    let mut next_token = None;
    loop {
        let list = ListExecutions {
            state_machine_arn: Some(MACHINE.to_owned()),
            map_run_arn: None,
            status: Some(ExecutionStatus::Succeeded),
            redriven: None,
            max_results: Some(3),
            next_token,
        };
        let page = engine.executions().list_executions(list).await.unwrap();
        names.extend(page.items.into_iter().map(|item| item.name));
        next_token = page.next_token;
        if next_token.is_none() {
            break;
        }
    }
    assert_eq!(
        names,
        ["SO-6", "SO-5", "SO-4", "SO-3", "SO-2", "SO-1", "SO-0"]
    );

    for reverse_order in [false, true] {
        let mut ids = Vec::new();
        let mut next_token = None;
        loop {
            let request = rampmeter_engine::GetExecutionHistory {
                execution_arn: format!("{}:SO-3", MACHINE.replace("stateMachine", "execution")),
                max_results: Some(3),
                next_token,
                reverse_order,
            };
            let page = engine
                .executions()
                .execution_history(request)
                .await
                .unwrap();
            ids.extend(page.items.iter().map(|event| event.id));
            next_token = page.next_token;
            if next_token.is_none() {
                break;
            }
        }
        let mut expected: Vec<u64> = (1..=8).collect();
        if reverse_order {
            expected.reverse();
        }
        assert_eq!(ids, expected);
    }
    let foreign = ListExecutions {
        next_token: Some("forged".to_owned()),
        ..Default::default()
    };
    assert_eq!(
        engine
            .executions()
            .list_executions(foreign)
            .await
            .unwrap_err(),
        Rejected::InvalidPageToken
    );
}
