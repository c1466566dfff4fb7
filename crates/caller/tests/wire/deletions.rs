//! A deletion whose answer was lost and which is sent again.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rampmeter_call::{Outcome, Request};
use rampmeter_caller::Attempt;

use crate::vendor::{Act, Vendor, get};

/// A vendor that gives one answer after the other, and the last one forever; an empty one is a lost answer.
fn vendor<const N: usize>(answers: Arc<[String; N]>) -> Vendor {
    let given = AtomicUsize::new(0);
    Vendor::new(Act::Decide(Arc::new(move |_| {
        let n = given.fetch_add(1, Ordering::SeqCst).min(answers.len() - 1);
        match answers[n].as_str() {
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

/// What a host says of a repeat of a call whose answer was lost.
const LOST: Attempt = Attempt {
    first_sent: None,
    ask_first: false,
    lost_before: true,
    at_work_for: Duration::ZERO,
};

#[tokio::test]
async fn what_is_gone_is_deleted_after_a_lost_answer() {
    for gone in ["404 Not Found", "410 Gone"] {
        let answers = Arc::new([String::new(), "503 X".to_owned(), gone.to_owned()]);
        let vendor = vendor(answers);
        let caller = vendor.caller();
        let first = caller.call(&delete("a")).await;
        assert!(matches!(first, Outcome::Unknown { .. }), "{first:?}");
        let second = caller.attempt(&delete("a"), &LOST).await;
        assert!(matches!(second, Outcome::Throttled { .. }), "{second:?}");
        let last = caller.attempt(&delete("a"), &LOST).await;
        assert!(matches!(last, Outcome::Success(_)), "{last:?}");
    }
}

#[tokio::test]
async fn what_was_never_there_is_not_deleted() {
    let vendor = vendor(Arc::new(["404 Not Found".to_owned()]));
    for attempt in [
        Attempt::default(),
        Attempt {
            ask_first: true,
            ..Attempt::default()
        },
    ] {
        let outcome = vendor.caller().attempt(&delete("a"), &attempt).await;
        assert!(matches!(outcome, Outcome::Final { .. }), "{outcome:?}");
    }
}
