//! What goes out: method, path, headers, sign-in, idempotency key and body.

use rampmeter_call::{Outcome, Request};
use rampmeter_caller::{Auth, Caller, OAuth1, Preset, Profile, Secret};
use serde_json::json;

use crate::vendor::{Vendor, get, post};

fn vendor() -> Vendor {
    Vendor::answering("HTTP/1.1 200 OK", b"{}")
}

/// The request as the vendor saw it.
async fn sent(vendor: &Vendor, profile: Profile, request: &Request) -> (String, String) {
    let outcome = Caller::new(profile).unwrap().call(request).await;
    assert!(matches!(outcome, Outcome::Success(_)), "{outcome:?}");
    vendor.request()
}

#[tokio::test]
async fn path_and_query_lie_below_the_base_url() {
    let vendor = vendor();
    let mut request = get("/orders?a=1");
    request.query = vec![
        ("q".to_owned(), "x y&z=é".to_owned()),
        ("q".to_owned(), String::new()),
    ];
    let (head, body) = sent(&vendor, vendor.profile(), &request).await;
    let line = head.lines().next().unwrap();
    assert_eq!(line, "get /base/orders?a=1&q=x+y%26z%3d%c3%a9&q= http/1.1");
    assert!(
        head.contains(&format!("host: {}", vendor.address)),
        "{head}"
    );
    assert_eq!(body, "");
}

#[tokio::test]
async fn a_body_is_json_and_says_so() {
    let vendor = vendor();
    let (head, body) = sent(
        &vendor,
        vendor.profile(),
        &post("/x", json!({"b": 1, "a": 2})),
    )
    .await;
    assert!(head.contains("content-type: application/json"), "{head}");
    assert_eq!(body, r#"{"b":1,"a":2}"#);
}

#[tokio::test]
async fn a_text_of_another_type_is_sent_as_it_is() {
    let vendor = vendor();
    let mut request = post("/x", json!("<a/>"));
    request.headers = vec![("Content-Type".to_owned(), "text/xml".to_owned())];
    let (head, body) = sent(&vendor, vendor.profile(), &request).await;
    assert!(head.contains("content-type: text/xml"), "{head}");
    assert_eq!(body, "<a/>");
    request.headers.clear();
    assert_eq!(
        sent(&vendor, vendor.profile(), &request).await.1,
        r#""<a/>""#
    );
}

#[tokio::test]
async fn each_way_to_sign_in_sets_its_header() {
    let vendor = vendor();
    let cases = [
        (
            Auth::Bearer(Secret::new("abc")),
            "authorization: bearer abc",
        ),
        // `u:p` in base64, in lower case as the head is.
        (
            Auth::Basic {
                username: "u".to_owned(),
                password: Secret::new("p"),
            },
            "authorization: basic dtpw",
        ),
    ];
    for (auth, expected) in cases {
        let mut profile = vendor.profile();
        profile.auth = auth;
        let (head, _) = sent(&vendor, profile, &get("/x")).await;
        assert!(head.contains(expected), "{head}");
    }
    let (head, _) = sent(&vendor, vendor.profile(), &get("/x")).await;
    assert!(!head.contains("authorization"), "{head}");
}

#[tokio::test]
async fn headers_of_target_and_call_are_both_sent() {
    let vendor = vendor();
    let mut profile = vendor.profile();
    profile
        .headers
        .push(("apiKey".to_owned(), Secret::new("k")));
    let mut request = get("/x");
    request.headers = vec![("Prefer".to_owned(), "transient".to_owned())];
    let (head, _) = sent(&vendor, profile, &request).await;
    assert!(
        head.contains("apikey: k") && head.contains("prefer: transient"),
        "{head}"
    );
    assert!(head.contains("user-agent: rampmeter/"), "{head}");
    request.headers = vec![("User-Agent".to_owned(), "shop".to_owned())];
    let (head, _) = sent(&vendor, vendor.profile(), &request).await;
    assert!(
        head.contains("user-agent: shop") && !head.contains("rampmeter"),
        "{head}"
    );
}

#[tokio::test]
async fn the_preset_names_the_idempotency_header_and_a_safe_call_has_none() {
    let vendor = vendor();
    for (preset, expected) in [
        (Preset::Http, "\r\nidempotency-key: key-1\r\n"),
        (
            Preset::NetSuite,
            "\r\nx-netsuite-idempotency-key: key-1\r\n",
        ),
    ] {
        let mut profile = vendor.profile();
        profile.preset = preset;
        let (head, _) = sent(&vendor, profile.clone(), &post("/x", json!({}))).await;
        assert!(format!("{head}\r\n").contains(expected), "{head}");
        let (head, _) = sent(&vendor, profile.clone(), &get("/x")).await;
        assert!(!head.contains("idempotency"), "{head}");
        let no_key = Request {
            idempotency_key: String::new(),
            ..post("/x", json!({}))
        };
        let (head, _) = sent(&vendor, profile, &no_key).await;
        assert!(!head.contains("idempotency"), "{head}");
    }
}

#[tokio::test]
async fn an_oauth1_call_is_signed_anew_each_time() {
    let vendor = vendor();
    let mut profile = vendor.profile();
    profile.auth = Auth::OAuth1(OAuth1 {
        account: "1_SB1".to_owned(),
        consumer_key: "ck".to_owned(),
        consumer_secret: Secret::new("canary"),
        access_id: "id".to_owned(),
        access_secret: Secret::new("canary"),
    });
    let mut seen = Vec::new();
    for _ in 0..2 {
        let (head, _) = sent(&vendor, profile.clone(), &post("/x", json!({}))).await;
        let line = head
            .lines()
            .find(|line| line.starts_with("authorization: "))
            .unwrap()
            .to_owned();
        assert!(
            line.starts_with("authorization: oauth realm=\"1_sb1\", oauth_consumer_key=\"ck\"")
        );
        assert!(!line.contains("canary"));
        seen.push(line);
    }
    assert_ne!(seen[0], seen[1]);
}

#[tokio::test]
async fn a_change_without_a_body_says_so() {
    let vendor = Vendor::answering("HTTP/1.1 200 OK", b"{}");
    for (method, says) in [
        ("POST", true),
        ("PUT", true),
        ("PATCH", true),
        ("GET", false),
        ("DELETE", false),
    ] {
        let request = Request {
            method: method.to_owned(),
            ..get("/x")
        };
        vendor.caller().call(&request).await;
        let (head, _) = vendor.request();
        let count = head.matches("\r\ncontent-length: 0").count();
        assert_eq!(count, usize::from(says), "{head}");
    }
}
