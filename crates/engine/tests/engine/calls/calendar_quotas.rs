//! Quotas that a vendor counts by the calendar: they go by the date, and by the vendor's own clock where answers tell it.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rampmeter_engine::{Engine, SendMessage};
use rusqlite::Connection;

use crate::support::{ONE_CALL, Reply, Vendor, config, open, open_with_clock_set_back, until};

const HOUR: i64 = 3_600 * 1_000_000;
const SECOND: i64 = 1_000_000;
const ONE_A_DAY: &str =
    "[[targets.erp.limits]]\nname = \"day\"\ncalls = 1\nreset = \"00:00 UTC\"\n";

async fn send(engine: &Engine, path: &str) {
    let call = SendMessage {
        queue_url: "erp-high".to_owned(),
        body: format!(r#"{{"Method":"GET","Path":"{path}"}}"#),
        ..SendMessage::default()
    };
    engine
        .queues()
        .send_message(call)
        .await
        .expect("as planned");
}

/// When the one slot of the day is free again, in the engine's time; `None` until an answer is written down.
fn freed_at(data_dir: &Path) -> Option<i64> {
    let store = Connection::open(data_dir.join("rampmeter.db")).expect("as planned");
    store
        .busy_timeout(Duration::from_secs(5))
        .expect("as planned");
    let place = store.query_row("SELECT until FROM window_place", [], |row| row.get(0));
    place.ok()
}

/// The next midnight in UTC.
fn midnight() -> i64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("as planned");
    let day = 24 * HOUR;
    let now = i64::try_from(now.as_micros()).expect("as planned");
    (now.div_euclid(day) + 1) * day
}

/// Whether two moments are the same, apart from the time between two readings of a clock.
fn near(one: i64, other: i64) -> bool {
    (one - other).abs() < SECOND / 2
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quota_of_a_day_lasts_longer_when_the_clock_is_set_back() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = Vendor::start(|_| Reply::json(200, "{}")).await;
    let config = config(directory.path(), &vendor, ONE_A_DAY, ONE_CALL);
    let data_dir = &config.server.data_dir;
    let engine = open(&config);
    send(&engine, "/1").await;
    let first = until(async || freed_at(data_dir)).await;
    assert!(near(first, midnight() + SECOND), "midnight and the margin");
    engine.shut_down().await;

    let engine = open_with_clock_set_back(&config, Duration::from_secs(3_600)).unwrap();
    let later = freed_at(data_dir).unwrap();
    assert!(near(later, first + HOUR), "{}", later - first);
    engine.shut_down().await;

    let engine = open(&config);
    assert!(near(freed_at(data_dir).unwrap(), first), "set right again");
    engine.shut_down().await;
    assert_eq!(vendor.seen().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quota_of_a_day_ends_when_the_clock_of_its_vendor_says_so_too() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = Vendor::start(|_| {
        let behind = SystemTime::now() - Duration::from_secs(3_600);
        Reply::json(200, "{}").with("date", &httpdate::fmt_http_date(behind))
    })
    .await;
    let config = config(directory.path(), &vendor, ONE_A_DAY, ONE_CALL);
    let data_dir = &config.server.data_dir;
    let engine = open(&config);
    send(&engine, "/1").await;
    let expected = midnight() + HOUR + SECOND;
    let late = async || {
        let place = freed_at(data_dir)?;
        ((place - expected).abs() <= 2 * SECOND).then_some(())
    };
    until(late).await;
    engine.shut_down().await;

    let engine = open(&config);
    let kept = freed_at(data_dir).unwrap();
    assert!((kept - expected).abs() <= 2 * SECOND, "also over a restart");
    engine.shut_down().await;
}
