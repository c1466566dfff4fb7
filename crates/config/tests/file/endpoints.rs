//! The endpoints of a target: where they are, what they inherit, and what they require of a
//! sign-in.

use rampmeter_caller::{Auth, Grant};
use rampmeter_config::{Code, Config};

use crate::{problems, target, toml};

const M2M: &str = "auth = { kind = \"oauth2-m2m\", client_id = \"c\", certificate_id = \"k\", key = \"${file:rsa.pem}\" }";

fn netsuite(lines: &str) -> String {
    format!(
        "[targets.netsuite]\npreset = \"netsuite\"\nbase_url = \"https://123456.suitetalk.api.netsuite.com\"\n{lines}\n"
    )
}

fn base_url(config: &Config, endpoint: &str) -> String {
    let profile = &config.targets["netsuite"].profile;
    profile.endpoints[endpoint].profile.base_url.to_string()
}

fn scopes(config: &Config) -> &[String] {
    match &config.targets["netsuite"].profile.auth {
        Auth::OAuth2(oauth2) => match &oauth2.grant {
            Grant::ClientAssertion { scopes, .. } => scopes,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_endpoint_of_the_vendors_needs_no_base_url() {
    let config = toml(&netsuite("endpoints = { restlets = {}, soap = {} }")).unwrap();
    assert_eq!(
        base_url(&config, "restlets"),
        "https://123456.restlets.api.netsuite.com/"
    );
    assert_eq!(
        base_url(&config, "soap"),
        "https://123456.suitetalk.api.netsuite.com/"
    );
    let salesforce = "[targets.netsuite]\npreset = \"salesforce\"\nbase_url = \"https://acme.my.salesforce.com\"\nendpoints = { login = {} }";
    assert_eq!(
        base_url(&toml(salesforce).unwrap(), "login"),
        "https://login.salesforce.com/"
    );
}

#[test]
fn an_endpoint_is_called_as_its_target_is_but_for_what_it_says_itself() {
    let lines = "timeout = \"7s\"\nheaders = { x-a = \"1\", x-b = \"1\" }\nauth = { kind = \"bearer\", secret = \"${env:TOKEN}\" }\n\
        [targets.netsuite.endpoints.plain]\nbase_url = \"https://plain.test/api\"\n\
        [targets.netsuite.endpoints.other]\nbase_url = \"https://other.test\"\npreset = \"salesforce\"\nheaders = { x-b = \"2\" }\nauth = { kind = \"none\" }";
    let config = toml(&target(lines)).unwrap();
    let profile = &config.targets["netsuite"].profile;
    let (plain, other) = (&profile.endpoints["plain"], &profile.endpoints["other"]);
    assert_eq!(plain.profile.timeout, profile.timeout);
    assert!(matches!(plain.profile.auth, Auth::Bearer(_)) && !plain.own_sign_in);
    assert!(matches!(other.profile.auth, Auth::None) && other.own_sign_in);
    assert_eq!(other.profile.preset.as_str(), "salesforce");
    let sent: Vec<(&str, &str)> = other
        .profile
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.expose()))
        .collect();
    assert_eq!(sent, [("x-a", "1"), ("x-b", "2")]);
    let account = &config.targets["netsuite"].account;
    assert!(account.place(Some("other")).is_some() && account.place(Some("third")).is_none());
}

#[test]
fn access_tokens_are_asked_to_serve_the_endpoints_too() {
    let of = |lines: &str| toml(&netsuite(&format!("{M2M}\n{lines}"))).unwrap();
    assert_eq!(scopes(&of("")), ["rest_webservices"]);
    let both = of("endpoints = { restlets = {}, rest = {} }");
    assert_eq!(scopes(&both), ["rest_webservices", "restlets"]);
    let own = of("endpoints = { restlets = { auth = { kind = \"none\" } } }");
    assert_eq!(scopes(&own), ["rest_webservices"]);
}

#[test]
fn what_is_wrong_with_an_endpoint_is_said_at_its_place() {
    let one = |lines: &str| target(&format!("[targets.netsuite.endpoints.second]\n{lines}"));
    for (text, code, place) in [
        (one(""), Code::MissingKey, "second"),
        (
            one("base_url = \"ftp://x.test\""),
            Code::BadBaseUrl,
            "\"ftp://x.test\"",
        ),
        (
            one("base_url = \"https://x.test\"\ntimeout = \"1s\""),
            Code::UnknownKey,
            "timeout",
        ),
        (
            one("base_url = \"http://10.0.0.1\""),
            Code::DeniedAddress,
            "\"http://10.0.0.1\"",
        ),
        (target("endpoints = 1"), Code::WrongType, "1"),
        (
            target("endpoints = { Second = { base_url = \"https://x.test\" } }"),
            Code::BadName,
            "Second",
        ),
    ] {
        assert_eq!(problems(&text).first(), Some(&(code, place)), "{text}");
    }
}

#[test]
fn targets_that_meet_in_an_endpoint_are_one_account_and_a_host_of_all_accounts_says_nothing() {
    let codes = |text: &str| {
        let config = toml(text).unwrap();
        let problems = config.warnings.problems().iter();
        problems.map(|problem| problem.code).collect::<Vec<_>>()
    };
    let one = "limits = [{ name = \"l\", concurrency = 1 }]\n";
    let meets = format!(
        "[targets.a]\nbase_url = \"https://a.test\"\n{one}endpoints = {{ x = {{ base_url = \"https://b.test/x\" }} }}\n\
         [targets.b]\nbase_url = \"https://b.test\"\n{one}"
    );
    assert_eq!(codes(&meets), [Code::SharedAccount]);
    let org = |name: &str| {
        format!(
            "[targets.{name}]\npreset = \"salesforce\"\nbase_url = \"https://{name}.my.salesforce.com\"\n{one}endpoints = {{ login = {{}} }}\n"
        )
    };
    assert_eq!(codes(&(org("a") + &org("b"))), []);
}
