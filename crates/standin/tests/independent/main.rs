//! Sign-ins made by implementations that are not ours: oauthlib, PyJWT and cryptography sign what the stand-ins must
//! accept, and what they must refuse, each wrong in one way. Where Python or one of the three is absent a test says
//! that it is skipped; `.ci/run` installs them.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a failure of a helper is the test's report, and a skip is said aloud"
)]

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use rampmeter_standin::{
    Certificate, ConnectedApp, NetSuiteOptions, NetSuiteSignIn, PublicKey, Report,
    SalesforceOptions, SapOptions, SapSignIn, StandIn, TokenBased, TokenLife,
};
use serde_json::{Value, json};

const LIFE: TokenLife = TokenLife {
    accepted: Duration::from_secs(5),
    stated: Duration::from_secs(5),
};

/// Whether Python and the three libraries are here; says so if not.
fn signer_is_here() -> bool {
    let found = Command::new("python3")
        .args(["-c", "import jwt, cryptography, oauthlib"])
        .output()
        .is_ok_and(|output| output.status.success());
    if !found {
        eprintln!("SKIPPED: python3 with PyJWT, cryptography and oauthlib is not installed");
    }
    found
}

/// What the signer says.
fn signer(what: &str, asked: &Value) -> Value {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/independent/sign.py");
    let mut child = Command::new("python3")
        .args([script, what])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(asked.to_string().as_bytes()).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "the signer gives up: {what}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Signs in to a stand-in in every way, and compares the result with the expected one.
async fn judge(vendor: &'static str, keys: Value, stand_in: StandIn) -> Report {
    let asked = json!({ "url": format!("http://{}", stand_in.address()), "keys": keys });
    let cases = tokio::task::spawn_blocking(move || signer(vendor, &asked))
        .await
        .unwrap();
    let cases = cases.as_array().unwrap();
    let mut expected: BTreeMap<String, u64> = BTreeMap::new();
    for case in cases {
        assert_eq!(
            case["status"], case["expected"],
            "{vendor}: {}",
            case["case"]
        );
        if let Some(why) = case["why"].as_str() {
            *expected.entry(why.to_owned()).or_default() += 1;
        }
    }
    let refused: u64 = expected.values().sum();
    println!(
        "{vendor}: {} accepted, {refused} refused",
        cases.len() as u64 - refused
    );
    // Each was refused for its own fault and no other.
    let seen = stand_in.shut_down().await;
    assert_eq!(seen.sign_ins_refused, expected);
    seen
}

fn key(keys: &Value, name: &str, form: &str) -> PublicKey {
    PublicKey::from_pem(keys[name][form].as_str().unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn netsuite_accepts_what_others_sign_and_refuses_each_single_fault() {
    if !signer_is_here() {
        return;
    }
    let keys = signer("keys", &json!({}));
    let certificates = [
        ("rsa", "certificate"),
        ("p256", "public"),
        ("p384", "certificate"),
    ];
    let options = NetSuiteOptions {
        sign_in: NetSuiteSignIn {
            token_based: Some(TokenBased {
                account: "1234567_SB1".to_owned(),
                consumer_key: "consumer+key".to_owned(),
                consumer_secret: "consumer&secret".to_owned(),
                access_id: "access-id".to_owned(),
                access_secret: "access secret é".to_owned(),
            }),
            certificates: certificates
                .map(|(name, form)| Certificate {
                    client_id: "client".to_owned(),
                    certificate_id: format!("certificate-{name}"),
                    key: key(&keys, name, form),
                })
                .to_vec(),
            token_life: LIFE,
            ..NetSuiteSignIn::default()
        },
        ..NetSuiteOptions::default()
    };
    let stand_in = StandIn::bind("127.0.0.1:0".parse().unwrap(), options)
        .await
        .unwrap();
    let seen = judge("netsuite", keys, stand_in).await;
    assert_eq!((seen.tokens_issued, seen.records), (8, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn salesforce_accepts_what_others_sign_and_refuses_each_single_fault() {
    if !signer_is_here() {
        return;
    }
    let keys = signer("keys", &json!({}));
    let options = SalesforceOptions {
        apps: vec![ConnectedApp {
            client_id: "consumer".to_owned(),
            client_secret: Some("s3cret&".to_owned()),
            certificate: Some(key(&keys, "rsa", "certificate")),
            users: vec!["integration@example.com".to_owned()],
        }],
        token_life: LIFE,
        ..SalesforceOptions::default()
    };
    let stand_in = StandIn::bind("127.0.0.1:0".parse().unwrap(), options)
        .await
        .unwrap();
    let seen = judge("salesforce", keys, stand_in).await;
    assert_eq!((seen.tokens_issued, seen.records), (3, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sap_accepts_a_user_a_key_a_client_and_a_session_and_refuses_each_single_fault() {
    if !signer_is_here() {
        return;
    }
    let pair = |one: &str, two: &str| Some((one.to_owned(), two.to_owned()));
    let options = SapOptions {
        session_life: Duration::from_secs(5),
        sign_in: SapSignIn {
            basic: pair("USER", "pass:word"),
            client: pair("client", "secret"),
            api_key: Some("k-1".to_owned()),
            token_life: LIFE,
        },
        ..SapOptions::default()
    };
    let stand_in = StandIn::bind("127.0.0.1:0".parse().unwrap(), options)
        .await
        .unwrap();
    let seen = judge("sap", json!({}), stand_in).await;
    assert_eq!((seen.sessions_issued, seen.records), (1, 1));
}
