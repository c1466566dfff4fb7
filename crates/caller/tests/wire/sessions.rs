//! SAP's protection against cross-site request forgery, as calls meet it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rampmeter_call::{Outcome, Repeatable, Request};
use rampmeter_caller::{Caller, Preset};
use serde_json::json;

use crate::vendor::{Act, Vendor, get, post};

const ORDERS: &str = "/sap/opu/odata/sap/API_SALES_ORDER_SRV/A_SalesOrder";

/// A vendor that gives the n-th session to the n-th fetch and accepts changes only with a session that `takes`
/// accepts.
fn vendor(takes: fn(&str) -> bool) -> (Vendor, Arc<AtomicUsize>) {
    let fetched = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&fetched);
    let vendor = Vendor::new(Act::Decide(Arc::new(move |request| {
        let answer = |head: &str| format!("HTTP/1.1 {head}\r\ncontent-length: 0\r\n\r\n");
        if request.contains("x-csrf-token: Fetch\r\n") {
            let n = count.fetch_add(1, Ordering::SeqCst) + 1;
            answer(&format!(
                "200 OK\r\nX-CSRF-Token: token-{n}==\r\nSet-Cookie: SAP_SESSIONID=s{n}; path=/\r\nSet-Cookie: sap-usercontext=c; path=/"
            ))
        } else if request.starts_with("GET") || takes(request) {
            answer("201 Created")
        } else {
            answer("403 Forbidden\r\nX-CSRF-Token: Required")
        }
        .into_bytes()
    })));
    (vendor, fetched)
}

fn caller(vendor: &Vendor) -> Caller {
    let mut profile = vendor.profile();
    profile.base_url.set_path("/");
    profile.preset = Preset::SapOData;
    Caller::new(profile).unwrap()
}

fn order(key: &str) -> Request {
    Request {
        idempotency_key: key.to_owned(),
        ..post(ORDERS, json!({}))
    }
}

fn reason(outcome: &Outcome) -> Option<&Repeatable> {
    match outcome {
        Outcome::Repeatable { reason, .. } => Some(reason),
        _ => None,
    }
}

#[tokio::test]
async fn a_change_carries_the_token_and_its_cookies_and_the_fetch_takes_a_permit() {
    let (vendor, fetched) = vendor(|request| {
        request.contains("x-csrf-token: token-1==\r\n")
            && request.contains("cookie: SAP_SESSIONID=s1; sap-usercontext=c\r\n")
    });
    let caller = caller(&vendor);
    let outcome = caller.call(&order("a")).await;
    assert_eq!(reason(&outcome), Some(&Repeatable::GotReady));
    let (head, _) = vendor.request();
    assert!(
        head.starts_with("get /sap/opu/odata/sap/api_sales_order_srv/ "),
        "{head}"
    );
    for key in ["a", "b"] {
        let outcome = caller.call(&order(key)).await;
        assert!(matches!(outcome, Outcome::Success(_)), "{outcome:?}");
    }
    assert_eq!(fetched.load(Ordering::SeqCst), 1);
    let (head, _) = vendor.request();
    assert!(head.contains("repeatability-request-id: a"), "{head}");
}

#[tokio::test]
async fn a_read_needs_no_session() {
    let (vendor, fetched) = vendor(|_| false);
    let outcome = caller(&vendor).call(&get(ORDERS)).await;
    assert!(matches!(outcome, Outcome::Success(_)), "{outcome:?}");
    assert_eq!(fetched.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn an_old_session_is_replaced_once() {
    let (vendor, fetched) = vendor(|request| request.contains("token-2=="));
    let caller = caller(&vendor);
    let mut reasons = Vec::new();
    let last = loop {
        let outcome = caller.call(&order("a")).await;
        match reason(&outcome) {
            Some(reason) => reasons.push(reason.clone()),
            None => break outcome,
        }
    };
    assert!(matches!(last, Outcome::Success(_)), "{last:?}");
    assert_eq!(
        reasons,
        [
            Repeatable::GotReady,
            Repeatable::SignInExpired,
            Repeatable::GotReady
        ]
    );
    assert_eq!(fetched.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_token_that_is_refused_twice_is_the_vendors_word() {
    let (vendor, fetched) = vendor(|_| false);
    let caller = caller(&vendor);
    let last = loop {
        let outcome = caller.call(&order("a")).await;
        if reason(&outcome).is_none() {
            break outcome;
        }
    };
    assert!(
        matches!(&last, Outcome::Final { answer, .. } if answer.status == 403),
        "{last:?}"
    );
    assert_eq!(fetched.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn many_calls_that_wait_fetch_one_session() {
    let (vendor, fetched) = vendor(|request| request.contains("token-1=="));
    let caller = Arc::new(caller(&vendor));
    let calls: Vec<_> = (0..20)
        .map(|number| {
            let caller = Arc::clone(&caller);
            tokio::spawn(async move { caller.call(&order(&number.to_string())).await })
        })
        .collect();
    let mut fetches = 0;
    for call in calls {
        let outcome = call.await.unwrap();
        match reason(&outcome) {
            Some(Repeatable::GotReady) => fetches += 1,
            _ => assert!(matches!(outcome, Outcome::Success(_)), "{outcome:?}"),
        }
    }
    assert_eq!((fetches, fetched.load(Ordering::SeqCst)), (1, 1));
}

#[tokio::test]
async fn a_missing_right_is_no_old_session() {
    let vendor = Vendor::new(Act::Decide(Arc::new(|request| {
        let head = if request.starts_with("GET") {
            "200 OK\r\nX-CSRF-Token: t"
        } else {
            "403 Forbidden"
        };
        format!("HTTP/1.1 {head}\r\ncontent-length: 0\r\n\r\n").into_bytes()
    })));
    let caller = caller(&vendor);
    caller.call(&order("a")).await;
    let outcome = caller.call(&order("a")).await;
    assert!(
        matches!(&outcome, Outcome::Final { answer, .. } if answer.status == 403),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn a_session_is_fetched_for_the_client_of_the_call() {
    let vendor = Vendor::new(Act::Decide(Arc::new(|request| {
        let line = request.lines().next().unwrap_or_default();
        let client = if line.contains("sap-client=200") {
            200
        } else {
            100
        };
        let head = if request.contains("x-csrf-token: Fetch\r\n") {
            format!("200 OK\r\nX-CSRF-Token: token-{client}")
        } else if request.contains(&format!("x-csrf-token: token-{client}\r\n")) {
            "201 Created".to_owned()
        } else {
            "403 Forbidden\r\nX-CSRF-Token: Required".to_owned()
        };
        format!("HTTP/1.1 {head}\r\ncontent-length: 0\r\n\r\n").into_bytes()
    })));
    let caller = caller(&vendor);
    for query in ["?sap-client=200", "", "?sap-client=200"] {
        let order = Request {
            path: format!("{ORDERS}{query}"),
            ..order("a")
        };
        let mut outcome = caller.call(&order).await;
        if reason(&outcome) == Some(&Repeatable::GotReady) {
            outcome = caller.call(&order).await;
        }
        assert!(
            matches!(outcome, Outcome::Success(_)),
            "{query}: {outcome:?}"
        );
    }
    assert_eq!(vendor.waiting(), 5, "two fetches and three calls");
}
