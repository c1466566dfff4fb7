//! The same file on AWS: what differs there, secrets by name, and references without a value.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rampmeter_caller::Auth;
use rampmeter_config::{Code, Report, aws};

use crate::{environment, read_file, toml};

const ORIGIN: &str = "/etc/rm/rampmeter.toml";

const BOTH: &str = r#"
[server]
credentials = [{ access_key_id = "AK", secret = "${env:TOKEN}", rights = ["read"] }]

[targets.netsuite]
base_url = "http://127.0.0.1:4700"
auth = { kind = "bearer", secret = "${env:TOKEN}" }
timeout = "60s"

[targets.sap]
base_url = "https://sap.test"
headers = { apiKey = "${secret:/sap/key}" }
auth = { kind = "oauth2-m2m", client_id = "a", certificate_id = "b", key = "${secret:sap-pem}", token_url = "https://sap.test/t" }

[workflows.order]
definition = "order.asl.json"
substitutions = { Where = "${env:URL}" }

[functions.price]
http = "${env:URL}/price"

[aws]
stack = "orders"

[aws.targets.netsuite]
base_url = "https://1.suitetalk.api.netsuite.com"
auth = { kind = "bearer", secret = "${secret:orders/token}" }
"#;

fn plan(text: &str) -> Result<aws::Plan, Report> {
    aws::plan(text, Path::new(ORIGIN), &environment, &read_file)
}

fn codes(result: Result<impl Sized, Report>) -> Vec<Code> {
    let report = result.err().unwrap();
    report
        .problems()
        .iter()
        .map(|problem| problem.code)
        .collect()
}

#[test]
fn a_plan_has_what_differs_and_the_names_of_the_secrets() {
    let plan = plan(BOTH).unwrap();
    let netsuite = &plan.config.targets["netsuite"];
    assert_eq!(
        netsuite.profile.base_url.as_str(),
        "https://1.suitetalk.api.netsuite.com/"
    );
    assert_eq!(netsuite.timeout.as_secs(), 60);
    let secrets = |target: &str| Vec::from_iter(plan.secrets[target].iter().map(String::as_str));
    assert_eq!(secrets("netsuite"), ["orders/token"]);
    assert_eq!(secrets("sap"), ["/sap/key", "sap-pem"]);
    let workflow = &plan.config.workflows["order"];
    assert!(workflow.source_text.contains("${NetsuiteHigh}"));
    assert_eq!(workflow.substitutions["Where"], "https://vendor.test");
    let place = plan.source.place(&["targets", "netsuite", "base_url"]);
    assert_eq!(
        &plan.source.text()[place],
        "\"https://1.suitetalk.api.netsuite.com\""
    );
    let place = plan.source.place(&["targets", "netsuite", "timeout"]);
    assert_eq!(&plan.source.text()[place], "\"60s\"");
}

#[test]
fn one_machine_reads_the_same_file_and_ignores_what_differs_on_aws() {
    let text = BOTH.replace("${secret:/sap/key}", "${env:TOKEN}");
    let text = text.replace("${secret:sap-pem}", "${file:p256.pem}");
    let config = toml(&text).unwrap();
    let url = config.targets["netsuite"].profile.base_url.as_str();
    assert_eq!(url, "http://127.0.0.1:4700/");
}

#[test]
fn a_worker_has_its_own_target_only_and_its_secrets() {
    let origin = Path::new(ORIGIN);
    let names = aws::secret_names(BOTH, origin, "netsuite").unwrap();
    assert_eq!(names, BTreeSet::from(["orders/token".to_owned()]));
    let secrets = BTreeMap::from([("orders/token".to_owned(), "s3cret\n".to_owned())]);
    let config = aws::target(BOTH, origin, "netsuite", &secrets).unwrap();
    assert_eq!(Vec::from_iter(config.targets.keys()), ["netsuite"]);
    assert!(config.workflows.is_empty() && config.functions.is_empty());
    match &config.targets["netsuite"].profile.auth {
        Auth::Bearer(secret) => assert_eq!(secret.expose(), "s3cret"),
        other => panic!("{other:?}"),
    }
    let missing = aws::target(BOTH, origin, "netsuite", &BTreeMap::new());
    assert_eq!(codes(missing), [Code::MissingSecret]);
}

/// What is refused on AWS only: a file, the code, the text at its place.
pub(crate) fn refused() -> Vec<(String, Code, &'static str)> {
    let with = |old: &str, new: &str| BOTH.replace(old, new);
    vec![
        (
            with("${secret:orders/token}", "${env:TOKEN}"),
            Code::ReferenceOffAws,
            "\"${env:TOKEN}\"",
        ),
        (
            with("${secret:/sap/key}", "${file:secret.txt}"),
            Code::ReferenceOffAws,
            "\"${file:secret.txt}\"",
        ),
        (
            with("\"${secret:orders/token}\"", "\"literal\""),
            Code::LiteralSecret,
            "\"literal\"",
        ),
        (
            with("${secret:orders/token}", "${secret:a b}"),
            Code::BadSecretName,
            "\"${secret:a b}\"",
        ),
        (
            with(
                "Where = \"${env:URL}\"",
                "Where = \"${secret:orders/token}\"",
            ),
            Code::PublicSecret,
            "\"${secret:orders/token}\"",
        ),
    ]
}

#[test]
fn what_leads_nowhere_on_aws_is_shown_at_its_place() {
    for (text, code, place) in refused() {
        let report = plan(&text).unwrap_err();
        let found: Vec<_> = report.problems().iter().collect();
        assert_eq!(found.len(), 1, "{report}");
        assert_eq!(found[0].code, code);
        assert_eq!(found[0].span.clone().map(|span| &text[span]), Some(place));
        let shown = report.to_string();
        assert!(
            shown.contains("= help: ") || shown.contains("= note: "),
            "{shown}"
        );
    }
}

#[test]
fn what_differs_names_targets_and_keys_that_there_are() {
    let text = BOTH.replace("[aws.targets.netsuite]", "[aws.targets.netsuit]");
    assert_eq!(codes(toml(&text)).first(), Some(&Code::ReferenceNotServed));
    let text = "[targets.a]\nbase_url = \"https://a.test\"\n[aws.targets.b]\ntimeout = \"1s\"";
    assert_eq!(codes(toml(text)), [Code::BadName]);
    let text = "[targets.a]\nbase_url = \"https://a.test\"\n[aws.targets.a]\ntimeot = \"1s\"";
    assert_eq!(codes(toml(text)), [Code::UnknownKey]);
}
