//! The ways to sign in, and what follows from a target's address by default.

use std::time::Duration;

use rampmeter_caller::{Algorithm, Auth, ClientAuthentication, Grant, OAuth2, ScopeForm};

use crate::{target, toml};

fn read(auth: &str) -> Auth {
    let mut config = toml(&target(&format!("auth = {{ {auth} }}"))).unwrap();
    config.targets.remove("netsuite").unwrap().profile.auth
}

fn oauth2(auth: &str) -> OAuth2 {
    let Auth::OAuth2(oauth2) = read(auth) else {
        panic!("{auth}")
    };
    *oauth2
}

#[test]
fn a_sign_in_that_never_changes_is_read() {
    assert!(matches!(read("kind = \"none\""), Auth::None));
    let basic = read("kind = \"basic\", username = \"u\", password = \"${env:TOKEN}\"");
    assert!(matches!(&basic, Auth::Basic { username, password }
        if username == "u" && password.expose() == "canary-env"));
    let key = read("kind = \"api-key\", header = \"APIKey\", key = \"${env:TOKEN}\"");
    assert!(matches!(&key, Auth::ApiKey { header, key }
        if header == "apikey" && key.expose() == "canary-env"));
    let oauth1 = read(
        "kind = \"oauth1\", account = \"1_SB1\", consumer_key = \"ck\", consumer_secret = \"${env:TOKEN}\", \
         access_id = \"id\", access_secret = \"${file:secret.txt}\"",
    );
    assert!(
        matches!(&oauth1, Auth::OAuth1(keys) if keys.account == "1_SB1"
        && keys.consumer_key == "ck" && keys.consumer_secret.expose() == "canary-env"
        && keys.access_id == "id" && keys.access_secret.expose() == "canary-file")
    );
    assert!(!format!("{basic:?} {key:?} {oauth1:?}").contains("canary"));
}

#[test]
fn netsuites_tokens_are_asked_for_at_the_account_itself() {
    let read = oauth2(
        "kind = \"oauth2-m2m\", client_id = \"c\", certificate_id = \"k\", key = \"${file:p256.pem}\"",
    );
    assert_eq!(
        read.token_url.as_str(),
        "https://vendor.test/services/rest/auth/oauth2/v1/token"
    );
    assert_eq!(read.assumed_lifetime, OAuth2::ASSUMED_LIFETIME);
    let Grant::ClientAssertion {
        key,
        scopes,
        scope_form,
        audience,
        ..
    } = &read.grant
    else {
        panic!("{read:?}")
    };
    assert_eq!(key.algorithm(), Algorithm::Es256);
    assert_eq!(scopes, &["rest_webservices"]);
    assert_eq!(*scope_form, ScopeForm::List);
    assert_eq!(audience, read.token_url.as_str());

    let read = oauth2(
        "kind = \"oauth2-m2m\", client_id = \"c\", certificate_id = \"k\", key = \"${file:rsa.pem}\", \
         algorithm = \"PS384\", scope = [\"restlets\", \"rest_webservices\"], scope_form = \"commas\", \
         audience = \"https://a\", token_url = \"http://127.0.0.1:9/t?x=1\", counted = true, assumed_lifetime = \"5m\"",
    );
    assert!(
        matches!(&read.grant, Grant::ClientAssertion { key, scopes, scope_form: ScopeForm::Commas, audience, .. }
            if key.algorithm() == Algorithm::Ps384 && scopes.len() == 2 && audience == "https://a")
    );
    assert_eq!(read.token_url.as_str(), "http://127.0.0.1:9/t?x=1");
    assert!(read.counted && read.assumed_lifetime == Duration::from_secs(300));
    assert!(!format!("{read:?}").contains("PRIVATE"));
}

#[test]
fn salesforces_tokens_are_asked_for_at_the_audience() {
    let sandbox = ", audience = \"https://test.salesforce.com\"";
    for (more, host) in [
        ("", "https://login.salesforce.com"),
        (sandbox, "https://test.salesforce.com"),
    ] {
        let read = oauth2(&format!(
            "kind = \"oauth2-jwt-bearer\", client_id = \"c\", username = \"u@x\", key = \"${{file:rsa.pem}}\"{more}"
        ));
        assert_eq!(
            read.token_url.as_str(),
            format!("{host}/services/oauth2/token")
        );
        assert!(
            matches!(&read.grant, Grant::JwtBearer { audience, username, .. }
                if audience == host && username == "u@x")
        );
    }
}

#[test]
fn client_credentials_say_where_tokens_are() {
    let read = oauth2(
        "kind = \"oauth2-client-credentials\", client_id = \"c\", client_secret = \"${env:TOKEN}\", \
         token_url = \"https://uaa.test/oauth/token\", send_as = \"form\", scope = \"a b\"",
    );
    assert_eq!(read.token_url.as_str(), "https://uaa.test/oauth/token");
    assert!(
        matches!(&read.grant, Grant::ClientCredentials { client_secret, authentication: ClientAuthentication::Form, scope: Some(scope), .. }
            if client_secret.expose() == "canary-env" && scope == "a b")
    );
    assert!(!format!("{read:?}").contains("canary"));
}

#[test]
fn a_sign_in_is_counted_where_the_vendor_may_count_it_unless_said_otherwise() {
    for (preset, by_default) in [
        ("netsuite", true),
        ("salesforce", true),
        ("sap-odata", false),
        ("http", false),
    ] {
        for (more, counted) in [
            ("", by_default),
            (", counted = true", true),
            (", counted = false", false),
        ] {
            let auth = format!(
                "kind = \"oauth2-client-credentials\", client_id = \"c\", client_secret = \"${{env:TOKEN}}\", \
                 token_url = \"https://vendor.test/token\"{more}"
            );
            let lines = format!("preset = \"{preset}\"\nauth = {{ {auth} }}");
            let mut config = toml(&target(&lines)).unwrap();
            let auth = config.targets.remove("netsuite").unwrap().profile.auth;
            assert!(
                matches!(&auth, Auth::OAuth2(oauth2) if oauth2.counted == counted),
                "{preset}{more}: {auth:?}"
            );
        }
    }
}
