//! What a preset gives a target, and what a target overrides.

use std::borrow::Cow;
use std::net::IpAddr;
use std::time::Duration;

use rampmeter_call::{OnUnknown, job::Polling};
use rampmeter_caller::Jobs;
use rampmeter_caller::reconcile::Found;
use rampmeter_caller::vendor::{Condition, Idempotency, Test};
use rampmeter_caller::{Meaning, admits};
use rampmeter_config::Target;
use rampmeter_dispatch::{Counts, LimitKind};

use crate::{target, toml};

fn read(lines: &str) -> Target {
    let mut config = toml(&target(lines)).unwrap();
    config.targets.remove("netsuite").unwrap()
}

#[test]
fn a_preset_suggests_limits_where_a_target_names_none() {
    let suggested = read("preset = \"salesforce\"");
    let kinds: Vec<&LimitKind> = suggested
        .rules
        .limits
        .iter()
        .map(|limit| &limit.kind)
        .collect();
    assert_eq!(
        kinds,
        [
            &LimitKind::Concurrency { max: 5 },
            &LimitKind::Window {
                calls: 15_000,
                per: Duration::from_secs(86_400)
            }
        ]
    );
    assert!(suggested.limit_notes["day"].starts_with("suggested: Salesforce allows 15,000"));
    for lines in ["preset = \"salesforce\"\nlimits = []", ""] {
        assert!(read(lines).rules.limits.is_empty(), "{lines}");
    }
    let named =
        "preset = \"netsuite\"\n[[targets.netsuite.limits]]\nname = \"a\"\nconcurrency = 15";
    assert_eq!(read(named).rules.limits.len(), 1);
}

#[test]
fn jobs_are_followed_by_the_preset_or_as_the_target_says() {
    assert_eq!(read("preset = \"netsuite\"").profile.jobs(), Jobs::NetSuite);
    assert_eq!(read("").profile.jobs(), Jobs::None);
    let ignoring = read("preset = \"netsuite\"\njobs = \"none\"");
    assert_eq!(ignoring.profile.jobs(), Jobs::None);
    let own =
        read("jobs = { kind = \"status-monitor\", initial = \"1m\", give_up = \"2h\" }").profile;
    assert_eq!(own.jobs(), Jobs::StatusMonitor);
    let minute = Duration::from_secs(60);
    let polling = Polling {
        initial: minute,
        max: minute,
        give_up: 120 * minute,
    };
    assert_eq!(own.polling, polling);
}

#[test]
fn a_concurrency_limit_says_what_it_counts() {
    let of = |counts: &str| {
        let limit = "[[targets.netsuite.limits]]\nname = \"a\"\nconcurrency = 5\n";
        read(&format!("{limit}{counts}")).rules.limits[0].counts
    };
    assert_eq!(of(""), Counts::Requests);
    assert_eq!(of("counts = \"jobs\""), Counts::Jobs);
    assert_eq!(
        of("counts = \"requests-and-jobs\""),
        Counts::RequestsAndJobs
    );
}

#[test]
fn everything_of_a_preset_can_be_said_otherwise() {
    let read = read(
        "preset = \"sap-odata\"\non_unknown = \"reconcile\"\ncsrf = false\n\
         idempotency = { header = \"X-Request-Id\", quoted = true }\n\
         reconcile = { path = \"/A_SalesOrder?$filter=Ref eq '{/ref}'\", found = \"/value\" }\n\
         allow_networks = [\"10.20.0.0/16\"]\n\
         [[targets.netsuite.signals]]\nstatus = 409\ncode = \"BUSY\"\nmeans = \"window\"\npause = \"7s\"",
    );
    let profile = &read.profile;
    assert_eq!(read.on_unknown, Some(OnUnknown::Reconcile));
    assert!(!profile.csrf());
    assert_eq!(
        *profile.idempotency(),
        Idempotency::Header {
            name: Cow::Borrowed("x-request-id"),
            quoted: true
        }
    );
    let template = profile.reconcile.as_ref().unwrap();
    assert_eq!(template.found, Found::At("/value".to_owned()));
    let private: IpAddr = "10.20.3.4".parse().unwrap();
    assert!(admits(&profile.allow_networks, private));
    let signal = &profile.signals[0];
    assert_eq!(
        (signal.status, signal.code.as_deref()),
        (Some(409), Some("BUSY"))
    );
    assert!(matches!(signal.meaning, Meaning::Throttled(_)));
    assert_eq!(signal.pause, Some(Duration::from_secs(7)));
}

#[test]
fn each_way_to_name_a_call_is_read() {
    for (word, expected) in [
        ("none", Idempotency::None),
        ("repeatability", Idempotency::Repeatability),
        ("sap-gateway", Idempotency::SapGateway),
        (
            "idempotency-key-quoted",
            Idempotency::Header {
                name: Cow::Borrowed("idempotency-key"),
                quoted: true,
            },
        ),
    ] {
        let read = read(&format!("idempotency = \"{word}\""));
        assert_eq!(*read.profile.idempotency(), expected);
    }
}

#[test]
fn plain_http_over_the_internet_is_asked_for_by_name() {
    let text = |more: &str| format!("[targets.a]\nbase_url = \"http://vendor.test\"\n{more}");
    assert!(toml(&text("")).is_err());
    let config = toml(&text("allow_plaintext = true")).unwrap();
    assert!(config.targets["a"].profile.allow_plaintext);
    let token = |more: &str| {
        target(&format!(
            "auth = {{ kind = \"oauth2-client-credentials\", client_id = \"c\", client_secret = \"${{env:TOKEN}}\", token_url = \"http://vendor.test/t\" }}\n{more}"
        ))
    };
    assert!(toml(&token("")).is_err());
    assert!(toml(&token("allow_plaintext = true")).is_ok());
}

#[test]
fn this_machine_is_reached_where_it_is_plainly_meant() {
    let local: IpAddr = "127.0.0.1".parse().unwrap();
    let allowed = |url: &str| {
        let text = format!("[targets.a]\nbase_url = \"{url}\"");
        let config = toml(&text).unwrap();
        admits(&config.targets["a"].profile.allow_networks, local)
    };
    assert!(
        allowed("http://127.0.0.1:9000")
            && allowed("http://localhost")
            && allowed("http://[::1]:1/x")
    );
    assert!(!allowed("https://vendor.test"));
    let token = target(
        "auth = { kind = \"oauth2-client-credentials\", client_id = \"c\", client_secret = \"${env:TOKEN}\", token_url = \"http://localhost:1/t\" }",
    );
    assert!(admits(
        &toml(&token).unwrap().targets["netsuite"]
            .profile
            .allow_networks,
        local
    ));
}

#[test]
fn a_signal_asks_for_headers_json_xml_and_text() {
    let read = |when: &str| {
        let signal = format!("signals = [{{ status = 403, when = {when}, means = \"window\" }}]");
        let mut config = toml(&target(&signal)).unwrap_or_else(|report| panic!("{when}: {report}"));
        let profile = config.targets.remove("netsuite").unwrap().profile;
        profile.signals[0].when.to_vec()
    };
    assert_eq!(
        read("{ header = \"X-RateLimit-Remaining\", is = 0 }"),
        [Condition::header("x-ratelimit-remaining", "0")]
    );
    assert_eq!(
        read("{ json = \"/error/errors/*/reason\", is = \"quotaExceeded\" }"),
        [Condition::json("/error/errors/*/reason", "quotaExceeded")]
    );
    assert_eq!(
        read(
            "[{ xml = \"Error@code\", starts_with = \"300\" }, { contains = \"Throttle\" }, { header = \"retry-after\" }]"
        ),
        [
            Condition::Xml {
                place: "Error@code".into(),
                value: Test::StartsWith("300".into()),
            },
            Condition::Text(Test::Contains("Throttle".into())),
            Condition::Header {
                name: "retry-after".into(),
                value: Test::Present,
            },
        ]
    );
}

#[test]
fn a_condition_that_says_nothing_or_too_much_is_refused() {
    for (when, part) in [
        ("{ }", "a condition says one thing"),
        (
            "{ json = \"/a\", xml = \"b\", is = \"c\" }",
            "about one place",
        ),
        (
            "{ json = \"/a\", is = \"b\", contains = \"c\" }",
            "says one thing",
        ),
        (
            "{ json = \"$.error.errors[0].reason\", is = \"b\" }",
            "write \"/error/errors/0/reason\"",
        ),
        ("{ xml = \"ns:Error\", is = \"b\" }", "without namespaces"),
        (
            "{ header = \"a b\", is = \"b\" }",
            "not the name of a header",
        ),
        ("{ heder = \"a\" }", "did you mean `header`?"),
    ] {
        let signal = format!("signals = [{{ status = 403, when = {when}, means = \"window\" }}]");
        let report = toml(&target(&signal)).unwrap_err().render(false);
        assert!(report.contains(part), "{when}\n{report}");
    }
}
