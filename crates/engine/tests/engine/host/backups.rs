//! Backups: made while the engine works, complete when restored, and refused when the disk has changed them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::support::{ONE_CALL, Reply, Vendor, config, ended, open, order, start, until};
use rampmeter_config::Config;
use rampmeter_engine::{
    Backup, BackupError, Engine, ExecutionStatus, GetExecutionHistory, Pause, SendMessage,
    TaskReport, TaskResult, back_up, blobs_path, restore, store_path,
};
use rampmeter_time::UnixMillis;
use serde_json::{Value, json};

const LIMITS: &str = "timeout = \"3s\"\nhold_after_timeout = \"1s\"\n[[targets.erp.limits]]\nname = \"account\"\nconcurrency = 2\n";

fn backed_up(data: &Path, to: &Path) -> Result<Backup, BackupError> {
    back_up(
        data,
        to,
        UnixMillis(1_795_397_061_120),
        "0.0.0",
        &mut |_, _| {},
    )
}

fn restored(from: &Path, data: &Path) -> Result<Backup, BackupError> {
    restore(from, data, &mut |_, _| {})
}

/// The same configuration on another data directory.
fn at(config: &Config, directory: &Path) -> Config {
    let mut config = config.clone();
    config.server.data_dir = directory.to_owned();
    config
}

fn body() -> String {
    json!({ "text": "x".repeat(400_000) }).to_string()
}

async fn resume(engine: &Engine) {
    let pause = Pause {
        target: "erp".to_owned(),
        priority: None,
        paused: false,
        forget_throttles: false,
        reason: "restored".to_owned(),
    };
    engine.controls().pause(pause).await.expect("as planned");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_before_a_backup_comes_back_paused_and_ends_once_it_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let (data, copy, back) = (
        directory.path().join("data"),
        directory.path().join("copy"),
        directory.path().join("back"),
    );
    let vendor = Vendor::start(|seen| {
        if seen.path.ends_with("long") {
            Reply::json(200, &body())
        } else {
            Reply::json(200, "{}").held()
        }
    })
    .await;
    std::fs::create_dir(&data).unwrap();
    let before = config(&data, &vendor, LIMITS, ONE_CALL);
    let engine = open(&before);
    let long = start(&engine, "long", &order("high", "long")).await;
    let done = ended(&engine, &long.execution_arn).await;
    for number in 0..20 {
        let name = format!("SO-{number}");
        start(&engine, &name, &order("batch", &name)).await;
    }
    until(async || (vendor.seen().len() == 3).then_some(())).await;

    // Other work goes on while the copy is made.
    let busy = engine.clone();
    let working = tokio::spawn(async move {
        for number in 0..200 {
            let name = format!("later-{number}");
            start(&busy, &name, &order("medium", &name)).await;
        }
    });
    let (from, to) = (data.clone(), copy.clone());
    let made = tokio::task::spawn_blocking(move || backed_up(&from, &to).unwrap())
        .await
        .unwrap();
    working.await.unwrap();
    assert_eq!(
        (made.bodies, made.gone.len(), made.damaged.len()),
        (1, 0, 0)
    );
    // The old engine goes on for a while, and is lost.
    vendor.open_doors();
    until(async || (vendor.seen().len() > 20).then_some(())).await;
    engine.shut_down().await;
    let in_flight = vendor.seen().len();

    assert_eq!(restored(&copy, &back).unwrap(), made);
    let engine = open(&at(&before, &back));
    let same = engine
        .executions()
        .describe_execution(&long.execution_arn)
        .await
        .unwrap();
    assert_eq!(same.output, done.output);
    assert_eq!(std::fs::read_dir(blobs_path(&back)).unwrap().count(), 1);
    let target = engine.calls().targets().await.unwrap().remove(0);
    assert_eq!(target.paused, ["target"]);
    assert!(target.waiting.iter().sum::<u64>() + target.in_flight >= 18);
    assert_eq!(vendor.seen().len(), in_flight, "nothing starts by itself");
    goes_on(&engine, &vendor, &long.execution_arn).await;
}

/// Lets a restored engine go on: all that waited ends, and nothing is done under another key.
async fn goes_on(engine: &Engine, vendor: &Vendor, long: &str) {
    // A task token from before the backup is valid in this store too.
    let arn = long.replace(":long", ":SO-19");
    let report = TaskReport {
        task_token: task_token(engine, &arn).await,
        result: TaskResult::Success {
            output: r#"{"StatusCode": 200, "ResponseBody": {}}"#.to_owned(),
        },
    };
    engine
        .executions()
        .report_task(report)
        .await
        .expect("as planned");
    resume(engine).await;
    let mut keys: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for number in 0..20 {
        let arn = long.replace(":long", &format!(":SO-{number}"));
        let ended = ended(engine, &arn).await;
        assert_eq!(
            ended.summary.status,
            ExecutionStatus::Succeeded,
            "{ended:?}"
        );
    }
    // What was done after the backup is done again, and the vendor can recognise it.
    for seen in vendor.seen() {
        let key = seen
            .header("idempotency-key")
            .expect("as planned")
            .to_owned();
        keys.entry(seen.path.clone()).or_default().insert(key);
    }
    assert!(keys.len() > 20);
    assert!(keys.values().all(|keys| keys.len() == 1), "{keys:?}");
}

/// The token of the task for which an execution waits, as its history shows it.
async fn task_token(engine: &Engine, arn: &str) -> String {
    let request = GetExecutionHistory {
        execution_arn: arn.to_owned(),
        max_results: None,
        next_token: None,
        reverse_order: false,
    };
    let history = engine
        .executions()
        .execution_history(request)
        .await
        .expect("as planned")
        .items;
    let details = history.iter().find_map(|event| {
        let event = event.to_history_event(true);
        let parameters = event["taskScheduledEventDetails"]["parameters"].as_str()?;
        serde_json::from_str::<Value>(parameters).ok()
    });
    let token = &details.expect("as planned")["MessageBody"]["TaskToken"];
    token.as_str().expect("as planned").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_store_shares_no_id_and_no_token_with_the_time_that_was_lost() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let vendor = Vendor::start(|_| Reply::json(200, "{}").held()).await;
    with_a_body(&path("data")).await;
    backed_up(&path("data"), &path("copy")).unwrap();
    let lost = open(&config(&path("data"), &vendor, LIMITS, ONE_CALL));
    let of_lost = next_things(&lost, "lost").await;
    lost.shut_down().await;
    let mut seen = BTreeSet::from([of_lost.clone()]);
    for name in ["one", "other"] {
        restored(&path("copy"), &path(name)).unwrap();
        let engine = open(&config(&path(name), &vendor, LIMITS, ONE_CALL));
        assert!(seen.insert(next_things(&engine, name).await), "{seen:?}");
        let report = TaskReport {
            task_token: of_lost.1.clone(),
            result: TaskResult::Success {
                output: "{}".to_owned(),
            },
        };
        engine
            .executions()
            .report_task(report)
            .await
            .expect_err("another's token");
        engine.shut_down().await;
    }
}

/// The MessageId and the task token that an engine gives next.
async fn next_things(engine: &Engine, name: &str) -> (String, String) {
    let message = SendMessage {
        queue_url: "erp-high".to_owned(),
        body: json!({ "Method": "GET", "Path": "/" }).to_string(),
        ..SendMessage::default()
    };
    let sent = engine
        .queues()
        .send_message(message)
        .await
        .expect("as planned");
    let started = start(engine, name, &order("high", name)).await;
    let token = task_token(engine, &started.execution_arn).await;
    (sent.message_id, token)
}

/// A data directory with one long body, without an engine on it.
async fn with_a_body(data: &Path) {
    std::fs::create_dir(data).expect("as planned");
    let vendor = Vendor::start(|_| Reply::json(200, &body())).await;
    let engine = open(&config(data, &vendor, LIMITS, ONE_CALL));
    let started = start(&engine, "long", &order("high", "long")).await;
    ended(&engine, &started.execution_arn).await;
    engine.shut_down().await;
}

fn the_body(directory: &Path) -> std::path::PathBuf {
    let mut entries = std::fs::read_dir(blobs_path(directory)).expect("as planned");
    entries
        .next()
        .expect("as planned")
        .expect("as planned")
        .path()
}

fn change_a_byte(path: &Path, at: u64) {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .expect("as planned");
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).expect("as planned");
    file.write_all_at(&[byte[0] ^ 0x10], at)
        .expect("as planned");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_the_disk_has_changed_is_named_and_the_rest_is_backed_up() {
    let directory = tempfile::tempdir().unwrap();
    let [data, copy, back] = ["data", "copy", "back"].map(|name| directory.path().join(name));
    with_a_body(&data).await;
    change_a_byte(&the_body(&data), 1_000);
    let made = backed_up(&data, &copy).unwrap();
    assert_eq!(made.damaged.len(), 1);
    // It is restored as it is, since there is nothing better.
    assert_eq!(restored(&copy, &back).unwrap(), made);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_the_disk_has_changed_is_refused_and_leaves_no_store() {
    let directory = tempfile::tempdir().unwrap();
    let [data, copy, back, other] =
        ["data", "copy", "back", "other"].map(|name| directory.path().join(name));
    with_a_body(&data).await;
    backed_up(&data, &copy).unwrap();
    change_a_byte(&the_body(&copy), 200_000);
    let refused = restored(&copy, &back).unwrap_err();
    assert!(matches!(refused, BackupError::Damaged(..)), "{refused}");
    assert!(!store_path(&back).exists());
    change_a_byte(&the_body(&copy), 200_000);
    let length = std::fs::metadata(store_path(&copy)).unwrap().len();
    change_a_byte(&store_path(&copy), length / 2);
    let refused = restored(&copy, &other).unwrap_err();
    assert!(matches!(refused, BackupError::Damaged(..)), "{refused}");
    change_a_byte(&store_path(&copy), length / 2);
    restored(&copy, &other).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_overwritten_and_what_is_no_backup_is_not_restored() {
    let directory = tempfile::tempdir().unwrap();
    let [data, copy, back] = ["data", "copy", "back"].map(|name| directory.path().join(name));
    let none = backed_up(&data, &copy).unwrap_err();
    assert!(matches!(none, BackupError::NoStore(_)), "{none}");
    with_a_body(&data).await;
    backed_up(&data, &copy).unwrap();
    let again = backed_up(&data, &copy).unwrap_err();
    assert!(matches!(again, BackupError::NotEmpty(_)), "{again}");
    let over = restored(&copy, &data).unwrap_err();
    assert!(matches!(over, BackupError::NotEmpty(_)), "{over}");
    // One that was not finished has no manifest.
    std::fs::remove_file(copy.join("backup.json")).unwrap();
    let unfinished = restored(&copy, &back).unwrap_err();
    assert!(
        matches!(unfinished, BackupError::NoBackup(..)),
        "{unfinished}"
    );
    assert!(!back.exists());
}
