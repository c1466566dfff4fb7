//! The demo, and the mock and the benchmark beside it, run as a user runs them: the real binary, a real data directory,
//! the stand-in vendor as the judge.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// Runs `rampmeter demo --json` with these arguments on a directory.
fn demo(data_dir: &Path, arguments: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rampmeter"));
    command
        .args(["demo", "--json", "--data-dir"])
        .arg(data_dir)
        .args(arguments.split_whitespace());
    command.output().expect("the binary can be run")
}

/// The one object on standard output; panics with standard error if there is none.
fn report(output: &Output) -> Value {
    let stderr = String::from_utf8_lossy(&output.stderr);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {stderr}"))
}

fn assert_succeeded(output: &Output) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{stderr}");
}

fn number(report: &Value, pointer: &str) -> u64 {
    let value = report.pointer(pointer).and_then(Value::as_u64);
    value.unwrap_or_else(|| panic!("{pointer} is a whole number in {report}"))
}

#[test]
fn every_execution_succeeds_and_the_vendor_sees_no_violation() {
    let directory = tempfile::tempdir().unwrap();
    let output = demo(
        directory.path(),
        "--executions 60 --seed 5 --concurrency 6 --latency-mean 50ms --latency-p99 150ms",
    );
    let report = report(&output);
    assert_succeeded(&output);
    assert_eq!(report["schema"], "rampmeter.demo/1");
    for (pointer, expected) in [
        ("/executions/started", 60),
        ("/executions/succeeded", 60),
        ("/executions/failed", 0),
        ("/calls/made", 60),
        ("/calls/rejected", 0),
        ("/vendor/limit_in_flight", 6),
        ("/vendor/limit_in_window", 6_000),
        ("/vendor/max_in_window", 60),
        ("/vendor/violations", 0),
    ] {
        assert_eq!(number(&report, pointer), expected, "{pointer} in {report}");
    }
    assert!(
        (1..=6).contains(&number(&report, "/vendor/max_in_flight")),
        "{report}"
    );
    assert!(report.get("crash").is_none());
}

#[test]
fn the_report_has_every_field_that_is_promised() {
    let directory = tempfile::tempdir().unwrap();
    let output = demo(
        directory.path(),
        "--executions 40 --concurrency 4 --latency-mean 200ms --latency-p99 500ms",
    );
    let report = report(&output);
    assert_succeeded(&output);
    for pointer in [
        "/vendor/latency_ms/p50",
        "/vendor/latency_ms/p99",
        "/utilisation",
        "/seconds",
    ] {
        let value = report.pointer(pointer).and_then(Value::as_f64);
        assert!(
            value.is_some_and(|value| value > 0.0),
            "{pointer} in {report}"
        );
    }
    for priority in ["HIGH", "MEDIUM", "BATCH"] {
        let wait = |name: &str| {
            let value = report.pointer(&format!("/wait_ms/{priority}/{name}"));
            value
                .and_then(Value::as_f64)
                .unwrap_or_else(|| panic!("{priority} {name} in {report}"))
        };
        let ranks = [wait("p50"), wait("p95"), wait("p99"), wait("max")];
        assert!(
            ranks[0] >= 0.0 && ranks.is_sorted(),
            "{priority}: {ranks:?}"
        );
    }
    for priority in ["MEDIUM", "BATCH"] {
        number(&report, &format!("/deferrals/{priority}"));
    }
    let data_dir = Path::new(report["data_dir"].as_str().unwrap());
    assert_eq!(data_dir, directory.path().canonicalize().unwrap());
    for file in ["rampmeter.db", "rampmeter.toml", "order-sync.asl.json"] {
        assert!(data_dir.join(file).is_file(), "{file} is kept for `serve`");
    }
}

#[test]
fn a_tight_window_is_kept() {
    let directory = tempfile::tempdir().unwrap();
    // More orders than a minute admits would take a minute; just as many must not.
    let output = demo(
        directory.path(),
        "--executions 30 --calls-per-minute 30 --latency-mean 10ms --latency-p99 30ms",
    );
    let report = report(&output);
    assert_succeeded(&output);
    assert_eq!(number(&report, "/vendor/max_in_window"), 30);
    assert_eq!(number(&report, "/vendor/limit_in_window"), 30);
    assert_eq!(number(&report, "/vendor/violations"), 0);
}

#[test]
fn kills_lose_nothing_repeat_with_the_same_key_and_break_no_limit() {
    let directory = tempfile::tempdir().unwrap();
    let output = demo(directory.path(), "--executions 150 --seed 3 --crash 2");
    let report = report(&output);
    assert_succeeded(&output);
    for (pointer, expected) in [
        ("/executions/started", 150),
        ("/executions/succeeded", 150),
        ("/executions/failed", 0),
        ("/calls/rejected", 0),
        ("/vendor/violations", 0),
        ("/crash/kills", 2),
        ("/crash/repeated_with_other_key", 0),
        ("/crash/missing", 0),
        ("/crash/duplicate_outcomes", 0),
    ] {
        assert_eq!(number(&report, pointer), expected, "{pointer} in {report}");
    }
    let in_flight = report["crash"]["in_flight_at_kill"].as_array().unwrap();
    assert_eq!(in_flight.len(), 2);
    assert!(
        in_flight.iter().all(|calls| calls.as_u64() > Some(0)),
        "{in_flight:?}"
    );
    assert!(number(&report, "/crash/unknown") > 0, "{report}");
    let made = number(&report, "/calls/made");
    assert_eq!(made, 150 + number(&report, "/crash/repeated"), "{report}");
}

/// The test of the test above: with the fault planted, the vendor must see it.
#[test]
fn slots_freed_too_early_after_a_kill_are_seen_as_violations() {
    let directory = tempfile::tempdir().unwrap();
    // The first kill comes when the first four calls have ended: the next four have two seconds to go, and more orders
    // wait, so a process that forgets them starts too many.
    let output = demo(
        directory.path(),
        "--executions 12 --concurrency 4 --crash 2 --free-slots-after-restart \
         --longest 3s --latency-mean 2s --latency-p99 2200ms",
    );
    let report = report(&output);
    assert_eq!(
        output.status.code(),
        Some(1),
        "a violation is a failed run: {report}"
    );
    assert!(number(&report, "/vendor/violations") > 0, "{report}");
    assert!(number(&report, "/crash/kills") > 0, "{report}");
    assert_eq!(number(&report, "/crash/missing"), 0, "{report}");
}

#[test]
fn a_directory_that_is_not_empty_is_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let mine = directory.path().join("mine.txt");
    std::fs::write(&mine, "keep").unwrap();
    let output = demo(directory.path(), "--executions 1");
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        stderr.contains("error[RM2030]") && stderr.contains("not empty"),
        "{stderr}"
    );
    assert_eq!(std::fs::read_to_string(&mine).unwrap(), "keep");
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
}

#[test]
fn figures_that_no_vendor_has_are_a_usage_error() {
    let directory = tempfile::tempdir().unwrap();
    for wrong in [
        "--executions 0",
        "--concurrency 0",
        "--calls-per-minute 0",
        "--crash 0",
    ] {
        let output = demo(directory.path(), wrong);
        assert_eq!(output.status.code(), Some(2), "{wrong}");
    }
}

#[test]
fn the_mock_serves_until_it_is_asked_to_end_and_then_reports() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rampmeter"));
    command.args([
        "mock",
        "netsuite",
        "--port",
        "0",
        "--json",
        "--latency-mean",
        "0ms",
    ]);
    let mut mock = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut stdout = BufReader::new(mock.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap();
    let address = ready["url"]
        .as_str()
        .unwrap()
        .strip_prefix("http://")
        .unwrap();

    let mut connection = TcpStream::connect(address).unwrap();
    let body = r#"{"memo":"one"}"#;
    let length = body.len();
    let request = format!(
        "PUT /services/rest/record/v1/salesOrder/eid:SO-1 HTTP/1.1\r\nHost: {address}\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    connection.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");

    let asked = Command::new("kill")
        .arg("-TERM")
        .arg(mock.id().to_string())
        .status()
        .unwrap();
    assert!(asked.success());
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    assert_eq!(mock.wait().unwrap().code(), Some(0));
    let report: Value = serde_json::from_str(&rest).unwrap();
    assert_eq!(report["schema"], "rampmeter.mock-report/1");
    assert_eq!(
        (number(&report, "/accepted"), number(&report, "/records")),
        (1, 1)
    );
}

#[test]
fn every_vendor_has_a_mock_that_says_whose_it_is() {
    for vendor in ["netsuite", "salesforce", "sap", "http"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rampmeter"));
        command.args(["mock", vendor, "--port", "0", "--json"]);
        let mut mock = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(mock.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(ready["vendor"], vendor);
        let terminate = Command::new("kill")
            .arg("-TERM")
            .arg(mock.id().to_string())
            .status();
        assert!(terminate.unwrap().success());
        let mut rest = String::new();
        stdout.read_to_string(&mut rest).unwrap();
        assert_eq!(mock.wait().unwrap().code(), Some(0), "{vendor}");
        let report: Value = serde_json::from_str(&rest).unwrap();
        assert_eq!(report["vendor"], vendor);
    }
}

#[test]
fn the_benchmark_runs_every_execution_to_its_end() {
    let directory = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_rampmeter"));
    command.args([
        "bench",
        "--json",
        "--executions",
        "200",
        "--clients",
        "8",
        "--data-dir",
    ]);
    let output = command.arg(directory.path()).output().unwrap();
    let report = report(&output);
    assert_succeeded(&output);
    assert_eq!(report["schema"], "rampmeter.bench/1");
    assert_eq!(
        number(&report, "/succeeded"),
        205,
        "200 at full load and 5 one by one"
    );
    assert_eq!(report["disk_syncs_per_second"].as_array().unwrap().len(), 2);
}
