//! Dead letters: how they are listed, which of them can be redriven, and which are refused.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use crate::support::{ONE_CALL, Reply, Vendor, config, ended, open, order, start, until};
use rampmeter_asl::Detail;
use rampmeter_dispatch::Priority;
use rampmeter_engine::{
    BulkChange, BulkKind, DeadLetterState, DiscardDeadLetter, Engine, ExecutionStatus,
    ListDeadLetters, RedriveDeadLetter, Redriven, Rejected, SendMessage,
};
use serde_json::json;

const LIMITS: &str = "[[targets.erp.limits]]\nname = \"account\"\nconcurrency = 2\n";

/// A vendor that answers with a status code, which the test changes.
async fn vendor(status: u16) -> (Arc<Vendor>, Arc<AtomicU16>) {
    let status = Arc::new(AtomicU16::new(status));
    let answer = Arc::clone(&status);
    let vendor =
        Vendor::start(move |_| Reply::json(answer.load(Ordering::SeqCst), r#"{"id":"7"}"#)).await;
    (vendor, status)
}

async fn letters(engine: &Engine) -> Vec<DeadLetterState> {
    let list = ListDeadLetters::default();
    engine
        .dead_letters()
        .list_dead_letters(list)
        .await
        .expect("as planned")
        .items
}

/// Waits for the one dead letter.
async fn letter(engine: &Engine) -> DeadLetterState {
    until(async || letters(engine).await.pop()).await
}

async fn redrive(
    engine: &Engine,
    id: i64,
    priority: Option<Priority>,
) -> Result<Redriven, Rejected> {
    let reason = "mended".to_owned();
    let redrive = RedriveDeadLetter {
        id,
        priority,
        checked: true,
        reason,
        bulk: None,
    };
    engine.dead_letters().redrive_dead_letter(redrive).await
}

fn discard(id: i64) -> DiscardDeadLetter {
    DiscardDeadLetter {
        id,
        reason: "known".to_owned(),
        bulk: None,
    }
}

async fn send(engine: &Engine, queue: &str, body: &serde_json::Value) -> String {
    let message = SendMessage {
        queue_url: queue.to_owned(),
        body: body.to_string(),
        ..SendMessage::default()
    };
    engine
        .queues()
        .send_message(message)
        .await
        .expect("as planned")
        .message_id
}

fn count(directory: &Path, table: &str) -> i64 {
    let path = rampmeter_engine::store_path(directory);
    let connection = rusqlite::Connection::open(path).expect("as planned");
    let query = format!("SELECT count(*) FROM {table}");
    connection
        .query_row(&query, [], |row| row.get(0))
        .expect("as planned")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_whose_failure_ended_its_execution_redrives_it_and_is_gone() {
    let directory = tempfile::tempdir().unwrap();
    let (vendor, status) = vendor(409).await;
    let engine = open(&config(directory.path(), &vendor, LIMITS, ONE_CALL));
    let started = start(&engine, "SO-1", &order("medium", "SO-1")).await;
    let failed = ended(&engine, &started.execution_arn).await;
    assert_eq!(failed.summary.status, ExecutionStatus::Failed);

    let letter = letter(&engine).await;
    assert_eq!(letter.error, "Http.StatusCode.409");
    assert_eq!(letter.priority, Some(Priority::Medium));
    assert_eq!(letter.key.as_deref(), Some("SO-1"));
    assert_eq!(letter.execution_arn.as_ref(), Some(&started.execution_arn));
    let groups = engine.dead_letters().dead_letter_groups().await.unwrap();
    assert_eq!((groups[0].count, groups[0].sample), (1, letter.id));

    // The definition decides the call's lane, not whoever redrives it.
    let refused = redrive(&engine, letter.id, Some(Priority::High)).await;
    assert!(
        matches!(refused, Err(Rejected::Impossible(_))),
        "{refused:?}"
    );
    status.store(200, Ordering::SeqCst);
    let redriven = redrive(&engine, letter.id, None).await.unwrap();
    assert_eq!(redriven, Redriven::Execution(started.execution_arn.clone()));
    let ended = ended(&engine, &started.execution_arn).await;
    assert_eq!(ended.summary.status, ExecutionStatus::Succeeded);
    assert_eq!(ended.summary.redrive_count, 1);
    assert!(letters(&engine).await.is_empty());
    assert_eq!(count(directory.path(), "message"), 0);
    let trail = engine.controls().list_controls(10).await.unwrap();
    assert_eq!(
        (trail[0].kind.as_str(), trail[0].reason.as_str()),
        ("redrive", "mended")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_that_a_catch_took_up_is_refused_and_can_be_discarded() {
    let directory = tempfile::tempdir().unwrap();
    let (vendor, _) = vendor(400).await;
    let engine = open(&config(directory.path(), &vendor, LIMITS, ONE_CALL));
    let started = start(&engine, "SO-1", &order("high", "SO-1")).await;
    ended(&engine, &started.execution_arn).await;
    let letter = letter(&engine).await;
    assert!(letter.handled);
    let counts = engine.calls().target_counts().await.unwrap();
    assert_eq!(counts["erp"].handled_dead_letters, 1);
    let refused = redrive(&engine, letter.id, None).await.unwrap_err();
    assert!(refused.to_string().contains("SUCCEEDED"), "{refused}");
    assert_eq!(letters(&engine).await.len(), 1);
    engine
        .dead_letters()
        .discard_dead_letter(discard(letter.id))
        .await
        .unwrap();
    assert!(letters(&engine).await.is_empty());
    assert_eq!(count(directory.path(), "message"), 0);
    assert_eq!(count(directory.path(), "ready"), 0);
    let again = engine
        .dead_letters()
        .discard_dead_letter(discard(letter.id))
        .await;
    assert!(matches!(again, Err(Rejected::Unknown(_))), "{again:?}");
}

/// The failure of the call is caught; the workflow then fails for another reason.
const CAUGHT_AND_FAILED: &str = r#"{
  "StartAt": "Call",
  "States": {
    "Call": {
      "Type": "Task",
      "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
      "Parameters": {
        "QueueUrl": "${ErpHigh}",
        "MessageBody": {"TaskToken.$": "$$.Task.Token", "Method": "GET", "Path": "/x"}
      },
      "TimeoutSeconds": 600,
      "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Lost"}],
      "End": true
    },
    "Lost": {"Type": "Fail", "Error": "Lost", "Cause": "given up"}
  }
}"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_of_an_execution_that_failed_later_of_itself_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let (vendor, _) = vendor(409).await;
    let engine = open(&config(
        directory.path(),
        &vendor,
        LIMITS,
        CAUGHT_AND_FAILED,
    ));
    let started = start(&engine, "SO-1", "{}").await;
    let ended = ended(&engine, &started.execution_arn).await;
    assert_eq!(ended.error.as_deref(), Some("Lost"));
    let letter = letter(&engine).await;
    let refused = redrive(&engine, letter.id, None).await.unwrap_err();
    assert!(refused.to_string().contains("failed later"), "{refused}");
}

/// The same call in an iteration of a Map state.
const IN_A_MAP: &str = r#"{
  "StartAt": "Each",
  "States": {
    "Each": {
      "Type": "Map",
      "ItemsPath": "$.items",
      "MaxConcurrency": 1,
      "ItemProcessor": {
        "StartAt": "Call",
        "States": {
          "Call": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "Parameters": {
              "QueueUrl": "${ErpHigh}",
              "MessageBody": {"TaskToken.$": "$$.Task.Token", "Method": "GET", "Path.$": "$"}
            },
            "TimeoutSeconds": 600,
            "End": true
          }
        }
      },
      "End": true
    }
  }
}"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_of_an_iteration_redrives_the_execution_that_it_ended() {
    let directory = tempfile::tempdir().unwrap();
    let (vendor, status) = vendor(409).await;
    let engine = open(&config(directory.path(), &vendor, LIMITS, IN_A_MAP));
    let started = start(&engine, "SO-1", r#"{"items": ["/a", "/b"]}"#).await;
    ended(&engine, &started.execution_arn).await;
    let letter = letter(&engine).await;
    status.store(200, Ordering::SeqCst);
    redrive(&engine, letter.id, None).await.unwrap();
    let ended = ended(&engine, &started.execution_arn).await;
    assert_eq!(ended.summary.status, ExecutionStatus::Succeeded);
    assert_eq!(vendor.seen().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_letter_of_an_execution_that_was_redriven_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let (vendor, _) = vendor(409).await;
    let engine = open(&config(directory.path(), &vendor, LIMITS, ONE_CALL));
    let started = start(&engine, "SO-1", &order("high", "SO-1")).await;
    ended(&engine, &started.execution_arn).await;
    let first = letter(&engine).await;
    let request = rampmeter_engine::RedriveExecution {
        execution_arn: started.execution_arn.clone(),
        client_token: None,
        bulk: None,
    };
    engine
        .executions()
        .redrive_execution(request)
        .await
        .unwrap();
    until(async || (letters(&engine).await.len() == 2).then_some(())).await;
    let refused = redrive(&engine, first.id, None).await;
    assert!(
        matches!(refused, Err(Rejected::Impossible(_))),
        "{refused:?}"
    );
    let second = letters(&engine).await.remove(0);
    redrive(&engine, second.id, None).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_without_a_task_is_sent_again_under_its_own_message_id() {
    let directory = tempfile::tempdir().unwrap();
    let (vendor, status) = vendor(409).await;
    let config = config(directory.path(), &vendor, LIMITS, ONE_CALL);
    let engine = open(&config);
    let call = json!({"Method": "POST", "Path": "/orders", "OrderingKey": "customer-7"});
    let id = send(&engine, "erp-medium", &call).await;
    let letter = letter(&engine).await;
    assert_eq!(letter.priority, Some(Priority::Medium));
    status.store(200, Ordering::SeqCst);
    let redriven = redrive(&engine, letter.id, None).await.unwrap();
    assert_eq!(redriven, Redriven::Call(Priority::Medium));
    let outcome = until(async || engine.calls().call_outcome(letter.id).await.unwrap()).await;
    assert_eq!((outcome.error, outcome.receive_count), (None, 2));
    assert_eq!(
        engine.calls().call_number(&id).await.unwrap(),
        Some(letter.id)
    );
    // The key is free again, for this call and after a restart.
    engine.shut_down().await;
    let engine = open(&config);
    send(&engine, "erp-high", &call).await;
    until(async || (vendor.seen().len() == 3).then_some(())).await;
    let seen = vendor.seen();
    let keys: Vec<_> = seen
        .iter()
        .map(|seen| seen.header("idempotency-key"))
        .collect();
    assert_eq!(keys[0], keys[1]);
    assert_ne!(keys[1], keys[2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_that_is_no_call_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let (vendor, _) = vendor(200).await;
    let engine = open(&config(directory.path(), &vendor, LIMITS, ONE_CALL));
    send(&engine, "erp-high", &json!("no call")).await;
    let letter = letter(&engine).await;
    let refused = redrive(&engine, letter.id, None).await.unwrap_err();
    assert!(refused.to_string().contains("no valid call"), "{refused}");
    assert_eq!(letters(&engine).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_whose_body_is_gone_is_refused_and_the_engine_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let (vendor, _) = vendor(409).await;
    let engine = open(&config(directory.path(), &vendor, LIMITS, ONE_CALL));
    let call = json!({"Method": "GET", "Path": "/x"});
    send(&engine, "erp-high", &call).await;
    let letter = letter(&engine).await;
    let path = rampmeter_engine::store_path(directory.path());
    let connection = rusqlite::Connection::open(path).unwrap();
    connection
        .execute("UPDATE message SET body = NULL", [])
        .unwrap();
    let refused = redrive(&engine, letter.id, None).await;
    assert!(
        matches!(refused, Err(Rejected::Unreadable(_))),
        "{refused:?}"
    );
    send(&engine, "erp-high", &call).await;
    until(async || (letters(&engine).await.len() == 2).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn letters_are_listed_by_pages_targets_and_errors() {
    let directory = tempfile::tempdir().unwrap();
    let (vendor, _) = vendor(409).await;
    let engine = open(&config(directory.path(), &vendor, LIMITS, ONE_CALL));
    for number in 0..5 {
        send(
            &engine,
            "erp-batch",
            &json!({"Method": "GET", "Path": format!("/{number}")}),
        )
        .await;
    }
    send(&engine, "erp-batch", &json!("no call")).await;
    until(async || (letters(&engine).await.len() == 6).then_some(())).await;
    let list = |error: Option<&str>, next_token: Option<String>| ListDeadLetters {
        target: Some("erp".to_owned()),
        error: error.map(str::to_owned),
        max_results: Some(4),
        next_token,
    };
    let page = engine
        .dead_letters()
        .list_dead_letters(list(None, None))
        .await
        .unwrap();
    assert_eq!(page.items.len(), 4);
    let rest = engine
        .dead_letters()
        .list_dead_letters(list(None, page.next_token))
        .await
        .unwrap();
    assert_eq!((rest.items.len(), rest.next_token), (2, None));
    let invalid = Some("Rampmeter.InvalidMessage");
    let page = engine
        .dead_letters()
        .list_dead_letters(list(invalid, None))
        .await
        .unwrap();
    assert_eq!(page.items.len(), 1);
    let groups = engine.dead_letters().dead_letter_groups().await.unwrap();
    let counts: Vec<u64> = groups.iter().map(|group| group.count).collect();
    assert_eq!(counts, [5, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_calls_of_an_execution_say_when_each_waited_and_when_it_worked() {
    let directory = tempfile::tempdir().unwrap();
    let (vendor, _) = vendor(200).await;
    let engine = open(&config(directory.path(), &vendor, LIMITS, ONE_CALL));
    let started = start(&engine, "SO-1", &order("high", "SO-1")).await;
    ended(&engine, &started.execution_arn).await;
    let calls = engine
        .executions()
        .execution_calls(&started.execution_arn)
        .await
        .unwrap();
    let [call] = &calls[..] else {
        panic!("{calls:?}");
    };
    assert_eq!(
        (call.target.as_str(), call.priority),
        ("erp", Priority::High)
    );
    assert_eq!((call.receive_count, call.status), (1, Some(200)));
    assert!(call.sent_at <= call.first_started_at.unwrap());
    assert!(call.first_started_at.unwrap() <= call.ended_at);
    let events = crate::support::history(&engine, &started.execution_arn).await;
    let event = events.iter().find(|event| event.id == call.event).unwrap();
    assert!(
        matches!(event.detail, Detail::TaskSucceeded { .. }),
        "{event:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn letters_are_listed_by_when_they_failed_page_by_page() {
    let directory = tempfile::tempdir().unwrap();
    let (vendor, _) = vendor(400).await;
    let engine = open(&config(directory.path(), &vendor, LIMITS, ONE_CALL));
    let body = json!({ "Method": "GET", "Path": "/x" });
    for number in 1..=5 {
        send(&engine, "erp-high", &body).await;
        until(async || (letters(&engine).await.len() == number).then_some(())).await;
    }
    // The call that was sent first failed last.
    engine.shut_down().await;
    let path = rampmeter_engine::store_path(directory.path());
    let connection = rusqlite::Connection::open(path).unwrap();
    connection
        .execute_batch(
            "UPDATE dead_letter SET failed_at = failed_at + 60000000 \
             WHERE message = (SELECT min(message) FROM dead_letter)",
        )
        .unwrap();
    drop(connection);
    let engine = open(&config(directory.path(), &vendor, LIMITS, ONE_CALL));
    let mut list = ListDeadLetters {
        max_results: Some(2),
        ..ListDeadLetters::default()
    };
    let mut listed = Vec::new();
    loop {
        let page = engine.dead_letters().list_dead_letters(list.clone()).await;
        let page = page.unwrap();
        listed.extend(page.items.into_iter().map(|letter| letter.id));
        list.next_token = page.next_token;
        if list.next_token.is_none() {
            break;
        }
    }
    let mut sent = listed.clone();
    sent.sort_unstable();
    assert_eq!(listed, [sent[0], sent[4], sent[3], sent[2], sent[1]]);
    list.next_token = Some("p1-3".to_owned());
    let refused = engine.dead_letters().list_dead_letters(list).await;
    assert!(matches!(refused, Err(Rejected::InvalidPageToken)));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_letters_are_taken_up_under_one_entry_of_the_trail() {
    let directory = tempfile::tempdir().unwrap();
    let (vendor, _) = vendor(400).await;
    let engine = open(&config(directory.path(), &vendor, LIMITS, ONE_CALL));
    let body = json!({ "Method": "GET", "Path": "/x" });
    for _ in 0..3 {
        send(&engine, "erp-high", &body).await;
    }
    until(async || (letters(&engine).await.len() == 3).then_some(())).await;
    let entry = engine.controls().begin_bulk(BulkChange {
        kind: BulkKind::Discard,
        target: "erp".to_owned(),
        subject: "3 dead letters".to_owned(),
        chosen_by: "target erp".to_owned(),
        reason: "known".to_owned(),
    });
    let entry = entry.await.unwrap();
    // A change that refers to no entry is refused.
    let discard = |id, bulk| DiscardDeadLetter {
        bulk: Some(bulk),
        ..discard(id)
    };
    let ids: Vec<i64> = letters(&engine).await.iter().map(|one| one.id).collect();
    let dead_letters = engine.dead_letters();
    let refused = dead_letters
        .discard_dead_letter(discard(ids[0], entry + 1))
        .await;
    assert!(matches!(refused, Err(Rejected::Unknown(_))), "{refused:?}");
    for id in ids {
        let done = dead_letters.discard_dead_letter(discard(id, entry)).await;
        done.expect("the entry is there");
    }
    assert!(letters(&engine).await.is_empty());
    let trail = engine.controls().list_controls(10).await.unwrap();
    assert_eq!(trail.len(), 1);
    assert_eq!(trail[0].kind, "bulk_discard");
    assert_eq!(trail[0].subject, "3 dead letters");
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_in_back_off_are_counted_by_target_and_by_their_queue() {
    let directory = tempfile::tempdir().unwrap();
    let (vendor, _) = vendor(500).await;
    let target = format!("retry = {{ initial = \"10m\", max = \"10m\" }}\n{LIMITS}");
    let engine = open(&config(directory.path(), &vendor, &target, ONE_CALL));
    let body = json!({ "Method": "GET", "Path": "/x" });
    send(&engine, "erp-medium", &body).await;
    let delayed = until(async || {
        let counts = engine.calls().target_counts().await.unwrap();
        Some(counts.get("erp")?.delayed)
    });
    assert_eq!(delayed.await, [0, 1, 0]);
    let name = "ApproximateNumberOfMessagesDelayed".to_owned();
    let attributes = engine
        .queues()
        .queue_attributes("erp-medium", &[name])
        .await;
    let attributes = attributes.unwrap();
    assert_eq!(
        attributes
            .get("ApproximateNumberOfMessagesDelayed")
            .map(String::as_str),
        Some("1")
    );
}
