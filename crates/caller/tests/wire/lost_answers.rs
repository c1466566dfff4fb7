//! A call whose answer was lost, when the vendor is asked "did it happen?" before it is sent again.

use std::sync::Arc;
use std::time::Duration;

use rampmeter_call::{Outcome, Repeatable, Request};
use rampmeter_caller::reconcile::{Found, Template};
use rampmeter_caller::{Attempt, Caller, Preset, Profile};
use serde_json::json;

use crate::vendor::{Act, Vendor, json_answer, post};

const ASK: Attempt = Attempt {
    first_sent: None,
    ask_first: true,
    lost_before: true,
    at_work_for: Duration::ZERO,
};

/// A vendor that gives this answer to the question, and 201 to every call.
fn vendor(status: &'static str, body: &serde_json::Value) -> Vendor {
    let answer = json_answer(status, body);
    Vendor::new(Act::Decide(Arc::new(move |request| {
        if request.starts_with("GET") {
            answer.clone()
        } else {
            json_answer("201 Created", &json!({"id": "new"}))
        }
    })))
}

fn profile(vendor: &Vendor) -> Profile {
    let mut profile = vendor.profile();
    profile.reconcile = Some(Template {
        path: "/orders?ref={/number}".to_owned(),
        found: Found::At("/value".to_owned()),
    });
    profile
}

fn order() -> Request {
    post("/orders", json!({"number": "SO-1"}))
}

fn is_ready(outcome: &Outcome) -> bool {
    matches!(
        outcome,
        Outcome::Repeatable {
            reason: Repeatable::GotReady,
            ..
        }
    )
}

#[tokio::test]
async fn what_happened_is_not_sent_again() {
    let vendor = vendor("200 OK", &json!({"value": [{"id": "first"}]}));
    let caller = Caller::new(profile(&vendor)).unwrap();
    let outcome = caller.attempt(&order(), &ASK).await;
    let Outcome::Success(answer) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(answer.body["value"][0]["id"], "first");
    let (head, _) = vendor.request();
    assert!(head.starts_with("get /base/orders?ref=so%2d1 "), "{head}");
    assert!(!head.contains("idempotency"), "{head}");
    assert_eq!(vendor.waiting(), 0);
}

#[tokio::test]
async fn what_did_not_happen_is_sent_with_the_next_permit_and_asked_about_anew_after_that() {
    let vendor = vendor("200 OK", &json!({"value": []}));
    let caller = Caller::new(profile(&vendor)).unwrap();
    for _ in 0..2 {
        assert!(is_ready(&caller.attempt(&order(), &ASK).await));
        let outcome = caller.attempt(&order(), &ASK).await;
        assert!(
            matches!(&outcome, Outcome::Success(answer) if answer.body["id"] == "new"),
            "{outcome:?}"
        );
    }
    assert_eq!(vendor.waiting(), 4);
}

#[tokio::test]
async fn a_first_attempt_asks_nothing() {
    let vendor = vendor("200 OK", &json!({"value": [1]}));
    let caller = Caller::new(profile(&vendor)).unwrap();
    let outcome = caller.call(&order()).await;
    assert!(
        matches!(&outcome, Outcome::Success(answer) if answer.body["id"] == "new"),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn an_answer_that_does_not_say_leaves_it_unresolved_and_nothing_is_sent() {
    let vendor = vendor("403 Forbidden", &json!({}));
    let caller = Caller::new(profile(&vendor)).unwrap();
    let outcome = caller.attempt(&order(), &ASK).await;
    assert!(matches!(outcome, Outcome::Unresolved { .. }), "{outcome:?}");
    assert_eq!(vendor.waiting(), 1);
}

#[tokio::test]
async fn a_throttled_question_is_a_throttle() {
    let vendor = vendor("429 Too Many Requests", &json!({}));
    let caller = Caller::new(profile(&vendor)).unwrap();
    let outcome = caller.attempt(&order(), &ASK).await;
    assert!(matches!(outcome, Outcome::Throttled { .. }), "{outcome:?}");
}

#[tokio::test]
async fn a_call_that_repeats_safely_needs_no_question_and_one_without_any_is_unresolved() {
    let vendor = vendor("200 OK", &json!({}));
    let mut plain = vendor.profile();
    plain.preset = Preset::NetSuite;
    let caller = Caller::new(plain).unwrap();
    let upsert = Request {
        method: "PUT".to_owned(),
        ..post("/services/rest/record/v1/salesOrder/eid:1", json!({}))
    };
    let outcome = caller.attempt(&upsert, &ASK).await;
    assert!(matches!(outcome, Outcome::Success(_)), "{outcome:?}");
    let insert = post("/services/rest/record/v1/salesOrder", json!({}));
    let outcome = caller.attempt(&insert, &ASK).await;
    assert!(matches!(outcome, Outcome::Unresolved { .. }), "{outcome:?}");
    let named = post(
        "/services/rest/record/v1/salesOrder",
        json!({"externalId": "SO-1"}),
    );
    let outcome = caller.attempt(&named, &ASK).await;
    assert!(matches!(outcome, Outcome::Success(_)), "{outcome:?}");
    let mut heads = Vec::new();
    for _ in 0..2 {
        heads.push(vendor.request().0);
    }
    assert!(heads[0].starts_with("put "), "{heads:?}");
    assert!(
        heads[1].starts_with("get /base/services/rest/record/v1/salesorder/eid:so%2d1 "),
        "{heads:?}"
    );
}

#[tokio::test]
async fn an_answer_of_another_shape_leaves_it_unresolved_and_nothing_is_sent() {
    let answers = [
        "200 OK\r\ncontent-type: application/atom+xml\r\n\r\n<feed><entry/></feed>",
        "200 OK\r\ncontent-type: text/html\r\n\r\n<html>login</html>",
        "200 OK\r\n\r\n",
        "200 OK\r\n\r\n{\"d\": {\"results\": []}}",
        "200 OK\r\n\r\n{\"error\": {\"code\": \"E\"}}",
        "200 OK\r\ncontent-length: 99\r\n\r\n{\"value\": []}",
        "404 Not Found\r\n\r\n<html>no such page</html>",
    ];
    for answer in answers {
        let vendor = Vendor::new(Act::Answer(format!("HTTP/1.1 {answer}").into_bytes()));
        let caller = Caller::new(profile(&vendor)).unwrap();
        let outcome = caller.attempt(&order(), &ASK).await;
        assert!(
            matches!(outcome, Outcome::Unresolved { .. }),
            "{answer}: {outcome:?}"
        );
        let (head, _) = vendor.request();
        assert!(head.contains("\r\naccept: application/json\r\n"), "{head}");
        assert_eq!(vendor.waiting(), 0);
    }
}

#[tokio::test]
async fn a_yes_behind_a_byte_order_mark_is_a_yes() {
    let answer = b"HTTP/1.1 200 OK\r\n\r\n\xef\xbb\xbf{\"value\": [1]}";
    let vendor = Vendor::new(Act::Answer(answer.to_vec()));
    let caller = Caller::new(profile(&vendor)).unwrap();
    let outcome = caller.attempt(&order(), &ASK).await;
    assert!(matches!(outcome, Outcome::Success(_)), "{outcome:?}");
}

#[tokio::test]
async fn while_the_vendor_may_be_at_work_not_there_is_no_answer() {
    let vendor = vendor("200 OK", &json!({"value": []}));
    let caller = Caller::new(profile(&vendor)).expect("a profile");
    let hold = Duration::from_secs(90);
    let early = Attempt {
        at_work_for: hold,
        ..ASK
    };
    for _ in 0..2 {
        let outcome = caller.attempt(&order(), &early).await;
        let Outcome::Repeatable { reason, .. } = &outcome else {
            panic!("{outcome:?}");
        };
        assert_eq!(*reason, Repeatable::PerhapsAtWork(hold));
    }
    // Once its hold is over the same answer is a no, and the call is sent with its next permit.
    let asked = caller.attempt(&order(), &ASK).await;
    assert_eq!(asked, Outcome::got_ready());
    let sent = caller.attempt(&order(), &ASK).await;
    assert!(matches!(sent, Outcome::Success(_)), "{sent:?}");
}
