//! Rows that a start needs and cannot read: permits, slots of windows, the values of `meta`. Each is put right on the
//! safe side and named, and a person can end what cannot be read.

use std::sync::Arc;

use rampmeter_engine::{DamagedKind, Engine, SendMessage, StopExecution};
use rusqlite::Connection;

use super::damaged_rows::{damage, execution, names, others_go_on, populated, vendor};
use crate::support::{ONE_CALL, Vendor, config, open, until};

const LIMITS: &str = "[[targets.erp.limits]]\nname = \"account\"\nconcurrency = 64\n";

/// Ends an engine whose one call is in flight, damages its store, and opens it again. The target has one slot.
async fn opened_with_damage(
    limits: &str,
    statement: &str,
) -> (tempfile::TempDir, Arc<Vendor>, Engine) {
    let directory = tempfile::tempdir().expect("as planned");
    let vendor = vendor().await;
    let mut config = config(directory.path(), &vendor, limits, ONE_CALL);
    config.server.drain_timeout = std::time::Duration::from_millis(10);
    let engine = open(&config);
    let message = SendMessage {
        queue_url: "erp-high".to_owned(),
        body: r#"{"Method":"GET","Path":"/held"}"#.to_owned(),
        ..SendMessage::default()
    };
    engine
        .queues()
        .send_message(message)
        .await
        .expect("as planned");
    until(async || (!vendor.seen().is_empty()).then_some(())).await;
    engine.shut_down().await;
    drop(engine);
    damage(directory.path(), statement);
    let engine = open(&config);
    (directory, vendor, engine)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permit_that_cannot_be_read_keeps_its_slot_for_the_longest_hold() {
    let one = "[[targets.erp.limits]]\nname = \"account\"\nconcurrency = 1\n";
    for column in ["target", "lane", "message", "started_at", "held_until"] {
        let statement = format!("UPDATE permit SET {column} = 'no number'");
        let (_directory, _vendor, engine) = opened_with_damage(one, &statement).await;
        let targets = engine.calls().targets().await.expect("as planned");
        assert_eq!(targets[0].limits[0].used, 1, "{column}");
        let damaged = engine.calls().damaged().await.expect("as planned");
        assert!(
            names(&damaged, DamagedKind::Row, "permit"),
            "{column}: {damaged:?}"
        );
        engine.shut_down().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_that_cannot_be_read_is_taken_for_the_length_of_its_window() {
    let hour =
        "[[targets.erp.limits]]\nname = \"hour\"\ncalls = 5\nper = \"1h\"\ncount_from = \"send\"\n";
    for (column, used) in [("until", 1), ("count", 5), ("limit_name", 5), ("target", 1)] {
        // The key of its row is a text; a name that is none is a blob.
        let statement = format!("UPDATE window_place SET {column} = x'ff'");
        let (_directory, _vendor, engine) = opened_with_damage(hour, &statement).await;
        let targets = engine.calls().targets().await.expect("as planned");
        let limits = &targets[0].limits;
        let hour = limits
            .iter()
            .find(|limit| limit.name == "hour")
            .expect("as planned");
        assert!(hour.used >= used, "{column}: {hour:?}");
        let damaged = engine.calls().damaged().await.expect("as planned");
        assert!(
            names(&damaged, DamagedKind::Row, "places of"),
            "{column}: {damaged:?}"
        );
        engine.shut_down().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_that_cannot_be_read_go_on_beyond_those_that_are_taken() {
    let directory = tempfile::tempdir().expect("as planned");
    let vendor = vendor().await;
    let config = config(directory.path(), &vendor, LIMITS, ONE_CALL);
    let engine = open(&config);
    others_go_on(&engine, "before").await;
    engine.shut_down().await;
    drop(engine);
    damage(
        directory.path(),
        "UPDATE meta SET value = 'no number'; DELETE FROM meta WHERE name = 'next step'",
    );
    let engine = open(&config);
    others_go_on(&engine, "after").await;
    let damaged = engine.calls().damaged().await.expect("as planned");
    for name in [
        "next execution",
        "next message",
        "next permit",
        "next step",
        "task token key",
    ] {
        assert!(
            names(&damaged, DamagedKind::Row, name),
            "{name}: {damaged:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_execution_whose_row_cannot_be_read_can_be_stopped() {
    let directory = tempfile::tempdir().expect("as planned");
    let vendor = vendor().await;
    let config = config(directory.path(), &vendor, LIMITS, ONE_CALL);
    let engine = populated(&config).await;
    for column in ["started_at", "revision"] {
        let name = if column == "revision" { "wait" } else { "work" };
        damage(
            directory.path(),
            &format!("UPDATE execution SET {column} = 'no number' WHERE name = '{name}'"),
        );
        let stop = StopExecution {
            execution_arn: execution(name),
            error: None,
            cause: None,
        };
        engine
            .executions()
            .stop_execution(stop)
            .await
            .expect("it can be stopped");
        let connection =
            Connection::open(directory.path().join("rampmeter.db")).expect("as planned");
        let query = "SELECT status FROM execution WHERE name = ?1";
        let status: i64 = connection
            .query_row(query, [name], |row| row.get(0))
            .expect("as planned");
        assert_ne!(status, 0, "{column}");
    }
    let damaged = engine.calls().damaged().await.expect("as planned");
    assert!(names(&damaged, DamagedKind::Execution, ""), "{damaged:?}");
}
