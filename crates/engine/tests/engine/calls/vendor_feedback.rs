//! What the vendor's answers teach: headers close a target before the first throttle, throttles close or narrow it, and
//! people can see all of it.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::support::queues::send;
use crate::support::{ONE_CALL, Reply, Vendor, config, open, until};
use rampmeter_dispatch::Holder;
use rampmeter_engine::{Engine, Pause, TargetState};

const CALL: &str = r#"{"Method":"GET","Path":"/1"}"#;

async fn state(engine: &Engine) -> TargetState {
    let targets = engine.calls().targets().await;
    targets.expect("the engine runs").remove(0)
}

/// What holds the whole target, by its vendor's doing.
fn holder(state: &TargetState) -> Option<Holder> {
    state.vendor.as_ref().map(|vendor| vendor.held_by.clone())
}

/// A vendor whose first answer is this one, and whose other answers are plain.
async fn first_answers(first: fn() -> Reply) -> std::sync::Arc<Vendor> {
    let answered = AtomicU32::new(0);
    Vendor::start(move |_| match answered.fetch_add(1, Ordering::SeqCst) {
        0 => first(),
        _ => Reply::json(200, "{}"),
    })
    .await
}

#[tokio::test]
async fn an_answer_with_nothing_left_closes_the_target_before_the_first_throttle() {
    let directory = tempfile::tempdir().unwrap();
    let vendor =
        first_answers(|| Reply::json(200, "{}").with("RateLimit", r#""minute";r=0;t=2"#)).await;
    let limits = "[[targets.erp.limits]]\nname = \"minute\"\ncalls = 600\nper = \"1m\"\n";
    let engine = open(&config(directory.path(), &vendor, limits, ONE_CALL));
    send(&engine, "erp-medium", CALL).await;
    until(async || (state(&engine).await.closed_by_headers == 1).then_some(())).await;
    let closed = Instant::now();
    let seen = state(&engine).await;
    assert_eq!(holder(&seen), Some(Holder::VendorPause));
    assert_eq!(seen.vendor_limits[0].remaining, Some(0));
    send(&engine, "erp-high", CALL).await;
    let held = engine.calls().list_calls(10).await.unwrap().remove(0);
    let held = held.why.words(held.at);
    assert!(held.contains("which closed the target"), "{held}");
    until(async || (vendor.seen().len() == 2).then_some(())).await;
    // By the test's own clock; a little of the time had passed before it was read.
    assert!(
        closed.elapsed() > Duration::from_millis(1_500),
        "{:?}",
        closed.elapsed()
    );
    assert_eq!(state(&engine).await.throttles, 0);
}

#[tokio::test]
async fn a_full_window_of_our_own_needs_no_header() {
    let directory = tempfile::tempdir().unwrap();
    let vendor =
        first_answers(|| Reply::json(200, "{}").with("RateLimit", r#""minute";r=0;t=3000"#)).await;
    let limits = "[[targets.erp.limits]]\nname = \"window\"\ncalls = 1\nper = \"500ms\"\n";
    let engine = open(&config(directory.path(), &vendor, limits, ONE_CALL));
    for _ in 0..2 {
        send(&engine, "erp-medium", CALL).await;
    }
    until(async || (vendor.seen().len() == 2).then_some(())).await;
    assert_eq!(state(&engine).await.closed_by_headers, 0);
}

#[tokio::test]
async fn a_limit_above_the_vendors_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = first_answers(|| {
        Reply::json(200, "{}").with("RateLimit-Policy", r#""default";q=100;w=60"#)
    })
    .await;
    let limits = "[[targets.erp.limits]]\nname = \"minute\"\ncalls = 600\nper = \"1m\"\n";
    let engine = open(&config(directory.path(), &vendor, limits, ONE_CALL));
    send(&engine, "erp-medium", CALL).await;
    until(async || (!state(&engine).await.vendor_limits.is_empty()).then_some(())).await;
    let told = state(&engine).await.vendor_limits.remove(0);
    assert_eq!(
        (told.name.as_str(), told.limit, told.per_ms),
        ("default", Some(100), Some(60_000))
    );
    assert_eq!(
        told.disagreement.as_deref(),
        Some("the vendor says 100 calls in 1m, the configuration says 600 (limit minute)")
    );
}

#[tokio::test]
async fn a_throttle_under_our_own_limit_is_told_and_the_target_reopens_with_a_ramp() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = first_answers(|| Reply::json(429, "{}").with("Retry-After", "1")).await;
    let limits = "[[targets.erp.limits]]\nname = \"minute\"\ncalls = 600\nper = \"1m\"\n";
    let engine = open(&config(directory.path(), &vendor, limits, ONE_CALL));
    // Alone: a good answer to a call that left later would show that the trouble is not the whole account's.
    send(&engine, "erp-medium", CALL).await;
    until(async || (state(&engine).await.throttles > 0).then_some(())).await;
    for _ in 0..3 {
        send(&engine, "erp-medium", CALL).await;
    }
    let seen = state(&engine).await;
    assert_eq!(seen.throttles_under_our_limit, 1, "{seen:?}");
    assert_eq!(holder(&seen), Some(Holder::VendorPause));
    // The refused call is made again; each good answer widens the ramp by one.
    until(async || (vendor.seen().len() >= 5).then_some(())).await;
    until(async || (state(&engine).await.in_flight == 0).then_some(())).await;
    let seen = state(&engine).await;
    assert!(
        matches!(holder(&seen), Some(Holder::Ramp { width }) if width > 1),
        "{seen:?}"
    );
}

#[tokio::test]
async fn a_person_can_forget_what_the_vendor_taught() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = first_answers(|| Reply::json(429, "{}").with("Retry-After", "3000")).await;
    let limits = "[[targets.erp.limits]]\nname = \"minute\"\ncalls = 600\nper = \"1m\"\n";
    let engine = open(&config(directory.path(), &vendor, limits, ONE_CALL));
    send(&engine, "erp-medium", CALL).await;
    until(async || state(&engine).await.vendor.map(|_| ())).await;
    let resume = Pause {
        target: "erp".to_owned(),
        priority: None,
        paused: false,
        forget_throttles: true,
        reason: "the vendor says it was a mistake".to_owned(),
    };
    engine.controls().pause(resume).await.unwrap();
    until(async || (vendor.seen().len() == 2).then_some(())).await;
    let record = engine.controls().list_controls(1).await.unwrap().remove(0);
    assert_eq!(record.change, "resume, and forget what throttles taught");
}
