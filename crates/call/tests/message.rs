//! The call message: what is read, what is refused and why, and that nothing makes it panic.

#![allow(
    clippy::unwrap_used,
    reason = "a failure of a helper is the test's report"
)]

use proptest::prelude::*;
use rampmeter_call::Account;
use rampmeter_call::message::{CallMessage, MAX_KEY_BYTES, Reason};
use serde_json::{Value, json};
use url::Url;

fn account() -> Account {
    let url = Url::parse("https://vendor.test/api").unwrap();
    let mut account = Account::new("netsuite", url);
    account.target_headers = vec!["apikey".to_owned()];
    account
}

fn read(message: &Value) -> CallMessage {
    CallMessage::parse(&message.to_string(), &account()).unwrap()
}

fn refused(message: &Value) -> Reason {
    CallMessage::from_value(message, &account())
        .unwrap_err()
        .reason()
        .clone()
}

/// A good message with some members replaced; null removes one.
fn with(changes: Value) -> Value {
    let mut message = json!({"TaskToken": "tt", "Method": "POST", "Path": "/orders"});
    let Value::Object(changes) = changes else {
        panic!("an object")
    };
    for (name, value) in changes {
        message[name] = value;
    }
    message
}

fn text_pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

#[test]
fn a_full_message_is_read_into_its_parts() {
    let message = read(&json!({
        "TaskToken": "tt", "Method": "PUT", "Path": "/services/rest/record/v1/salesOrder?a=1",
        "QueryParameters": {"limit": 10, "q": ["a", true], "r": "x y"},
        "Headers": {"Prefer": "transient"},
        "RequestBody": {"b": 1, "a": [null]},
        "Key": "SO-1042", "IdempotencyKey": "idem-1"
    }));
    assert_eq!(message.task_token.as_deref(), Some("tt"));
    assert_eq!(message.request.method, "PUT");
    assert_eq!(
        message.request.path,
        "/services/rest/record/v1/salesOrder?a=1"
    );
    assert_eq!(
        message.request.query,
        text_pairs(&[("limit", "10"), ("q", "a"), ("q", "true"), ("r", "x y")])
    );
    assert_eq!(
        message.request.headers,
        text_pairs(&[("Prefer", "transient")])
    );
    assert_eq!(message.request.body, Some(json!({"b": 1, "a": [null]})));
    assert_eq!(message.key.as_deref(), Some("SO-1042"));
    assert_eq!(message.into_request("other").idempotency_key, "idem-1");
}

#[test]
fn a_small_message_needs_only_method_and_path() {
    let message = read(&json!({"Method": "GET", "Path": "/x"}));
    assert_eq!(message.task_token, None);
    assert_eq!(message.request.body, None);
    assert_eq!(message.into_request("made").idempotency_key, "made");
}

#[test]
fn a_null_member_is_an_absent_one() {
    let message = read(&with(json!({
        "TaskToken": null, "QueryParameters": null, "Headers": null, "RequestBody": null,
        "Key": null, "OrderingKey": null, "IdempotencyKey": null, "ApiEndpoint": null
    })));
    assert_eq!(message, read(&json!({"Method": "POST", "Path": "/orders"})));
}

#[test]
fn a_number_serves_as_a_key() {
    assert_eq!(
        read(&with(json!({"Key": 1042}))).key.as_deref(),
        Some("1042")
    );
}

#[test]
fn an_endpoint_of_the_target_is_taken_as_a_path() {
    let endpoint = with(json!({"Path": null, "ApiEndpoint": "https://vendor.test/api/orders?a=1"}));
    assert_eq!(read(&endpoint).request.path, "/orders?a=1");
}

#[test]
fn a_wrong_shape_is_said_by_kind() {
    let wrong = |field, expected| Reason::WrongType { field, expected };
    let pairs = "an object of texts, numbers, true or false, or lists of them";
    let cases = [
        (json!([]), Reason::NotAnObject),
        (json!("text"), Reason::NotAnObject),
        (
            with(json!({"Method": null})),
            Reason::MissingField("Method"),
        ),
        (with(json!({"Path": null})), Reason::MissingField("Path")),
        (with(json!({"TaskToken": 5})), wrong("TaskToken", "a text")),
        (
            with(json!({"TaskToken": ""})),
            wrong("TaskToken", "a task token"),
        ),
        (with(json!({"Method": 5})), wrong("Method", "a text")),
        (with(json!({"Path": ["/x"]})), wrong("Path", "a text")),
        (
            with(json!({"Key": true})),
            wrong("Key", "a text or a number"),
        ),
        (
            with(json!({"QueryParameters": []})),
            wrong("QueryParameters", pairs),
        ),
        (
            with(json!({"QueryParameters": {"a": {}}})),
            wrong("QueryParameters", pairs),
        ),
        (
            with(json!({"QueryParameters": {"a": [[]]}})),
            wrong("QueryParameters", pairs),
        ),
        (with(json!({"Headers": "a: b"})), wrong("Headers", pairs)),
        (
            with(json!({"Headers": {"a": null}})),
            wrong("Headers", pairs),
        ),
        (
            with(json!({"RequestBdy": {}})),
            Reason::UnknownField {
                field: "RequestBdy".to_owned(),
                near: Some("RequestBody"),
            },
        ),
        (
            with(json!({"colour": 1})),
            Reason::UnknownField {
                field: "colour".to_owned(),
                near: None,
            },
        ),
        (
            with(json!({"Authentication": {}})),
            Reason::NotFromMessage("Authentication"),
        ),
    ];
    for (message, reason) in cases {
        assert_eq!(refused(&message), reason, "{message}");
    }
}

#[test]
fn a_value_that_cannot_serve_is_said_by_kind() {
    let cases = [
        (with(json!({"Key": ""})), Reason::BadKey("Key")),
        (
            with(json!({"IdempotencyKey": "a\nb"})),
            Reason::BadKey("IdempotencyKey"),
        ),
        (
            with(json!({"Key": "x".repeat(MAX_KEY_BYTES + 1)})),
            Reason::BadKey("Key"),
        ),
        (
            with(json!({"ApiEndpoint": "https://vendor.test/api/x"})),
            Reason::PathAndEndpoint,
        ),
        (
            with(json!({"Path": null, "ApiEndpoint": "https://evil.test/api/x"})),
            Reason::AnotherHost {
                target: "netsuite".to_owned(),
                has_endpoints: false,
            },
        ),
        (with(json!({"Method": "post"})), Reason::BadMethod),
        (with(json!({"Method": "CONNECT"})), Reason::BadMethod),
    ];
    for (message, reason) in cases {
        assert_eq!(refused(&message), reason, "{message}");
    }
    let not_json = CallMessage::parse("{\"Method\": ", &account()).unwrap_err();
    assert!(matches!(not_json.reason(), Reason::NotJson(_)));
}

/// The account, with a second host.
fn with_endpoint() -> Account {
    let mut account = account();
    let url = Url::parse("https://restlets.vendor.test/app").unwrap();
    let mut restlets = Account::new("netsuite", url);
    restlets.endpoint = Some("restlets".to_owned());
    account.endpoints.insert("restlets".to_owned(), restlets);
    account
}

#[test]
fn a_message_names_an_endpoint_or_its_whole_url_is_of_one() {
    let of = |changes: Value| {
        let message = CallMessage::from_value(&with(changes), &with_endpoint()).unwrap();
        (message.request.endpoint, message.request.path)
    };
    let restlets = Some("restlets".to_owned());
    let named = of(json!({"Endpoint": "restlets", "Path": "/x?a=1"}));
    assert_eq!(named, (restlets, "/x?a=1".to_owned()));
    let whole = of(json!({"Path": null, "ApiEndpoint": "https://restlets.vendor.test/app/x?a=1"}));
    assert_eq!(whole, named);
    let own = of(json!({"Path": null, "ApiEndpoint": "https://vendor.test/api/x"}));
    assert_eq!(own, (None, "/x".to_owned()));
    assert_eq!(of(json!({"Endpoint": null})), (None, "/orders".to_owned()));
}

#[test]
fn an_endpoint_that_the_target_has_not_is_refused_and_the_nearest_named() {
    let refused = |changes: Value| {
        CallMessage::from_value(&with(changes), &with_endpoint())
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        refused(json!({"Endpoint": "restlet"})),
        "target netsuite has no endpoint \"restlet\"; did you mean restlets?"
    );
    assert_eq!(
        refused(json!({"Endpoint": "warehouse"})),
        "target netsuite has no endpoint \"warehouse\"; it has restlets"
    );
    assert_eq!(
        refused(json!({"Path": null, "ApiEndpoint": "https://evil.test/app/x"})),
        "ApiEndpoint does not lie below the base_url of target netsuite, nor of one of its endpoints"
    );
    let twice =
        json!({"Endpoint": "restlets", "Path": null, "ApiEndpoint": "https://vendor.test/api/x"});
    assert!(refused(twice).contains("both Endpoint and ApiEndpoint"));
    assert!(refused(json!({"Endpoint": "restlets", "Path": "/../x"})).contains("segment"));
    let none = CallMessage::from_value(&with(json!({"Endpoint": "restlets"})), &account());
    let reason = none.unwrap_err().to_string();
    assert!(
        reason.contains("[targets.netsuite.endpoints.NAME]"),
        "{reason}"
    );
}

#[test]
fn each_endpoint_keeps_its_own_headers_for_itself() {
    let mut account = with_endpoint();
    let restlets = account.endpoints.get_mut("restlets").unwrap();
    restlets.target_headers = vec!["x-script".to_owned()];
    let judged = |endpoint: Value, header: &str| {
        let message = with(json!({"Endpoint": endpoint, "Headers": {header: "v"}}));
        CallMessage::from_value(&message, &account).is_ok()
    };
    assert!(judged(Value::Null, "X-Script") && !judged(Value::Null, "ApiKey"));
    assert!(!judged(json!("restlets"), "X-Script") && judged(json!("restlets"), "ApiKey"));
}

#[test]
fn an_ordering_key_is_a_text_or_a_number_as_a_business_key_is() {
    for (key, read) in [(json!("customer-77"), "customer-77"), (json!(77), "77")] {
        let message = with(json!({"TaskToken": "tt", "OrderingKey": key}));
        let call = CallMessage::from_value(&message, &account()).unwrap();
        assert_eq!(call.ordering_key.as_deref(), Some(read));
    }
    for key in [json!([]), json!(""), json!("a\u{0}"), json!(true)] {
        refused(&with(json!({"TaskToken": "tt", "OrderingKey": key})));
    }
}

#[test]
fn paths_and_headers_are_judged_as_the_caller_judges_them() {
    for path in [
        "orders",
        "//evil.test",
        "/../x",
        "/%2e%2e/x",
        "/x#y",
        "/\r\n",
    ] {
        assert!(
            matches!(refused(&with(json!({"Path": path}))), Reason::BadPath(_)),
            "{path:?}"
        );
    }
    for (name, value) in [
        ("Authorization", "x"),
        ("Host", "x"),
        ("a b", "x"),
        ("A", "x\r\ny"),
        ("apikey", "mine"),
    ] {
        let message = with(json!({"Headers": {name: value}}));
        assert!(matches!(refused(&message), Reason::BadHeader(_)), "{name}");
    }
}

#[test]
fn a_refused_message_gives_back_its_task_token() {
    let error = CallMessage::from_value(&with(json!({"Method": "post"})), &account()).unwrap_err();
    assert_eq!(error.task_token(), Some("tt"));
    assert_eq!(
        error.to_string(),
        "Method must be one of GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE"
    );
    let error = CallMessage::from_value(&json!({"Method": 1}), &account()).unwrap_err();
    assert_eq!(error.task_token(), None);
}

/// Any JSON, with the members of a message more often than others.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        any::<String>().prop_map(Value::from),
        prop::sample::select(vec![
            "POST",
            "GET",
            "/x",
            "/..",
            "https://vendor.test/api/x"
        ])
        .prop_map(Value::from),
    ];
    let name = prop_oneof![
        prop::sample::select(vec![
            "TaskToken",
            "Method",
            "Path",
            "ApiEndpoint",
            "QueryParameters",
            "Headers",
            "RequestBody",
            "Key",
            "OrderingKey",
            "IdempotencyKey",
        ])
        .prop_map(str::to_owned),
        any::<String>(),
    ];
    leaf.prop_recursive(3, 32, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name.clone(), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_json_makes_it_panic_and_an_accepted_call_can_be_sent(message in anything()) {
        let account = account();
        match CallMessage::from_value(&message, &account) {
            Ok(call) => {
                let request = call.into_request("made");
                prop_assert!(request.check(&account).is_ok());
            }
            Err(error) => {
                let token = message.get("TaskToken").and_then(Value::as_str).filter(|t| !t.is_empty());
                prop_assert_eq!(error.task_token(), token);
                prop_assert!(!error.to_string().is_empty());
            }
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in any::<String>()) {
        let _ = CallMessage::parse(&text, &account());
    }
}
