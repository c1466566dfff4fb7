//! Files that are right: the sample of the documentation, its JSON twin, and the defaults.

use std::num::NonZeroU32;
use std::time::Duration;

use rampmeter_call::OnUnknown;
use rampmeter_caller::{Auth, Preset};
use rampmeter_config::{Config, Limiter, Worker, WorkflowType};
use rampmeter_dispatch::{CountFrom, DeferralBound, LimitKind, Priority};

use crate::{json, limit, target, toml};

const SAMPLE: &str = r#"
version = 1

[server]
aws = "127.0.0.1:4600"
admin = "[::1]:4580"
data_dir = "data"
account = "123456789012"
region = "eu-central-1"
drain_timeout = "250ms"
retention = "24h"
credentials = [{ access_key_id = "AK", secret = "${env:TOKEN}", rights = ["send", "read"] }]

[slo]
HIGH = { wait_p95 = "2s", oldest = "30s" }

[targets.netsuite]
preset = "netsuite"
base_url = "https://123456.suitetalk.api.netsuite.com"
auth = { kind = "bearer", secret = "${env:TOKEN}" }
timeout = "60s"
hold_after_timeout = "13m"
max_deferrals = { MEDIUM = 10, BATCH = "unlimited" }
on_unknown = "fail"
retry = { max_attempts = 4, initial = "2s", max = "1m" }
redact = ["$.RequestBody.taxId"]
headers = { Prefer = "transient", apiKey = "${file:secret.txt}" }

[[targets.netsuite.limits]]
name = "account"
concurrency = 12
reserve = { HIGH = 2 }
note = "contract 15; 3 left for the warehouse connector"

[[targets.netsuite.limits]]
name = "minute"
calls = 6_00
per = "1m"
count_from = "send"

[workflows.order-to-cash]
definition = "order.asl.json"
type = "STANDARD"
substitutions = { Region = "eu", Rounds = 3, Strict = true }

[functions.fetch-customer]
http = "http://localhost:9000/fetch-customer"

[aws]
stack = "order-sync"
limiter = "reserved"
"#;

const TWIN: &str = r#"{
  "version": 1,
  "server": {
    "aws": "127.0.0.1:4600", "admin": "[::1]:4580", "data_dir": "data", "account": "123456789012",
    "region": "eu-central-1", "drain_timeout": "250ms", "retention": "24h",
    "credentials": [{ "access_key_id": "AK", "secret": "${env:TOKEN}", "rights": ["send", "read"] }]
  },
  "slo": { "HIGH": { "wait_p95": "2s", "oldest": "30s" } },
  "targets": { "netsuite": {
    "preset": "netsuite", "base_url": "https://123456.suitetalk.api.netsuite.com",
    "auth": { "kind": "bearer", "secret": "${env:TOKEN}" },
    "timeout": "60s", "hold_after_timeout": "13m",
    "max_deferrals": { "MEDIUM": 10, "BATCH": "unlimited" },
    "on_unknown": "fail",
    "retry": { "max_attempts": 4, "initial": "2s", "max": "1m" },
    "redact": ["$.RequestBody.taxId"],
    "headers": { "Prefer": "transient", "apiKey": "${file:secret.txt}" },
    "limits": [
      { "name": "account", "concurrency": 12, "reserve": { "HIGH": 2 },
        "note": "contract 15; 3 left for the warehouse connector" },
      { "name": "minute", "calls": 600, "per": "1m", "count_from": "send" }
    ]
  } },
  "workflows": { "order-to-cash": {
    "definition": "order.asl.json", "type": "STANDARD",
    "substitutions": { "Region": "eu", "Rounds": 3, "Strict": true }
  } },
  "functions": { "fetch-customer": { "http": "http://localhost:9000/fetch-customer" } },
  "aws": { "stack": "order-sync", "limiter": "reserved" }
}"#;

#[test]
fn the_sample_is_read_into_its_values() {
    let config = toml(SAMPLE).unwrap();
    assert_eq!(config.server.aws.port(), 4600);
    assert_eq!(config.server.drain_timeout, Duration::from_millis(250));
    assert_eq!(config.server.retention, Duration::from_secs(86_400));
    assert_eq!(config.server.credentials[0].secret.expose(), "canary-env");
    assert_eq!(
        config.slo[&Priority::High].oldest,
        Some(Duration::from_secs(30))
    );
    assert_eq!(config.functions["fetch-customer"].http.port(), Some(9000));
    assert_eq!(config.aws.stack.as_deref(), Some("order-sync"));
    assert_eq!(config.aws.limiter, Limiter::Reserved);
    let workflow = &config.workflows["order-to-cash"];
    assert_eq!(workflow.workflow_type, WorkflowType::Standard);
    assert!(
        workflow
            .definition
            .contains("\"http://127.0.0.1:4600/123456789012/netsuite-high\""),
        "{}",
        workflow.definition
    );
}

#[test]
fn the_samples_target_is_read_into_its_values() {
    let config = toml(SAMPLE).unwrap();
    let target = &config.targets["netsuite"];
    assert_eq!(target.profile.preset, Preset::NetSuite);
    assert!(
        matches!(&target.profile.auth, Auth::Bearer(secret) if secret.expose() == "canary-env")
    );
    let headers: Vec<(&str, &str)> = target
        .profile
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.expose()))
        .collect();
    assert_eq!(
        headers,
        [("prefer", "transient"), ("apikey", "canary-file")]
    );
    assert_eq!(target.hold_after_timeout, Duration::from_secs(13 * 60));
    assert_eq!(target.on_unknown, Some(OnUnknown::Fail));
    assert_eq!(
        (target.retry.max_attempts, target.retry.initial.as_secs()),
        (4, 2)
    );
    assert_eq!(target.redact.len(), 1);
    assert_eq!(target.redact[0].as_str(), "$.RequestBody.taxId");
    assert_eq!(target.limit_notes.len(), 1);

    let [account, minute] = &target.rules.limits[..] else {
        panic!("{:?}", target.rules)
    };
    assert_eq!(account.kind, LimitKind::Concurrency { max: 12 });
    assert_eq!(account.reserve.high, 2);
    assert_eq!(
        minute.kind,
        LimitKind::Window {
            calls: 600,
            per: Duration::from_secs(60)
        }
    );
    assert_eq!(minute.count_from, CountFrom::Send);
    let ten = NonZeroU32::new(10).unwrap();
    assert_eq!(
        target.rules.max_deferrals.medium,
        DeferralBound::AtMost(ten)
    );
    assert_eq!(target.rules.max_deferrals.batch, DeferralBound::Unlimited);
}

#[test]
fn json_of_the_same_schema_reads_to_the_same() {
    let (from_toml, from_json) = (toml(SAMPLE).unwrap(), json(TWIN).unwrap());
    assert_eq!(format!("{from_toml:?}"), format!("{from_json:?}"));
}

#[test]
fn an_empty_file_is_the_default() {
    for config in [
        toml("").unwrap(),
        json("{}").unwrap(),
        Config::from_environment(&|_| None).unwrap(),
    ] {
        assert_eq!(format!("{config:?}"), format!("{:?}", Config::default()));
    }
    let server = Config::default().server;
    assert_eq!(server.aws.to_string(), "127.0.0.1:4566");
    assert_eq!(server.admin.listen.to_string(), "127.0.0.1:4580");
    assert_eq!(
        (server.account.as_str(), server.region.as_str()),
        ("000000000000", "us-east-1")
    );
    assert_eq!(server.drain_timeout, Duration::from_secs(25));
    assert_eq!(server.retention, Duration::from_secs(30 * 86_400));
}

#[test]
fn a_target_needs_only_its_address() {
    let config = toml(&target("")).unwrap();
    let target = &config.targets["netsuite"];
    assert!(matches!(target.profile.auth, Auth::None));
    assert_eq!(target.profile.preset, Preset::Http);
    assert_eq!(target.timeout, Duration::from_secs(60));
    assert_eq!(target.profile.timeout, target.timeout);
    assert_eq!((target.on_unknown, target.worker), (None, Worker::Embedded));
    assert_eq!(
        (target.retry.max_attempts, target.retry.max.as_secs()),
        (5, 120)
    );
    assert_eq!(target.queue(Priority::High), "netsuite-high");
    assert_eq!(target.dead_queue(), "netsuite-dead");
}

#[test]
fn the_hold_after_a_timeout_follows_the_vendors_longest_run() {
    let cases = [
        ("preset = \"netsuite\"", 14 * 60),
        ("preset = \"netsuite\"\ntimeout = \"5m\"", 10 * 60),
        ("preset = \"netsuite\"\ntimeout = \"20m\"", 0),
        ("timeout = \"7s\"", 7),
        ("hold_after_timeout = \"3s\"", 3),
    ];
    for (lines, seconds) in cases {
        let config = toml(&target(lines)).unwrap();
        assert_eq!(
            config.targets["netsuite"].hold_after_timeout.as_secs(),
            seconds,
            "{lines}"
        );
    }
}

#[test]
fn one_bound_of_deferrals_serves_both_lower_priorities() {
    for (value, bound) in [
        ("1", DeferralBound::AtMost(NonZeroU32::MIN)),
        ("\"unlimited\"", DeferralBound::Unlimited),
    ] {
        let config = toml(&target(&format!("max_deferrals = {value}"))).unwrap();
        let bounds = config.targets["netsuite"].rules.max_deferrals;
        assert_eq!((bounds.medium, bounds.batch), (bound, bound));
    }
}

#[test]
fn the_environment_overrides_the_server_section() {
    let environment = |name: &str| match name {
        "RAMPMETER_SERVER__AWS" => Some("0.0.0.0:5000".to_owned()),
        "RAMPMETER_SERVER__DATA_DIR" => Some("/var/lib/rm".to_owned()),
        "RAMPMETER_SERVER__RETENTION" => Some("7d".to_owned()),
        _ => None,
    };
    let config = Config::from_environment(&environment).unwrap();
    assert_eq!(config.server.data_dir.to_str(), Some("/var/lib/rm"));
    assert_eq!(config.server.retention, Duration::from_secs(7 * 86_400));
    // Every interface is reached through the loopback one.
    assert_eq!(
        config.server.queue_url("q"),
        "http://127.0.0.1:5000/000000000000/q"
    );
}

#[test]
fn substitutions_are_predefined_for_each_target() {
    let text = "[targets.sales-force]\nbase_url = \"${env:URL}/api\"";
    let config = toml(text).unwrap();
    assert_eq!(
        config.targets["sales-force"].profile.base_url.as_str(),
        "https://vendor.test/api"
    );
    let names: Vec<String> = config.predefined_substitutions().into_keys().collect();
    assert_eq!(
        names,
        [
            "SalesForceBatch",
            "SalesForceHigh",
            "SalesForceMedium",
            "SalesForceQueues"
        ]
    );
}

#[test]
fn a_file_is_loaded_with_paths_relative_to_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("rampmeter.toml");
    std::fs::create_dir(directory.path().join("flows")).unwrap();
    std::fs::write(directory.path().join("flows/a.asl.json"), "{}").unwrap();
    std::fs::write(&path, "[workflows.a]\ndefinition = \"flows/a.asl.json\"").unwrap();
    let config = Config::load(&path, &|_| None).unwrap();
    assert_eq!(config.workflows["a"].definition, "{}");
    assert_eq!(
        config.workflows["a"].definition_path,
        directory.path().join("flows/a.asl.json")
    );
}

#[test]
fn shares_and_calendar_quotas_are_read() {
    let text = r#"
version = 1
[targets.sales]
base_url = "https://vendor.test"
[[targets.sales.limits]]
name = "day"
calls = 100_000
reset = "00:00 America/New_York"
share = { BATCH = "60%", MEDIUM = 90000 }
"#;
    let config = toml(text).unwrap();
    let limit = &config.targets["sales"].rules.limits[0];
    assert_eq!(limit.share.batch, Some(60_000));
    assert_eq!(limit.share.medium, Some(90_000));
    assert_eq!(limit.share.high, None);
    let LimitKind::Calendar { calls, reset } = &limit.kind else {
        panic!("a limit with a reset goes by the calendar");
    };
    assert_eq!(
        (*calls, reset.to_string().as_str()),
        (100_000, "00:00 America/New_York")
    );
    assert_eq!(
        reset.margin,
        Duration::from_secs(1),
        "where the file does not say"
    );
    let alone = toml(&crate::limit(
        "calls = 1\nper = \"1d\"\nreset_margin = \"2s\"",
    ))
    .unwrap_err();
    assert!(
        alone
            .to_string()
            .contains("`reset_margin` goes with `reset`")
    );
    // Across the change of clocks in November the day has 25 hours.
    let reset_at = |millis| reset.next_reset(rampmeter_dispatch::Time::from_millis(millis));
    assert_eq!(reset_at(1_793_505_600_000).as_millis(), 1_793_595_600_000);
}

#[test]
fn a_duration_may_be_a_sum_of_units() {
    for (text, window) in [("90m", 90), ("1h 30m", 90), ("1h30m", 90), ("1d 2h", 1_560)] {
        let config = toml(&limit(&format!("calls = 5\nper = \"{text}\""))).unwrap();
        let LimitKind::Window { per, .. } = config.targets["netsuite"].rules.limits[0].kind else {
            panic!("a window");
        };
        assert_eq!(per, Duration::from_secs(60 * window), "{text}");
    }
}
