//! A secret is never shown: not by Debug, not by a report, whatever is wrong with the file.

use crate::{limit, target, toml};

const CANARY: &str = "canary";

#[test]
fn a_configuration_hides_its_secrets_in_debug() {
    let lines = "auth = { kind = \"basic\", username = \"u\", password = \"${env:TOKEN}\" }\n\
                 headers = { apiKey = \"${file:secret.txt}\" }";
    let text = format!(
        "[server]\ncredentials = [{{ access_key_id = \"A\", secret = \"${{env:TOKEN}}\", rights = [\"read\"] }}]\n{}",
        target(lines)
    );
    let config = toml(&text).unwrap();
    let shown = format!("{config:?} {config:#?}");
    assert!(!shown.contains(CANARY), "{shown}");
}

#[test]
fn a_report_shows_no_secret_whatever_is_wrong() {
    let bearer = "auth = { kind = \"bearer\", secret = \"canary\" }";
    let texts = [
        target(bearer),
        target("auth = { kind = \"bearer\", token = \"canary\" }"),
        target("auth = { kind = \"basic\", username = \"u\", pasword = \"canary\" }"),
        target("auth = { kind = \"canary-kind\", secret = \"canary\" }").replace("canary-kind", "x"),
        target("auth = \"canary\""),
        target("password = \"canary\""),
        target("headers = { Host = \"canary\" }"),
        target("headers = { \"a b\" = \"canary\", X = \"canary\\n\" }"),
        target("headers = { X = \"${env:BROKEN}\" }"),
        target("auth = { kind = \"bearer\", secret = \"${env:BROKEN}\" }"),
        target("auth = { kind = \"oauth1\", consumer_secret = \"canary\" }"),
        target("auth = { kind = \"oauth2-m2m\", client_id = \"a\", certificate_id = \"b\", key = \"canary\" }"),
        "[targets.a]\nbase_url = \"https://user:canary@vendor.test\"".to_owned(),
        "[targets.a]\nbase_url = \"https://user:canary@vendor.test".to_owned(),
        "[targets.a]\nbase_url = \"${env:TOKEN}\"".to_owned(),
        "[server]\ncredentials = [{ access_key_id = \"canary\", secret = \"canary\", rights = [] }]".to_owned(),
        "[server]\nregion = \"${env:TOKEN}x y\"".to_owned(),
        format!("{}timeout = 5 5", target(bearer)),
        "password = \"canary".to_owned(),
        "secret = '''\ncanary\n".to_owned(),
        limit(&format!("concurrency = 1\n{bearer}")),
    ];
    for text in texts {
        let report = toml(&text).unwrap_err();
        let shown = format!(
            "{report} {report:?} {} {}",
            report.render(true),
            report.to_json()
        );
        assert!(!shown.contains(CANARY), "{text}\n{shown}");
    }
}
