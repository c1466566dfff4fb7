//! Rows that cannot be read: each kind is damaged in turn, every operation that may touch it is asked for, and the engine is
//! restarted in between. It lives, everything else goes on, and what is damaged is named.

use std::path::Path;
use std::sync::Arc;

use rampmeter_config::Config;
use rampmeter_engine::{
    CreateStateMachine, DamagedItem, DamagedKind, Engine, ExecutionStatus, GetActivityTask,
    GetExecutionHistory, ListDeadLetters, ListExecutions, ListMapRuns, MachineKind, Pause,
    ReceiveMessage, RedriveDeadLetter, RedriveExecution, Rejected, SendMessage, StartExecution,
    StopExecution,
};
use rusqlite::Connection;

use crate::support::{self, ONE_CALL, Reply, Vendor, config, ended, open, order, start, until};

const LIMITS: &str = "[[targets.erp.limits]]\nname = \"account\"\nconcurrency = 64\n";

/// Does what the input names: a call, a wait, two branches, items, an activity.
const VICTIM: &str = r#"{
  "StartAt": "Which",
  "States": {
    "Which": {"Type": "Choice", "Default": "Call", "Choices": [
      {"Variable": "$.kind", "StringEquals": "wait", "Next": "Wait"},
      {"Variable": "$.kind", "StringEquals": "both", "Next": "Both"},
      {"Variable": "$.kind", "StringEquals": "items", "Next": "Items"},
      {"Variable": "$.kind", "StringEquals": "work", "Next": "Work"}]},
    "Wait": {"Type": "Wait", "Seconds": 2, "End": true},
    "Both": {"Type": "Parallel", "End": true, "Branches": [
      {"StartAt": "Done", "States": {"Done": {"Type": "Pass", "End": true}}},
      {"StartAt": "Held", "States": {"Held": {"Type": "Task", "End": true,
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": {"QueueUrl": "erp-medium", "MessageBody": {
          "TaskToken.$": "$$.Task.Token", "Method": "POST", "Path.$": "$.path"}}}}}]},
    "Items": {"Type": "Map", "End": true, "ItemsPath": "$.items", "Label": "Items",
      "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "Rest", "States": {"Rest": {"Type": "Wait", "Seconds": 2, "End": true}}}},
    "Work": {"Type": "Task", "Resource": "arn:aws:states:us-east-1:000000000000:activity:pack", "End": true},
    "Call": {"Type": "Task", "End": true,
      "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
      "Parameters": {"QueueUrl": "erp-medium", "MessageBody": {
        "TaskToken.$": "$$.Task.Token", "Method": "POST", "Path.$": "$.path"}}}
  }
}"#;

pub(super) const VICTIMS: [(&str, &str); 7] = [
    ("call", r#"{"kind":"call","path":"/held"}"#),
    ("second", r#"{"kind":"call","path":"/held"}"#),
    ("refused", r#"{"kind":"call","path":"/refused"}"#),
    ("wait", r#"{"kind":"wait"}"#),
    ("both", r#"{"kind":"both","path":"/held"}"#),
    ("items", r#"{"kind":"items","items":[1,2]}"#),
    ("work", r#"{"kind":"work"}"#),
];

pub(super) fn machine(name: &str) -> String {
    format!("arn:aws:states:us-east-1:000000000000:stateMachine:{name}")
}

pub(super) fn execution(name: &str) -> String {
    format!("arn:aws:states:us-east-1:000000000000:execution:victim:{name}")
}

pub(super) fn damage(directory: &Path, statement: &str) {
    let connection = Connection::open(directory.join("rampmeter.db")).expect("as planned");
    let changed = connection.execute_batch(statement);
    changed.unwrap_or_else(|error| panic!("{statement}: {error}"));
}

pub(super) async fn vendor() -> Arc<Vendor> {
    Vendor::start(|seen| match seen.path.as_str() {
        "/held" => Reply::json(200, r#"{"ok":true}"#).held(),
        "/refused" => Reply::json(409, r#"{"ok":false}"#),
        _ => Reply::json(200, r#"{"ok":true}"#),
    })
    .await
}

async fn begin(engine: &Engine, name: &str, input: &str) -> Result<String, Rejected> {
    let start = StartExecution {
        state_machine_arn: machine("victim"),
        name: Some(name.to_owned()),
        input: input.to_owned(),
    };
    let started = engine.executions().start_execution(start).await?;
    Ok(started.execution_arn)
}

/// An engine with an execution of each kind, a dead letter, a plain queue with a message, and an activity.
pub(super) async fn populated(config: &Config) -> Engine {
    let engine = open(config);
    let activity = rampmeter_engine::CreateActivity {
        name: "pack".to_owned(),
        encryption: None,
        tags: std::collections::BTreeMap::new(),
    };
    engine
        .activities()
        .create_activity(activity)
        .await
        .expect("as planned");
    let create = CreateStateMachine {
        name: "victim".to_owned(),
        definition: VICTIM.to_owned(),
        role_arn: "arn:aws:iam::000000000000:role/any".to_owned(),
        kind: MachineKind::Standard,
        settings: rampmeter_engine::Settings::new(),
        tags: std::collections::BTreeMap::new(),
        publish: None,
    };
    engine
        .state_machines()
        .create_state_machine(create)
        .await
        .expect("as planned");
    support::queues::create(&engine, "plain", &[]).await;
    let message = support::queues::message("plain", "a message");
    engine
        .queues()
        .send_message(message)
        .await
        .expect("as planned");
    for (name, input) in VICTIMS {
        begin(&engine, name, input).await.expect("as planned");
    }
    let refused = ended(&engine, &execution("refused")).await;
    assert_eq!(refused.summary.status, ExecutionStatus::Failed);
    engine
}

/// Asks for everything that may touch a damaged row. The responses do not matter: the engine must live.
pub(super) async fn ask_for_everything(engine: &Engine) {
    let executions = engine.executions();
    let queues = engine.queues();
    let state_machines = engine.state_machines();
    let activities = engine.activities();
    let calls = engine.calls();
    let controls = engine.controls();
    let dead_letters = engine.dead_letters();
    ask_for_each_victim(engine).await;
    executions
        .list_executions(ListExecutions::default())
        .await
        .expect("as planned");
    executions.execution_counts().await.expect("as planned");
    state_machines
        .list_state_machines()
        .await
        .expect("as planned");
    let _ = state_machines
        .describe_state_machine(&machine("victim"))
        .await;
    calls.targets().await.expect("as planned");
    calls.figures().await.expect("as planned");
    let open = calls.list_calls(100).await.expect("as planned");
    for call in open {
        let _ = calls.call(call.id).await;
        let _ = controls
            .move_call(
                call.id,
                rampmeter_dispatch::Priority::Batch,
                "a test".to_owned(),
            )
            .await;
    }
    let letters = dead_letters
        .list_dead_letters(ListDeadLetters::default())
        .await
        .expect("as planned");
    dead_letters.dead_letter_groups().await.expect("as planned");
    let known = letters.items.iter().map(|letter| letter.id);
    for id in known.chain(1..10) {
        let redrive = RedriveDeadLetter {
            id,
            priority: None,
            checked: true,
            reason: "a test".to_owned(),
            bulk: None,
        };
        let _ = dead_letters.redrive_dead_letter(redrive).await;
        let _ = calls.call_outcome(id).await;
    }
    let receive = ReceiveMessage {
        queue_url: "plain".to_owned(),
        visibility_timeout: Some(0),
        ..ReceiveMessage::default()
    };
    let _ = queues.receive_message(receive).await;
    let _ = queues.queue_attributes("plain", &["All".to_owned()]).await;
    let task = activities.get_activity_task(GetActivityTask {
        activity_arn: "arn:aws:states:us-east-1:000000000000:activity:pack".to_owned(),
        worker_name: None,
    });
    let _ = tokio::time::timeout(std::time::Duration::from_millis(50), task).await;
}

/// Asks for every victim's execution, by each operation that reads it.
async fn ask_for_each_victim(engine: &Engine) {
    let executions = engine.executions();
    for (name, input) in VICTIMS {
        let arn = execution(name);
        let _ = begin(engine, name, input).await;
        let _ = begin(engine, &format!("another-{name}"), input).await;
        let _ = executions.describe_execution(&arn).await;
        let _ = executions.waiting_at(&arn).await;
        let _ = executions.execution_calls(&arn).await;
        let _ = engine.state_machines().state_machine_of(&arn).await;
        let history = GetExecutionHistory {
            execution_arn: arn.clone(),
            max_results: None,
            next_token: None,
            reverse_order: false,
        };
        let _ = executions.execution_history(history).await;
        let map_runs = ListMapRuns {
            execution_arn: arn.clone(),
            max_results: None,
            next_token: None,
        };
        if let Ok(page) = executions.list_map_runs(map_runs).await {
            for run in page.items {
                let _ = executions.describe_map_run(&run.map_run_arn).await;
            }
        }
        let redrive = RedriveExecution {
            execution_arn: arn.clone(),
            client_token: None,
            bulk: None,
        };
        let _ = executions.redrive_execution(redrive).await;
    }
}

/// Everything else goes on: an execution of another state machine calls the vendor and ends.
pub(super) async fn others_go_on(engine: &Engine, name: &str) {
    let started = start(engine, name, &order("medium", name)).await;
    let over = ended(engine, &started.execution_arn).await;
    assert_eq!(over.summary.status, ExecutionStatus::Succeeded, "{over:?}");
    let message = SendMessage {
        queue_url: "erp-high".to_owned(),
        body: r#"{"Method":"GET","Path":"/ping"}"#.to_owned(),
        ..SendMessage::default()
    };
    engine
        .queues()
        .send_message(message)
        .await
        .expect("as planned");
}

/// Lives through one kind of damage, with a restart before and one after, and says what was named.
async fn live_through(statement: &str) -> Vec<DamagedItem> {
    let directory = tempfile::tempdir().expect("as planned");
    let vendor = vendor().await;
    let mut config = config(directory.path(), &vendor, LIMITS, ONE_CALL);
    config.server.drain_timeout = std::time::Duration::from_millis(10);
    let engine = populated(&config).await;
    engine.shut_down().await;
    drop(engine);
    damage(directory.path(), statement);

    let engine = open(&config);
    ask_for_everything(&engine).await;
    others_go_on(&engine, "after-damage").await;
    vendor.open_doors();
    // The timers of the victims are due in these seconds; whatever they meet, a later call still ends.
    tokio::time::sleep(std::time::Duration::from_millis(2_500)).await;
    ask_for_everything(&engine).await;
    for (name, _) in VICTIMS {
        let stop = StopExecution {
            execution_arn: execution(name),
            error: None,
            cause: None,
        };
        let _ = engine.executions().stop_execution(stop).await;
    }
    others_go_on(&engine, "after-timers").await;
    engine.shut_down().await;
    drop(engine);

    let engine = open(&config);
    ask_for_everything(&engine).await;
    others_go_on(&engine, "after-restart").await;
    let figures = engine.calls().figures().await.expect("as planned");
    let damaged = engine.calls().damaged().await.expect("as planned");
    assert_eq!(
        figures.set_aside,
        u64::try_from(damaged.len()).expect("as planned")
    );
    engine.shut_down().await;
    damaged
}

const OF_VICTIMS: &str = "execution IN (SELECT execution.id FROM execution JOIN revision ON revision.id = execution.revision \
     JOIN state_machine ON state_machine.id = revision.machine WHERE state_machine.name = 'victim')";

pub(super) fn names(damaged: &[DamagedItem], kind: DamagedKind, name: &str) -> bool {
    damaged
        .iter()
        .any(|item| item.kind == kind && item.name.contains(name))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_definition_that_no_longer_parses_fails_its_executions_alone() {
    let damaged = live_through(
        "UPDATE revision SET definition = '{' WHERE machine = \
         (SELECT id FROM state_machine WHERE name = 'victim')",
    )
    .await;
    assert!(
        names(&damaged, DamagedKind::Execution, "execution:victim:wait"),
        "{damaged:?}"
    );
    assert!(
        names(&damaged, DamagedKind::Row, "state machine victim"),
        "{damaged:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_of_a_state_machine_that_are_no_json_are_its_own_trouble() {
    let damaged = live_through(
        "UPDATE revision SET settings = 'no JSON' WHERE machine = \
         (SELECT id FROM state_machine WHERE name = 'victim')",
    )
    .await;
    assert!(
        names(&damaged, DamagedKind::Execution, "execution:victim:"),
        "{damaged:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_machine_of_an_unknown_type_is_its_own_trouble() {
    let damaged = live_through("UPDATE state_machine SET kind = 'ODD' WHERE name = 'victim'").await;
    assert!(
        names(&damaged, DamagedKind::Execution, "execution:victim:"),
        "{damaged:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn steps_that_are_no_json_fail_their_executions_alone() {
    let damaged = live_through(&format!(
        "UPDATE step SET data = 'no JSON' WHERE {OF_VICTIMS}"
    ))
    .await;
    for victim in ["call", "wait", "both", "work"] {
        let name = format!("execution:victim:{victim}");
        assert!(
            names(&damaged, DamagedKind::Execution, &name),
            "{damaged:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn steps_that_are_missing_fail_their_executions_alone() {
    let damaged = live_through(&format!("DELETE FROM step WHERE {OF_VICTIMS}")).await;
    assert!(
        names(&damaged, DamagedKind::Execution, "execution:victim:wait"),
        "{damaged:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn executions_of_an_unknown_status_are_ended() {
    let damaged = live_through(&format!(
        "UPDATE execution SET status = 9 WHERE id IN (SELECT id FROM execution WHERE {})",
        OF_VICTIMS.replace("execution IN", "execution.id IN")
    ))
    .await;
    assert!(
        names(&damaged, DamagedKind::Execution, "execution:victim:wait"),
        "{damaged:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_cannot_be_read_are_set_aside_and_kept() {
    let damaged = live_through(&format!(
        "UPDATE message SET sent_at = 'never' WHERE {OF_VICTIMS}"
    ))
    .await;
    assert!(names(&damaged, DamagedKind::Message, "c-"), "{damaged:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_of_plain_queues_that_cannot_be_read_are_set_aside_and_kept() {
    let damaged = live_through(
        "UPDATE message SET receive_count = 'often' WHERE body = 'a message'; \
         UPDATE envelope SET attributes = 'no JSON'",
    )
    .await;
    assert!(names(&damaged, DamagedKind::Message, "c-"), "{damaged:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn timers_of_an_unknown_kind_fail_their_executions() {
    let damaged = live_through("UPDATE timer SET kind = 77").await;
    assert!(
        names(&damaged, DamagedKind::Execution, "execution:victim:wait"),
        "{damaged:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn work_that_is_left_and_no_json_fails_its_execution() {
    let damaged = live_through(
        "INSERT INTO continuing SELECT id, 1, 'no JSON' FROM execution WHERE name = 'call'",
    )
    .await;
    assert!(
        names(&damaged, DamagedKind::Execution, "execution:victim:call"),
        "{damaged:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn branches_and_their_bookkeeping_that_cannot_be_read_fail_their_execution() {
    let damaged =
        live_through("UPDATE fork SET data = 'no JSON'; UPDATE frame SET standing = 9").await;
    assert!(
        names(&damaged, DamagedKind::Execution, "execution:victim:both"),
        "{damaged:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn map_runs_that_cannot_be_read_fail_their_executions() {
    let damaged = live_through("UPDATE map_run SET ended = 'no JSON'").await;
    assert!(
        names(&damaged, DamagedKind::Execution, "execution:victim"),
        "{damaged:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_that_cannot_be_read_stay_and_are_named() {
    let damaged = live_through(
        "UPDATE message SET attempts = 'many', body = x'ff' WHERE id IN (SELECT message FROM dead_letter)",
    )
    .await;
    assert!(
        names(&damaged, DamagedKind::DeadLetter, "c-"),
        "{damaged:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn tasks_of_activities_whose_step_cannot_be_read_fail_with_their_executions() {
    let damaged = live_through("UPDATE activity_task SET step = 987654321").await;
    assert!(
        names(&damaged, DamagedKind::Execution, "execution:victim:work"),
        "{damaged:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_whose_attributes_cannot_be_read_is_not_served_and_the_others_are() {
    // The queue is left out; its messages lie where they are.
    live_through("UPDATE queue SET attributes = 'no JSON' WHERE name = 'plain'").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_whose_memory_cannot_be_read_comes_up_paused() {
    let directory = tempfile::tempdir().expect("as planned");
    let vendor = vendor().await;
    let config = config(directory.path(), &vendor, LIMITS, ONE_CALL);
    open(&config).shut_down().await;
    damage(directory.path(), "UPDATE target SET memory = 'no JSON'");
    let engine = open(&config);
    let targets = engine.calls().targets().await.expect("as planned");
    assert_eq!(targets[0].paused, ["target"]);
    let damaged = engine.calls().damaged().await.expect("as planned");
    assert!(names(&damaged, DamagedKind::Target, "erp"), "{damaged:?}");
    let resume = Pause {
        target: "erp".to_owned(),
        priority: None,
        paused: false,
        forget_throttles: false,
        reason: "looked at".to_owned(),
    };
    engine.controls().pause(resume).await.expect("as planned");
    others_go_on(&engine, "after-resume").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_execution_did_before_it_met_a_damaged_row_is_taken_back() {
    let directory = tempfile::tempdir().expect("as planned");
    let vendor = vendor().await;
    let config = config(directory.path(), &vendor, LIMITS, ONE_CALL);
    let engine = populated(&config).await;
    let steps = || -> i64 {
        let connection =
            Connection::open(directory.path().join("rampmeter.db")).expect("as planned");
        let query = "SELECT count(*) FROM step JOIN execution ON execution.id = step.execution \
             WHERE execution.name = 'both'";
        connection
            .query_row(query, [], |row| row.get(0))
            .expect("as planned")
    };
    until(async || (vendor.seen().len() >= 3).then_some(())).await;
    // The branch that has ended: its output is read when the other one ends too.
    damage(
        directory.path(),
        "UPDATE step SET data = 'no JSON' WHERE id IN (SELECT step FROM frame WHERE standing = 1)",
    );
    let before = steps();
    vendor.open_doors();
    let over = ended(&engine, &execution("both")).await;
    assert_eq!(over.summary.status, ExecutionStatus::Failed);
    assert_eq!(over.error.as_deref(), Some("States.Runtime"));
    assert_eq!(
        steps(),
        before + 1,
        "its end, and nothing of what led to it"
    );
    others_go_on(&engine, "after-taking-back").await;
    let damaged = engine.calls().damaged().await.expect("as planned");
    assert!(
        names(&damaged, DamagedKind::Execution, "execution:victim:both"),
        "{damaged:?}"
    );
}
