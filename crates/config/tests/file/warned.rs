//! Files that can be used but are probably not as intended: each gets a warning with its place, and is read all
//! the same.

use rampmeter_config::{Code, Severity};

use crate::cases::Case;
use crate::{limit, target, toml};

/// A file with one warning: its text, the warning's code, and the text at its place.
pub(crate) fn cases() -> Vec<Case> {
    let limited = |more: &str| {
        format!(
            "[targets.a]\nbase_url = \"https://vendor.test\"\nlimits = [{{ name = \"l\", concurrency = 1 }}]\n{more}"
        )
    };
    let bearer = |variable: &str| {
        limited(&format!(
            "auth = {{ kind = \"bearer\", secret = \"${{env:{variable}}}\" }}"
        ))
    };
    let second = "[targets.b]\nbase_url = \"https://vendor.test/api\"\nlimits = [{ name = \"l\", concurrency = 1 }]";
    vec![
        (
            "[targets.a]\nbase_url = \"https://vendor.test\"\nlimits = []".to_owned(),
            Code::NoLimit,
            "[]",
        ),
        (
            "[targets.a]\nbase_url = \"https://vendor.test\"".to_owned(),
            Code::NoLimit,
            "[targets.a]",
        ),
        (limited(second), Code::SharedAccount, "b"),
        (bearer("SCHEME"), Code::OddCredential, "\"${env:SCHEME}\""),
        (bearer("BLANK"), Code::OddCredential, "\"${env:BLANK}\""),
        (bearer("QUOTED"), Code::OddCredential, "\"${env:QUOTED}\""),
        (
            bearer("PLACEHOLDER"),
            Code::OddCredential,
            "\"${env:PLACEHOLDER}\"",
        ),
        (
            "[targets.a]\nbase_url = \"https://vendor.test\"\nlimits = [{ name = \"l\", calls = 1, reset = \"00:00 EST\" }]"
                .to_owned(),
            Code::FixedZone,
            "\"00:00 EST\"",
        ),
        (
            limited("pauses = [{ every = \"18:00-20:00 EST\" }]"),
            Code::FixedZone,
            "\"18:00-20:00 EST\"",
        ),
    ]
}

#[test]
fn what_is_probably_not_meant_is_warned_of_with_its_place_and_read_all_the_same() {
    for (text, code, place) in cases() {
        let config = toml(&text).unwrap_or_else(|report| panic!("{text}: {report}"));
        let problems = config.warnings.problems();
        let found: Vec<_> = problems
            .iter()
            .map(|problem| {
                let place = problem.span.clone().map(|span| &text[span]);
                (problem.code, place, problem.severity)
            })
            .collect();
        assert_eq!(found, [(code, Some(place), Severity::Warning)], "{text}");
    }
}

#[test]
fn two_hosts_of_one_netsuite_account_are_one_account() {
    let targets = ["suitetalk", "restlets"].map(|host| {
        format!(
            "[targets.{host}]\npreset = \"netsuite\"\nbase_url = \"https://1234567.{host}.api.netsuite.com\"\n"
        )
    });
    let config = toml(&targets.concat()).unwrap();
    let codes: Vec<Code> = config
        .warnings
        .problems()
        .iter()
        .map(|problem| problem.code)
        .collect();
    assert_eq!(codes, [Code::SharedAccount]);
}

#[test]
fn a_sound_file_is_warned_of_nothing() {
    let text = limit("concurrency = 1");
    assert_eq!(toml(&text).unwrap().warnings.problems(), []);
}

#[test]
fn typical_mistakes_are_answered_with_what_to_write() {
    let sign_in = |auth: &str| target(&format!("auth = {{ {auth} }}"));
    for (text, part) in [
        (target("timeout = 60"), "write \"60s\" for seconds"),
        (
            sign_in("kind = \"oauth2\""),
            "oauth2-m2m, oauth2-jwt-bearer",
        ),
        (
            sign_in(
                "kind = \"oauth1\", account = \"1234567-sb1\", consumer_key = \"k\", consumer_secret = \"${env:TOKEN}\", access_id = \"i\", access_secret = \"${env:TOKEN}\"",
            ),
            "account = \"1234567_SB1\"",
        ),
        (
            sign_in(
                "kind = \"oauth2-jwt-bearer\", client_id = \"c\", username = \"u\", key = \"${file:rsa.pem}\", audience = \"login.salesforce.com\"",
            ),
            "write it with https://",
        ),
        (
            "[targets.a]\npreset = \"netsuite\"\nbase_url = \"https://1234567.app.netsuite.com\""
                .to_owned(),
            "RESTlets to https://ACCOUNT.restlets.api.netsuite.com",
        ),
    ] {
        let report = toml(&text).unwrap_err().render(false);
        assert!(report.contains(part), "{text}\n{report}");
    }
}

#[test]
fn a_key_in_a_variable_of_one_line_is_a_key() {
    let auth = "kind = \"oauth2-m2m\", client_id = \"c\", certificate_id = \"k\", key = \"${env:ONE_LINE_KEY}\"";
    toml(&target(&format!("auth = {{ {auth} }}"))).unwrap();
}
