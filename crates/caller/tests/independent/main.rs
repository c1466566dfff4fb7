//! Signatures and tokens, judged by implementations that are not ours: PyJWT, cryptography and oauthlib. If Python or
//! one of the three is missing, a test says that it is skipped; `.ci/run` installs them.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a failure of a helper is the test's report, and a skip is said aloud"
)]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use rampmeter_call::Request;
use rampmeter_caller::{
    Algorithm, Auth, Caller, Grant, Network, OAuth1, OAuth2, Profile, ScopeForm, Secret, SigningKey,
};
use serde_json::{Value, json};
use url::Url;

/// Whether Python and the three libraries are here; says so if not.
fn judge_is_here() -> bool {
    let found = Command::new("python3")
        .args(["-c", "import jwt, cryptography, oauthlib"])
        .output()
        .is_ok_and(|output| output.status.success());
    if !found {
        eprintln!("SKIPPED: python3 with PyJWT, cryptography and oauthlib is not installed");
    }
    found
}

/// What the judge says.
fn judge(what: &str, asked: &Value) -> Value {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/independent/verify.py");
    let mut child = Command::new("python3")
        .args([script, what])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(asked.to_string().as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "the judge refuses: {what}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A server that grants a token to everybody and answers every call; it hands out the requests as they came.
fn server() -> (Url, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
    let (sender, requests) = channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut bytes = [0; 16 * 1024];
            let mut filled = 0;
            // A form ends with its last field; a call of these tests has no body.
            loop {
                let count = stream.read(&mut bytes[filled..]).unwrap();
                if count == 0 {
                    break;
                }
                filled += count;
                let text = String::from_utf8_lossy(&bytes[..filled]).into_owned();
                let Some((head, body)) = text.split_once("\r\n\r\n") else {
                    continue;
                };
                let length = head
                    .lines()
                    .find_map(|line| line.strip_prefix("content-length: "));
                if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                    sender.send(text).unwrap_or_default();
                    break;
                }
            }
            stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 23\r\nconnection: close\r\n\r\n{\"access_token\": \"abc\"}")
                .unwrap_or_default();
        }
    });
    (url, requests)
}

fn call(url: &Url, auth: Auth, path: &str, query: &[(&str, &str)]) {
    let mut profile = Profile::new("vendor", url.clone(), Duration::from_secs(20));
    profile.auth = auth;
    profile.allow_networks = Network::LOOPBACK.to_vec();
    let request = Request {
        method: "GET".to_owned(),
        endpoint: None,
        path: path.to_owned(),
        query: query
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        headers: Vec::new(),
        body: None,
        idempotency_key: String::new(),
    };
    let caller = Caller::new(profile).unwrap();
    tokio::runtime::Runtime::new()
        .unwrap()
        .block_on(caller.call(&request));
}

/// The fields of the form that asked for a token.
fn form(requests: &Receiver<String>) -> Vec<(String, String)> {
    let request = requests.recv().unwrap();
    let (_, body) = request.split_once("\r\n\r\n").unwrap();
    url::form_urlencoded::parse(body.as_bytes())
        .into_owned()
        .collect()
}

fn field<'f>(form: &'f [(String, String)], name: &str) -> &'f str {
    let found = form.iter().find(|(key, _)| key == name);
    found.map_or("", |(_, value)| value.as_str())
}

#[test]
fn the_assertions_of_netsuites_flow_are_accepted_by_pyjwt() {
    if !judge_is_here() {
        return;
    }
    let keys = judge("keys", &json!({}));
    let (url, requests) = server();
    let token_url = url.join("services/rest/auth/oauth2/v1/token").unwrap();
    for (kind, algorithm) in [
        ("rsa", Algorithm::Ps256),
        ("rsa", Algorithm::Ps384),
        ("rsa", Algorithm::Ps512),
        ("p256", Algorithm::Es256),
        ("p384", Algorithm::Es384),
    ] {
        for pem in keys[kind].as_array().unwrap() {
            let pem = pem.as_str().unwrap();
            let grant = Grant::ClientAssertion {
                client_id: "client".to_owned(),
                certificate_id: "certificate".to_owned(),
                key: SigningKey::from_pem(&Secret::new(pem), &[algorithm]).unwrap(),
                scopes: vec!["rest_webservices".to_owned(), "restlets".to_owned()],
                scope_form: ScopeForm::List,
                audience: token_url.to_string(),
            };
            let oauth2 = OAuth2 {
                token_url: token_url.clone(),
                grant,
                assumed_lifetime: OAuth2::ASSUMED_LIFETIME,
                counted: false,
                kept_in: None,
            };
            call(&url, Auth::OAuth2(Box::new(oauth2)), "/x", &[]);
            let form = form(&requests);
            assert!(
                requests
                    .recv()
                    .unwrap()
                    .contains("authorization: Bearer abc\r\n")
            );
            assert_eq!(field(&form, "grant_type"), "client_credentials");
            assert_eq!(
                field(&form, "client_assertion_type"),
                "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
            );
            let verdict = judge(
                "assertion",
                &json!({
                    "token": field(&form, "client_assertion"),
                    "key": pem,
                    "algorithm": algorithm.as_str(),
                    "audience": token_url.as_str(),
                    "require": ["iss", "aud", "iat", "exp"],
                }),
            );
            assert_eq!(
                verdict["header"],
                json!({"typ": "JWT", "alg": algorithm.as_str(), "kid": "certificate"})
            );
            let claims = &verdict["claims"];
            assert_eq!(claims["iss"], "client");
            assert_eq!(claims["scope"], json!(["rest_webservices", "restlets"]));
            // NetSuite takes no assertion that is valid for an hour or more.
            let valid = claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap();
            assert!((1..3600).contains(&valid), "{valid}");
        }
    }
}

#[test]
fn the_assertion_of_salesforces_flow_is_accepted_by_pyjwt() {
    if !judge_is_here() {
        return;
    }
    let keys = judge("keys", &json!({}));
    let (url, requests) = server();
    for pem in keys["rsa"].as_array().unwrap() {
        let pem = pem.as_str().unwrap();
        let oauth2 = OAuth2 {
            token_url: url.join("services/oauth2/token").unwrap(),
            grant: Grant::JwtBearer {
                client_id: "consumer".to_owned(),
                username: "integration@example.com".to_owned(),
                key: SigningKey::from_pem(&Secret::new(pem), &[Algorithm::Rs256]).unwrap(),
                audience: "https://login.salesforce.com".to_owned(),
            },
            assumed_lifetime: OAuth2::ASSUMED_LIFETIME,
            counted: false,
            kept_in: None,
        };
        call(&url, Auth::OAuth2(Box::new(oauth2)), "/x", &[]);
        let form = form(&requests);
        requests.recv().unwrap();
        assert_eq!(
            field(&form, "grant_type"),
            "urn:ietf:params:oauth:grant-type:jwt-bearer"
        );
        let verdict = judge(
            "assertion",
            &json!({
                "token": field(&form, "assertion"),
                "key": pem,
                "algorithm": "RS256",
                "audience": "https://login.salesforce.com",
                "require": ["iss", "sub", "aud", "exp"],
            }),
        );
        assert_eq!(verdict["claims"]["sub"], "integration@example.com");
        assert_eq!(verdict["header"]["alg"], "RS256");
    }
}

#[test]
fn the_signature_of_token_based_authentication_is_that_of_oauthlib() {
    if !judge_is_here() {
        return;
    }
    let (url, requests) = server();
    let cases: [(&str, &[(&str, &str)]); 5] = [
        ("/services/rest/record/v1/customer/7", &[]),
        ("/suiteql?limit=1000&offset=0", &[]),
        (
            "/customer",
            &[("q", "companyName CONTAIN \"A&B\""), ("limit", "10")],
        ),
        (
            "/restlet.nl?script=6&deploy=1",
            &[("b", "ü €"), ("a", "x+y=z"), ("a", "")],
        ),
        ("/a%20b/~c", &[("empty", ""), ("*", "!'()")]),
    ];
    for (path, query) in cases {
        let auth = Auth::OAuth1(OAuth1 {
            account: "123456_SB1".to_owned(),
            consumer_key: "consumer+key".to_owned(),
            consumer_secret: Secret::new("consumer&secret"),
            access_id: "access".to_owned(),
            access_secret: Secret::new("access secret é"),
        });
        call(&url, auth, path, query);
        let request = requests.recv().unwrap();
        let target = request.split(' ').nth(1).unwrap();
        let authorization = request
            .lines()
            .find_map(|line| line.strip_prefix("authorization: "))
            .unwrap();
        let verdict = judge(
            "oauth1",
            &json!({
                "method": "GET",
                "url": url.join(target).unwrap().as_str(),
                "authorization": authorization,
                "consumer_key": "consumer+key",
                "consumer_secret": "consumer&secret",
                "access_id": "access",
                "access_secret": "access secret é",
            }),
        );
        assert_eq!(verdict["sent"], verdict["expected"], "{target}");
    }
}
