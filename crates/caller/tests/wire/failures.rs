//! Answers that do not arrive, and calls that cannot be made. The line between "nothing was sent" and "it may have
//! been done" decides whether a call may safely be sent again.

use std::net::TcpListener;
use std::time::Duration;

use rampmeter_call::{Outcome, Repeatable, Request};
use rampmeter_caller::{
    Auth, Caller, CallerError, ClientAuthentication, Grant, Network, OAuth2, Profile, Secret,
};
use serde_json::json;
use url::Url;

use crate::vendor::{Act, Vendor, get, post};

const CANARY: &str = "canary-3f9c";

#[tokio::test]
async fn a_refused_connection_sent_nothing_and_may_be_repeated() {
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let url = Url::parse(&format!("http://{closed}/")).unwrap();
    let mut profile = Profile::new("gone", url, Duration::from_secs(5));
    profile.allow_networks = Network::LOOPBACK.to_vec();
    let caller = Caller::new(profile).unwrap();
    let outcome = caller.call(&post("/x", json!({}))).await;
    let Outcome::Repeatable {
        reason: Repeatable::ConnectFailed(why),
        answer: None,
        ..
    } = outcome
    else {
        panic!("{outcome:?}")
    };
    assert!(why.to_lowercase().contains("refused"), "{why}");
}

#[tokio::test]
async fn a_host_that_does_not_exist_may_be_repeated() {
    let url = Url::parse("http://nowhere.invalid/").unwrap();
    let mut profile = Profile::new("gone", url, Duration::from_secs(20));
    profile.allow_plaintext = true;
    let outcome = Caller::new(profile).unwrap().call(&get("/x")).await;
    assert!(
        matches!(
            outcome,
            Outcome::Repeatable {
                reason: Repeatable::ConnectFailed(_),
                ..
            }
        ),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_was_sent_nothing() {
    let vendor = Vendor::answering("HTTP/1.1 200 OK", b"{}");
    let url = Url::parse(&format!("https://{}/", vendor.address)).unwrap();
    let mut profile = Profile::new("vendor", url, Duration::from_secs(1));
    profile.allow_networks = Network::LOOPBACK.to_vec();
    let caller = match Caller::new(profile) {
        Ok(caller) => caller,
        // A machine without root certificates cannot call anything over TLS, and is told so.
        Err(error) => return assert!(matches!(error, CallerError::Tls(_)), "{error}"),
    };
    // The vendor reads the handshake as an unfinished request and stays silent, so the connection times out.
    let outcome = caller.call(&get("/x")).await;
    assert!(
        matches!(
            outcome,
            Outcome::Repeatable {
                reason: Repeatable::ConnectFailed(_),
                ..
            }
        ),
        "{outcome:?}"
    );
    assert_eq!(vendor.waiting(), 0);
}

#[tokio::test]
async fn silence_after_the_request_has_an_unknown_outcome() {
    for begun in [&b""[..], b"HTTP/1.1 200 OK\r\n"] {
        let vendor = Vendor::new(Act::Hang(begun.to_vec()));
        let mut profile = vendor.profile();
        profile.timeout = Duration::from_millis(400);
        let outcome = Caller::new(profile)
            .unwrap()
            .call(&post("/x", json!({})))
            .await;
        let Outcome::Unknown { reason, .. } = outcome else {
            panic!("{outcome:?}")
        };
        assert!(reason.contains("timeout"), "{reason}");
        assert_eq!(vendor.waiting(), 1, "the call was sent once");
    }
}

#[tokio::test]
async fn a_connection_lost_after_the_request_has_an_unknown_outcome() {
    let breaks = [&b""[..], b"HTTP/1.1 20", b"this is not HTTP\r\n\r\n"];
    for bytes in breaks {
        let vendor = Vendor::new(Act::Answer(bytes.to_vec()));
        let outcome = vendor.caller().call(&post("/x", json!({}))).await;
        assert!(matches!(outcome, Outcome::Unknown { .. }), "{outcome:?}");
        assert_eq!(vendor.waiting(), 1, "the call was sent once");
    }
}

#[tokio::test]
async fn what_cannot_be_sent_is_invalid_and_nothing_is_sent() {
    let vendor = Vendor::answering("HTTP/1.1 200 OK", b"{}");
    let with_header = |name: &str, value: &str| Request {
        headers: vec![(name.to_owned(), value.to_owned())],
        ..get("/x")
    };
    let requests = [
        Request {
            method: "CONNECT".to_owned(),
            ..get("/x")
        },
        Request {
            method: "get".to_owned(),
            ..get("/x")
        },
        Request {
            method: "GET / HTTP/1.1\r\nHost: evil\r\n\r\n".to_owned(),
            ..get("/x")
        },
        get("//evil.test/"),
        get("/../x"),
        with_header("X-A", "a\r\nHost: evil"),
        with_header("Authorization", "Bearer mine"),
        with_header("Host", "evil.test"),
        with_header("Content-Length", "0"),
        with_header("Transfer-Encoding", "chunked"),
        with_header("Connection", "close"),
        with_header("Idempotency-Key", "mine"),
        Request {
            idempotency_key: "a\nb".to_owned(),
            ..post("/x", json!({}))
        },
    ];
    for request in requests {
        let outcome = vendor.caller().call(&request).await;
        assert!(
            matches!(outcome, Outcome::Invalid { .. }),
            "{request:?}: {outcome:?}"
        );
    }
    assert_eq!(vendor.waiting(), 0);
}

#[test]
fn a_profile_that_cannot_be_called_is_refused() {
    let profile = |url: &str| Profile::new("x", Url::parse(url).unwrap(), Duration::from_secs(1));
    for url in [
        "ftp://vendor.test/",
        "file:///etc/passwd",
        "mailto:a@b",
        "https://user@vendor.test/",
        "https://:canary-3f9c@vendor.test/",
        "https://vendor.test/?a=1",
        "https://vendor.test/#a",
    ] {
        let error = Caller::new(profile(url)).unwrap_err();
        assert!(matches!(error, CallerError::BaseUrl), "{url}: {error}");
    }
    let mut no_time = profile("https://vendor.test/");
    no_time.timeout = Duration::ZERO;
    assert!(matches!(Caller::new(no_time), Err(CallerError::Timeout)));
    let mut reserved = profile("https://vendor.test/");
    reserved
        .headers
        .push(("Host".to_owned(), Secret::new(CANARY)));
    assert!(matches!(Caller::new(reserved), Err(CallerError::Header(_))));
}

#[test]
fn a_credential_that_cannot_be_sent_is_refused_and_not_repeated() {
    let auths = [
        Auth::Bearer(Secret::new(format!("{CANARY}\n"))),
        Auth::Basic {
            username: "a:b".to_owned(),
            password: Secret::new(CANARY),
        },
    ];
    for auth in auths {
        let mut profile = Profile::new(
            "x",
            Url::parse("https://vendor.test/").unwrap(),
            Duration::from_secs(1),
        );
        profile.auth = auth;
        let error = Caller::new(profile).unwrap_err();
        assert!(matches!(error, CallerError::Credential(_)), "{error}");
        assert!(!format!("{error} {error:?}").contains(CANARY));
    }
}

#[tokio::test]
async fn no_credential_shows_in_debug_or_in_an_outcome() {
    let vendor = Vendor::new(Act::Answer(Vec::new()));
    let auths = [
        Auth::Bearer(Secret::new(CANARY)),
        Auth::Basic {
            username: "user".to_owned(),
            password: Secret::new(CANARY),
        },
    ];
    for auth in auths {
        let mut profile = vendor.profile();
        profile.auth = auth;
        profile
            .headers
            .push(("apikey".to_owned(), Secret::new(CANARY)));
        let caller = Caller::new(profile).unwrap();
        let request = Request {
            query: vec![("secret".to_owned(), CANARY.to_owned())],
            ..post("/x", json!(CANARY))
        };
        let outcome = caller.call(&request).await;
        let shown = format!("{caller:?} {caller:#?} {outcome:?} {request:?}");
        assert!(!shown.contains(CANARY), "{shown}");
        // dXNlcjpj is the beginning of `user:c` in base64.
        assert!(!shown.contains("dXNlcjpj"), "{shown}");
    }
}

#[test]
fn plain_http_over_the_public_internet_wants_to_be_meant() {
    let refused = |profile: Profile| match Caller::new(profile) {
        Err(CallerError::Plaintext(which)) => Some(which),
        Err(other) => panic!("{other}"),
        Ok(_) => None,
    };
    let profile = |url: &str| Profile::new("x", Url::parse(url).unwrap(), Duration::from_secs(1));
    let private = || vec!["10.0.0.0/8".parse().unwrap()];
    for public in [
        "http://vendor.test/",
        "http://8.8.8.8/",
        "http://[2606:4700::1]/",
    ] {
        assert_eq!(refused(profile(public)), Some("base_url"), "{public}");
        let meant = Profile {
            allow_plaintext: true,
            ..profile(public)
        };
        assert_eq!(refused(meant), None, "{public}");
    }
    for near in ["http://10.1.1.1/", "http://erp.internal/"] {
        let near = Profile {
            allow_networks: private(),
            ..profile(near)
        };
        assert_eq!(refused(near), None);
    }
    let mut tokens = Profile {
        allow_networks: private(),
        ..profile("http://10.1.1.1/")
    };
    tokens.auth = Auth::OAuth2(Box::new(OAuth2 {
        token_url: Url::parse("http://8.8.8.8/token").unwrap(),
        grant: Grant::ClientCredentials {
            client_id: "id".to_owned(),
            client_secret: Secret::new(CANARY),
            authentication: ClientAuthentication::Basic,
            scope: None,
        },
        assumed_lifetime: OAuth2::ASSUMED_LIFETIME,
        counted: false,
        kept_in: None,
    }));
    assert_eq!(refused(tokens), Some("token_url"));
}
