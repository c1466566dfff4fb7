//! Whose trouble it is when calls go wrong: the account's, which costs no call an attempt, or a single call's, which
//! does not close the target.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rampmeter_config::Config;
use rampmeter_dispatch::{Holder, Trouble};
use rampmeter_engine::{Engine, ExecutionStatus, TargetState};

use crate::support::queues::send;
use crate::support::vendor::Seen;
use crate::support::{ONE_CALL, Reply, Vendor, config, ended, open, order, start, until};

const LIMITS: &str = "timeout = \"2s\"\nhold_after_timeout = \"100ms\"\n\
     retry = { max_attempts = 3, initial = \"10ms\", max = \"20ms\", max_throttles = 4 }\n\
     [[targets.erp.limits]]\nname = \"account\"\nconcurrency = 2\n\
     [[targets.erp.limits]]\nname = \"minute\"\ncalls = 1000\nper = \"1m\"\n";

/// An address where nobody listens yet.
pub(super) fn deserted() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a loopback port");
    listener.local_addr().expect("it is bound")
}

/// The configuration of a target whose vendor has that address.
pub(super) async fn config_at(directory: &std::path::Path, address: SocketAddr) -> Config {
    let other = Vendor::start(|_| Reply::Cut).await;
    let mut config = config(directory, &other, LIMITS, ONE_CALL);
    let erp = config.targets.get_mut("erp").expect("it is configured");
    erp.profile.base_url = format!("http://{address}").parse().expect("a URL");
    config
}

async fn state(engine: &Engine) -> TargetState {
    let targets = engine.calls().targets().await;
    targets.expect("the engine runs").remove(0)
}

/// Waits until the target is closed for this kind of trouble.
pub(super) async fn closed_for(engine: &Engine, kind: Trouble) -> TargetState {
    until(async || {
        let state = state(engine).await;
        let vendor = state.vendor.as_ref()?;
        let is_so = matches!(vendor.held_by, Holder::Trouble { kind: found, .. } if found == kind);
        is_so.then_some(state)
    })
    .await
}

pub(super) async fn start_some(engine: &Engine, count: usize) -> Vec<String> {
    let mut arns = Vec::new();
    for number in 0..count {
        let key = format!("SO-{number}");
        let started = start(engine, &key, &order("high", &key)).await;
        arns.push(started.execution_arn);
    }
    arns
}

async fn all_succeed(engine: &Engine, arns: &[String]) {
    for arn in arns {
        let ended = ended(engine, arn).await;
        assert_eq!(
            ended.summary.status,
            ExecutionStatus::Succeeded,
            "{ended:?}"
        );
    }
    let figures = engine.calls().figures().await.expect("the engine runs");
    assert_eq!(figures.targets[0].dead_letters, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vendor_that_is_away_costs_no_attempt_and_no_place_and_work_goes_on_when_it_is_back() {
    let directory = tempfile::tempdir().unwrap();
    let address = deserted();
    let engine = open(&config_at(directory.path(), address).await);
    let arns = start_some(&engine, 20).await;
    let closed = closed_for(&engine, Trouble::Unreachable).await;
    assert_eq!((closed.held, closed.in_flight), (0, 0));
    assert!(
        closed.limits.iter().all(|limit| limit.used == 0),
        "{closed:?}"
    );
    let errors = closed.errors.expect("the last error is known");
    assert!(errors.last.contains("refused"), "{errors:?}");
    assert!(errors.since.is_some());
    let calls = engine.calls().list_calls(100).await.unwrap();
    assert_eq!(calls.len(), 20);
    let first = calls[0].why.words(calls[0].at);
    assert!(
        first.starts_with("the vendor, which cannot be reached"),
        "{first}"
    );

    let vendor = Vendor::start_at(address, |_| Reply::json(200, "{}")).await;
    all_succeed(&engine, &arns).await;
    assert_eq!(vendor.seen().len(), 20);
    let open = state(&engine).await;
    assert!(!matches!(
        open.vendor.map(|vendor| vendor.held_by),
        Some(Holder::Trouble { .. })
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lone_call_waits_for_a_vendor_that_is_away() {
    let directory = tempfile::tempdir().unwrap();
    let address = deserted();
    let engine = open(&config_at(directory.path(), address).await);
    let arns = start_some(&engine, 1).await;
    closed_for(&engine, Trouble::Unreachable).await;
    let _vendor = Vendor::start_at(address, |_| Reply::json(200, "{}")).await;
    all_succeed(&engine, &arns).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_target_is_closed_after_a_restart_and_its_last_error_is_known() {
    let directory = tempfile::tempdir().unwrap();
    let address = deserted();
    let config = config_at(directory.path(), address).await;
    let engine = open(&config);
    let arns = start_some(&engine, 5).await;
    let before = closed_for(&engine, Trouble::Unreachable).await;
    engine.shut_down().await;
    drop(engine);

    let engine = open(&config);
    let after = closed_for(&engine, Trouble::Unreachable).await;
    let since = |state: &TargetState| state.vendor.as_ref().and_then(|vendor| vendor.since);
    assert_eq!(since(&after), since(&before));
    assert!(after.errors.is_some());
    let _vendor = Vendor::start_at(address, |_| Reply::json(200, "{}")).await;
    all_succeed(&engine, &arns).await;
}

/// A vendor whose answers the test changes: a number of further answers with this status code, then good ones.
async fn until_told(status: u16) -> (Arc<Vendor>, Arc<AtomicUsize>) {
    let well = Arc::new(AtomicUsize::new(0));
    let answers = Arc::clone(&well);
    let vendor = Vendor::start(move |_| match answers.load(Ordering::SeqCst) {
        0 => Reply::json(status, "{}"),
        _ => Reply::json(200, "{}"),
    })
    .await;
    (vendor, well)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_token_fails_no_call_and_work_goes_on_when_it_is_good_again() {
    let directory = tempfile::tempdir().unwrap();
    let (vendor, well) = until_told(401).await;
    let engine = open(&config(directory.path(), &vendor, LIMITS, ONE_CALL));
    let arns = start_some(&engine, 12).await;
    let closed = closed_for(&engine, Trouble::SignInRefused).await;
    assert!(closed.errors.expect("it is known").last.starts_with("401"));
    well.store(1, Ordering::SeqCst);
    all_succeed(&engine, &arns).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_overload_of_all_calls_fails_none() {
    for status in [502, 503] {
        let directory = tempfile::tempdir().unwrap();
        let (vendor, well) = until_told(status).await;
        let engine = open(&config(directory.path(), &vendor, LIMITS, ONE_CALL));
        let arns = start_some(&engine, 6).await;
        closed_for(&engine, Trouble::Unreachable).await;
        well.store(1, Ordering::SeqCst);
        all_succeed(&engine, &arns).await;
    }
}

/// A vendor that refuses one path in this way and accepts all others.
async fn with_one_bad_path(refusal: fn() -> Reply) -> Arc<Vendor> {
    Vendor::start(move |seen: &Seen| {
        if seen.path == "/orders/SO-0" {
            refusal()
        } else {
            Reply::json(200, "{}")
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_always_throttled_fails_in_the_end_and_holds_nobody_up() {
    for refusal in [(|| Reply::json(503, "{}")) as fn() -> Reply, || {
        Reply::json(429, "{}")
    }] {
        let directory = tempfile::tempdir().unwrap();
        let vendor = with_one_bad_path(refusal).await;
        let engine = open(&config(directory.path(), &vendor, LIMITS, ONE_CALL));
        let arns = start_some(&engine, 10).await;
        for arn in &arns[1..] {
            let ended = ended(&engine, arn).await;
            assert_eq!(
                ended.summary.status,
                ExecutionStatus::Succeeded,
                "{ended:?}"
            );
        }
        let bad = ended(&engine, &arns[0]).await;
        assert_eq!(bad.error.as_deref(), Some("Rampmeter.Throttled"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_alone_is_refused_for_its_credentials_fails_with_its_status() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = with_one_bad_path(|| Reply::json(401, "{}")).await;
    let engine = open(&config(directory.path(), &vendor, LIMITS, ONE_CALL));
    let arns = start_some(&engine, 4).await;
    let bad = ended(&engine, &arns[0]).await;
    assert_eq!(bad.error.as_deref(), Some("Http.StatusCode.401"));
    for arn in &arns[1..] {
        let ended = ended(&engine, arn).await;
        assert_eq!(
            ended.summary.status,
            ExecutionStatus::Succeeded,
            "{ended:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_set_back_says_so_and_its_refusals_are_counted_over_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = with_one_bad_path(|| Reply::json(429, "{}").with("retry-after", "86400")).await;
    let config = config(directory.path(), &vendor, LIMITS, ONE_CALL);
    let engine = open(&config);
    // Others have succeeded when it is refused, so that it is its own trouble.
    send(&engine, "erp-high", r#"{"Method":"GET","Path":"/1"}"#).await;
    until(async || (vendor.seen().len() == 1).then_some(())).await;
    let arns = start_some(&engine, 3).await;
    for arn in &arns[1..] {
        ended(&engine, arn).await;
    }
    let set_back = async |engine: &Engine| {
        until(async || {
            let calls = engine.calls().list_calls(10).await.unwrap();
            let call = calls.into_iter().next()?;
            matches!(call.why.held_by, Holder::SetBack { refusals: 1 }).then_some(call)
        })
        .await
    };
    let call = set_back(&engine).await;
    let words = call.why.words(call.at);
    assert!(
        words.starts_with("the vendor, which refused it while it answers others"),
        "{words}"
    );
    engine.shut_down().await;
    drop(engine);
    let engine = open(&config);
    set_back(&engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_that_the_vendor_asks_for_is_kept_after_a_throttle_for_calls_in_flight() {
    for (reply, signal) in [
        (
            (|| Reply::json(409, r#"{"code":"BUSY"}"#).with("retry-after", "1")) as fn() -> Reply,
            "",
        ),
        (|| Reply::json(409, r#"{"code":"BUSY"}"#), "pause = \"1s\""),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let answered = AtomicUsize::new(0);
        let times = Arc::new(std::sync::Mutex::new(Vec::new()));
        let seen_at = Arc::clone(&times);
        let vendor = Vendor::start(move |_| {
            seen_at.lock().unwrap().push(Instant::now());
            match answered.fetch_add(1, Ordering::SeqCst) {
                0 => reply(),
                _ => Reply::json(200, "{}"),
            }
        })
        .await;
        let target = format!(
            "{LIMITS}[[targets.erp.signals]]\nstatus = 409\ncode = \"BUSY\"\nmeans = \"concurrency\"\n{signal}\n"
        );
        let engine = open(&config(directory.path(), &vendor, &target, ONE_CALL));
        let arns = start_some(&engine, 1).await;
        all_succeed(&engine, &arns).await;
        let times = times.lock().unwrap();
        assert!(times[1] - times[0] >= Duration::from_secs(1), "{times:?}");
    }
}
