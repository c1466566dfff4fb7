//! A deletion whose answer was lost and which is sent again.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rampmeter_call::{Outcome, Request};
use rampmeter_caller::Attempt;

use crate::vendor::{Act, Vendor, get};

/// A vendor that gives one answer after the other, and the last one forever; an empty one is a lost
/// answer.
fn vendor(answers: &'static [&'static str]) -> Vendor {
    let given = AtomicUsize::new(0);
    Vendor::new(Act::Decide(Arc::new(move |_| {
        let n = given.fetch_add(1, Ordering::SeqCst).min(answers.len() - 1);
        match answers[n] {
            "" => Vec::new(),
            head => format!("HTTP/1.1 {head}\r\ncontent-length: 0\r\n\r\n").into_bytes(),
        }
    })))
}

fn delete(key: &str) -> Request {
    Request {
        method: "DELETE".to_owned(),
        idempotency_key: key.to_owned(),
        ..get("/x/1")
    }
}

#[tokio::test]
async fn what_is_gone_is_deleted_after_a_lost_answer() {
    for lost in [&["", "404 Not Found"][..], &["504 X", "503 X", "410 Gone"]] {
        let vendor = vendor(lost);
        let caller = vendor.caller();
        let first = caller.call(&delete("a")).await;
        assert!(matches!(first, Outcome::Unknown { .. }), "{first:?}");
        let mut last = caller.call(&delete("a")).await;
        if matches!(last, Outcome::Throttled { .. }) {
            last = caller.call(&delete("a")).await;
        }
        assert!(matches!(last, Outcome::Success(_)), "{last:?}");
        let later = caller.call(&delete("a")).await;
        assert!(matches!(later, Outcome::Final { .. }), "{later:?}");
    }
}

#[tokio::test]
async fn what_was_never_there_is_not_deleted() {
    for answers in [&["404 Not Found"][..], &["503 X", "404 Not Found"]] {
        let vendor = vendor(answers);
        let caller = vendor.caller();
        let mut last = caller.call(&delete("a")).await;
        if matches!(last, Outcome::Throttled { .. }) {
            last = caller.call(&delete("a")).await;
        }
        assert!(matches!(last, Outcome::Final { .. }), "{last:?}");
    }
}

#[tokio::test]
async fn a_host_may_know_of_the_lost_answer_too() {
    let vendor = vendor(&["404 Not Found"]);
    let attempt = Attempt {
        ask_first: true,
        ..Attempt::default()
    };
    let outcome = vendor.caller().attempt(&delete("a"), &attempt).await;
    assert!(matches!(outcome, Outcome::Success(_)), "{outcome:?}");
}
