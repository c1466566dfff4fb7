//! Salesforce's surface over the wire: its two limits and its errors.

use crate::client::{call, held, reply, send, start, within};
use crate::{Conduct, Faults, Gate, LongRunning, SalesforceOptions, Window};
use std::time::Duration;

const ORDER: &str = "PATCH /services/data/v60.0/sobjects/Order/Number__c/SO-1";

#[tokio::test]
async fn only_requests_that_run_long_keep_others_out() {
    let gate = Gate::closed();
    let org = start(SalesforceOptions {
        long_running: LongRunning {
            calls: 2,
            after: Duration::from_millis(50),
        },
        conduct: Conduct {
            latency: held(&gate),
            ..Conduct::default()
        },
        ..SalesforceOptions::default()
    })
    .await;
    // Four at once: none of them has run for long.
    let mut open = Vec::new();
    for _ in 0..4 {
        open.push(send(&org, ORDER, "", "{}").await);
    }
    within(org.wait_for(|seen| seen.in_flight == 4)).await;
    assert_eq!(org.report().violations, 0);
    tokio::time::sleep(Duration::from_millis(60)).await;
    let rejected = call(&org, ORDER, "", "{}").await;
    assert_eq!(
        (rejected.status, rejected.code()),
        (403, "REQUEST_LIMIT_EXCEEDED")
    );
    let message = rejected.body[0]["message"].as_str().unwrap();
    assert!(message.starts_with("Concurrent"), "{message}");
    assert_eq!(rejected.header("retry-after"), None);
    gate.open();
    for stream in open {
        assert!(reply(stream).await.unwrap().status < 300);
    }
    let seen = org.report();
    assert_eq!((seen.violations, seen.broke_long_running), (1, 1));
    assert_eq!(
        (seen.max_long_running, seen.limit_long_running),
        (4, Some(2))
    );
}

#[tokio::test]
async fn the_daily_limit_is_told_in_every_answer_and_refuses_in_its_own_words() {
    let org = start(SalesforceOptions {
        daily: Window {
            calls: 3,
            per: Duration::from_secs(86_400),
        },
        ..SalesforceOptions::default()
    })
    .await;
    let first = call(&org, ORDER, "", "{}").await;
    assert_eq!(first.header("sforce-limit-info"), Some("api-usage=1/3"));
    let limits = call(&org, "GET /services/data/v60.0/limits", "", "").await;
    assert_eq!(
        limits.body["DailyApiRequests"],
        serde_json::json!({"Max": 3, "Remaining": 1})
    );
    assert_eq!(call(&org, "GET /services/data/", "", "").await.status, 200);
    let rejected = call(&org, ORDER, "", "{}").await;
    assert_eq!(rejected.status, 403);
    assert_eq!(rejected.body[0]["message"], "TotalRequests Limit exceeded.");
    let seen = org.report();
    assert_eq!(
        (seen.violations, seen.broke_window, seen.max_in_window),
        (1, 1, 4)
    );
}

#[tokio::test]
async fn its_own_failures_come_in_both_ways_and_leave_the_work_undone() {
    let org = start(SalesforceOptions {
        conduct: Conduct {
            faults: Faults {
                server_error: 1.0,
                ..Faults::default()
            },
            ..Conduct::default()
        },
        ..SalesforceOptions::default()
    })
    .await;
    for expected in [(500, "UNKNOWN_EXCEPTION"), (503, "SERVER_UNAVAILABLE")] {
        let reply = call(&org, ORDER, "", "{}").await;
        assert_eq!((reply.status, reply.code()), expected);
    }
    assert_eq!((org.report().records, org.report().server_errors), (0, 2));
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_said_in_a_list() {
    let org = start(SalesforceOptions::default()).await;
    for (request, body, status, code) in [
        (ORDER, "{", 400, "JSON_PARSER_ERROR"),
        (
            "GET /services/data/v60.0/sobjects/Order/801000000000000009",
            "",
            404,
            "NOT_FOUND",
        ),
        (
            "DELETE /services/data/v60.0/sobjects/Order/1",
            "",
            404,
            "NOT_FOUND",
        ),
        (
            "GET /services/data/v60.0/query?q=SELECT",
            "",
            400,
            "MALFORMED_QUERY",
        ),
    ] {
        let reply = call(&org, request, "", body).await;
        assert_eq!((reply.status, reply.code()), (status, code), "{request}");
    }
    assert_eq!(org.report().refused, 4);
}
