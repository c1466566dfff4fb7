//! `simulate`, run as a user runs it: the real binary on files in a directory.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

const CONFIGURATION: &str = r#"
version = 1
[slo]
HIGH = { wait_p95 = "2s", oldest = "30s" }
[targets.crm]
preset = "http"
base_url = "https://crm.example"
auth = { kind = "bearer", secret = "${env:A_SECRET_THAT_IS_NOT_SET}" }
max_deferrals = { MEDIUM = 10, BATCH = 30 }
[[targets.crm.limits]]
name = "account"
concurrency = 2
[[targets.crm.limits]]
name = "minute"
calls = 100
per = "1m"
"#;

/// Twenty BATCH calls at once, each of a second, and every other second a HIGH call of half a second.
fn calls() -> String {
    let mut text = "at_ms,priority,duration_ms\n".to_owned();
    for _ in 0..20 {
        text += "0,BATCH,1000\n";
    }
    for second in 0..10 {
        text += &format!("{},HIGH,500\n", second * 2_000 + 250);
    }
    text
}

fn directory() -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a temporary directory can be made");
    fs::write(directory.path().join("rampmeter.toml"), CONFIGURATION).expect("written");
    fs::write(directory.path().join("calls.csv"), calls()).expect("written");
    directory
}

fn simulate(directory: &Path, arguments: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rampmeter"));
    command
        .current_dir(directory)
        .arg("simulate")
        .args(arguments.split_whitespace());
    command.output().expect("the binary can be run")
}

fn report(output: &Output) -> Value {
    let stderr = String::from_utf8_lossy(&output.stderr);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {stderr}"))
}

/// Exit code 2 and these words on standard error.
fn assert_refused(output: &Output, words: &str) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains(words), "{words} in {stderr}");
    assert!(output.stdout.is_empty());
}

#[test]
fn the_report_reads_as_documented() {
    let directory = directory();
    let output = simulate(directory.path(), "--arrivals calls.csv --vs-single-queue");
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text, include_str!("simulate/report.txt"));
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn the_json_has_the_same_figures_and_repeats() {
    let directory = directory();
    let output = simulate(
        directory.path(),
        "--arrivals calls.csv --json --replications 3",
    );
    assert_eq!(
        output.stdout,
        simulate(
            directory.path(),
            "--arrivals calls.csv --json --replications 3"
        )
        .stdout
    );
    let report = report(&output);
    assert_eq!(report["schema"], "rampmeter.simulate/1");
    assert_eq!(report["passed"], true);
    assert_eq!(report["binding_limit"], "account");
    for (pointer, expected) in [
        ("/priorities/0/calls", 10.0),
        ("/priorities/0/succeeded", 10.0),
        ("/priorities/1/calls", 20.0),
        ("/priorities/1/drain_ms", 12_000.0),
        ("/priorities/1/replications/runs", 3.0),
        ("/priorities/1/replications/drain_ms/half_width", 0.0),
        ("/slots/peak", 2.0),
        ("/vendor/calls", 30.0),
        ("/assumptions/target/limits/0/concurrency", 2.0),
    ] {
        let value = report.pointer(pointer).and_then(Value::as_f64);
        assert_eq!(value, Some(expected), "{pointer} in {report}");
    }
}

#[test]
fn an_objective_that_is_missed_exits_with_1() {
    let directory = directory();
    let output = simulate(
        directory.path(),
        "--arrivals calls.csv --slo HIGH.wait_p95<2s,BATCH.drain<5s",
    );
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(
        text.starts_with("FAIL   1 of 2 objectives missed"),
        "{text}"
    );
    let met = simulate(
        directory.path(),
        "--arrivals calls.csv --slo BATCH.drain<5s --set account=8 --set crm/minute=1000",
    );
    assert_eq!(met.status.code(), Some(0));
}

#[test]
fn options_alone_make_a_workload_and_other_seeds_make_other_runs() {
    let directory = directory();
    let options = "--high 0.5/s --medium 20/m --batch 50@1m --duration 10m --latency-mean 800ms \
                   --latency-p99 2s --failures 0.01 --throttles 0.01 --foreign 0.1/s --json";
    let one = report(&simulate(directory.path(), options));
    let other = report(&simulate(directory.path(), &format!("{options} --seed 2")));
    assert_eq!(one["priorities"].as_array().map(Vec::len), Some(3));
    assert_eq!(one["configuration"], other["configuration"]);
    assert_ne!(one["priorities"], other["priorities"]);
}

#[test]
fn the_picture_is_svg_and_prices_can_be_replaced() {
    let directory = directory();
    fs::write(
        directory.path().join("prices.toml"),
        "as_of = \"2030-01-01\"\nstep_functions_million_transitions = 0.0\n",
    )
    .unwrap();
    let output = simulate(
        directory.path(),
        "--arrivals calls.csv --svg run.svg --prices prices.toml --json",
    );
    let report = report(&output);
    assert_eq!(report["cost"]["prices_as_of"], "2030-01-01");
    let items = report["cost"]["items"].as_array().unwrap();
    assert!(
        items
            .iter()
            .any(|item| item["service"] == "Step Functions" && item["usd"] == 0.0)
    );
    let picture = fs::read_to_string(directory.path().join("run.svg")).unwrap();
    assert!(picture.starts_with("<svg") && picture.ends_with("</svg>\n"));
    assert!(picture.contains("2 slots"));
}

#[test]
fn what_cannot_be_used_is_refused_with_its_place() {
    let directory = directory();
    let file = |name: &str, text: &str| fs::write(directory.path().join(name), text).unwrap();
    file("bad.csv", "0,HIGH\n1,URGENT\n");
    file("bad.toml", "duration = \"8h\"\nspeed = 3\n");
    file("prices.toml", "as_of = 3\n");
    fs::write(directory.path().join("binary.csv"), [0xff, 0xfe, 0x00]).unwrap();
    for (arguments, words) in [
        ("", "no calls"),
        ("--high 1/s", "--latency-mean"),
        ("--high 1", "not a rate"),
        ("--high 1/s --latency-mean 1s --latency-p99 1h", "p99"),
        ("--batch 5@2d --latency-mean 1s", "ends after"),
        (
            "--arrivals bad.csv",
            "bad.csv:2: `URGENT` is not a priority",
        ),
        ("--arrivals binary.csv", "binary.csv cannot be read"),
        ("--arrivals none.csv", "none.csv cannot be read"),
        ("--workload bad.toml", "bad.toml:2:1: unknown field `speed`"),
        (
            "--workload bad.toml --arrivals bad.csv",
            "cannot be used with",
        ),
        ("--from-history nowhere", "nowhere is no directory"),
        ("--from-history .", "error[RM2050]"),
        (
            "--arrivals calls.csv --prices prices.toml",
            "prices.toml:1:9:",
        ),
        (
            "--arrivals calls.csv --set speed=3",
            "it has account, minute",
        ),
        ("--arrivals calls.csv --set account=0", "admits nothing"),
        ("--arrivals calls.csv --set account=many", "no whole number"),
        (
            "--arrivals calls.csv --target erp",
            "there is no target erp",
        ),
        (
            "--arrivals calls.csv --slo HIGH.speed<3s",
            "none of wait_p50",
        ),
        ("--arrivals calls.csv --config none.toml", "none.toml"),
        ("--arrivals calls.csv --replications 0", "--replications"),
    ] {
        assert_refused(&simulate(directory.path(), arguments), words);
    }
}

#[test]
fn a_history_is_replayed_beside_what_was_recorded() {
    let directory = tempfile::tempdir().expect("a temporary directory can be made");
    let data_dir = directory.path().join("data");
    let mut demo = Command::new(env!("CARGO_BIN_EXE_rampmeter"));
    demo.args([
        "demo",
        "--json",
        "--executions",
        "60",
        "--concurrency",
        "6",
        "--data-dir",
    ])
    .arg(&data_dir)
    .args(["--latency-mean", "50ms", "--latency-p99", "150ms"]);
    let ran = demo.output().expect("the binary can be run");
    assert_eq!(
        ran.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );

    let arguments = "--config data/rampmeter.toml --from-history data --json";
    let report = report(&simulate(directory.path(), arguments));
    let priorities = report["priorities"].as_array().unwrap();
    let calls: Vec<_> = priorities
        .iter()
        .map(|one| one["calls"].as_u64().unwrap())
        .collect();
    assert_eq!(calls, [12, 18, 30]);
    for one in priorities {
        assert_eq!(one["succeeded"], one["calls"]);
        assert!(one["recorded_wait_ms"]["p95"].as_f64().is_some(), "{one}");
        assert!(one["agrees_with_recorded"].is_boolean(), "{one}");
    }
    let peak = report["slots"]["peak"].as_u64();
    assert!(peak.is_some_and(|peak| (1..=6).contains(&peak)), "{report}");
}
