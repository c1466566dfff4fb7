//! The stand-in over the wire, through a client written by hand, so that a test sees every byte and can
//! hang up when it likes.

use super::*;
use crate::{Faults, Gate, Latency};
use serde_json::Value;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const ORDER: &str = "/services/rest/record/v1/salesOrder/eid:SO-1";

async fn start(options: NetSuiteOptions) -> NetSuite {
    NetSuite::bind("127.0.0.1:0".parse().unwrap(), options)
        .await
        .unwrap()
}

fn held(gate: &Gate, max_in_flight: u32) -> NetSuiteOptions {
    let latency = Latency::Manual(gate.clone());
    NetSuiteOptions {
        max_in_flight,
        latency,
        ..NetSuiteOptions::default()
    }
}

#[derive(Debug)]
struct Reply {
    status: u16,
    head: String,
    body: Value,
}

impl Reply {
    fn code(&self) -> &str {
        self.body["o:errorDetails"][0]["o:errorCode"]
            .as_str()
            .unwrap_or_default()
    }
}

/// Sends one request and leaves the connection open.
async fn send(netsuite: &NetSuite, request: &str, extra: &str, body: &str) -> TcpStream {
    let mut stream = TcpStream::connect(netsuite.address()).await.unwrap();
    let length = body.len();
    let text = format!(
        "{request} HTTP/1.1\r\nHost: netsuite\r\nConnection: close\r\nContent-Length: {length}\r\n\
         {extra}\r\n{body}"
    );
    stream.write_all(text.as_bytes()).await.unwrap();
    stream
}

/// Reads the answer to its end; `None` when the connection ended without a byte.
async fn reply(mut stream: TcpStream) -> Option<Reply> {
    let mut bytes = Vec::new();
    let read = stream.read_to_end(&mut bytes).await;
    if bytes.is_empty() {
        return None;
    }
    read.unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    Some(Reply {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        head: head.to_ascii_lowercase(),
        body: if body.is_empty() {
            Value::Null
        } else {
            serde_json::from_str(body).unwrap()
        },
    })
}

async fn call(netsuite: &NetSuite, request: &str, extra: &str, body: &str) -> Reply {
    reply(send(netsuite, request, extra, body).await)
        .await
        .unwrap()
}

async fn put(netsuite: &NetSuite, path: &str) -> Reply {
    call(netsuite, &format!("PUT {path}"), "", "{}").await
}

#[tokio::test]
async fn the_call_after_the_last_slot_is_rejected_and_counted_as_a_violation() {
    let gate = Gate::closed();
    let netsuite = start(held(&gate, 3)).await;
    let mut open = Vec::new();
    for _ in 0..3 {
        open.push(send(&netsuite, &format!("PUT {ORDER}"), "", "{}").await);
    }
    netsuite.wait_for(|seen| seen.in_flight == 3).await;

    let rejected = put(&netsuite, ORDER).await;
    assert_eq!(
        (rejected.status, rejected.code()),
        (429, "CONCURRENCY_LIMIT_EXCEEDED")
    );
    assert_eq!(rejected.body["status"], 429);
    assert!(
        !rejected.head.contains("retry-after"),
        "NetSuite sends none"
    );

    gate.open();
    for stream in open {
        assert_eq!(reply(stream).await.unwrap().status, 204);
    }
    assert_eq!(put(&netsuite, ORDER).await.status, 204);
    let seen = netsuite.shut_down().await;
    assert_eq!(
        (seen.calls, seen.accepted, seen.rejected, seen.violations),
        (5, 4, 1, 1)
    );
    assert_eq!((seen.max_in_flight, seen.limit_in_flight), (4, 3));
    assert_eq!(
        (seen.broke_in_flight, seen.broke_window, seen.records),
        (1, 0, 1)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slot_is_free_before_its_answer_is_sent() {
    let netsuite = start(NetSuiteOptions {
        max_in_flight: 1,
        ..NetSuiteOptions::default()
    })
    .await;
    for _ in 0..200 {
        assert_eq!(put(&netsuite, ORDER).await.status, 204);
    }
    assert_eq!(netsuite.report().violations, 0);
}

#[tokio::test]
async fn a_call_whose_client_has_hung_up_is_worked_on_and_keeps_its_slot_until_its_end() {
    let gate = Gate::closed();
    let netsuite = start(held(&gate, 1)).await;
    let stream = send(&netsuite, &format!("PUT {ORDER}"), "", "{}").await;
    netsuite.wait_for(|seen| seen.in_flight == 1).await;
    drop(stream);
    netsuite.wait_for(|seen| seen.abandoned == 1).await;

    assert_eq!(put(&netsuite, ORDER).await.status, 429);
    assert_eq!(
        (netsuite.report().in_flight, netsuite.report().records),
        (1, 0)
    );

    gate.open();
    netsuite.drained().await;
    assert_eq!(
        call(&netsuite, &format!("GET {ORDER}"), "", "")
            .await
            .status,
        200
    );
    let spans = netsuite.spans();
    let accepted: Vec<bool> = spans.iter().map(|span| span.accepted).collect();
    assert_eq!(accepted, [false, true, true]);
    assert!(spans[1].started_at_us <= spans[0].started_at_us);
    assert!(spans[1].ended_at_us >= spans[0].ended_at_us);
}

#[tokio::test]
async fn a_request_that_never_arrives_whole_is_no_call() {
    let netsuite = start(NetSuiteOptions::default()).await;
    let mut stream = TcpStream::connect(netsuite.address()).await.unwrap();
    let part = format!("PUT {ORDER} HTTP/1.1\r\nHost: netsuite\r\nContent-Length: 10\r\n\r\n{{}}");
    stream.write_all(part.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    // Whatever comes back, once it has ended the server is done with this request.
    let _ = stream.read_to_end(&mut Vec::new()).await;
    assert_eq!(netsuite.report().calls, 0);
}

#[tokio::test]
async fn the_call_over_the_window_limit_is_rejected_with_netsuites_unspecific_code() {
    let netsuite = start(NetSuiteOptions {
        calls_per_window: 3,
        window: Duration::from_secs(3_600),
        ..NetSuiteOptions::default()
    })
    .await;
    for _ in 0..3 {
        assert_eq!(put(&netsuite, ORDER).await.status, 204);
    }
    for _ in 0..2 {
        let rejected = put(&netsuite, ORDER).await;
        assert_eq!((rejected.status, rejected.code()), (429, "USER_ERROR"));
    }
    let seen = netsuite.report();
    assert_eq!(
        (seen.max_in_window, seen.limit_in_window, seen.broke_window),
        (5, 3, 2)
    );
    assert_eq!((seen.max_in_flight, seen.window_ms), (1, 3_600_000));
}

#[tokio::test]
async fn the_window_slides_with_every_call() {
    let window_us = 50_000;
    let limit = 4;
    let netsuite = start(NetSuiteOptions {
        calls_per_window: limit as u64,
        window: Duration::from_micros(window_us as u64),
        ..NetSuiteOptions::default()
    })
    .await;
    // Rejected calls count as well, so a client that only hammers would stay shut out. The pauses make the
    // arrivals uneven; what is asserted holds whatever their length turns out to be.
    let mut rejections = 0;
    while rejections < 5 {
        if put(&netsuite, ORDER).await.status == 429 {
            rejections += 1;
            tokio::time::sleep(Duration::from_micros(window_us as u64 / 3)).await;
        }
    }
    let spans = netsuite.spans();
    assert!(spans.iter().filter(|span| span.accepted).count() >= limit);
    for span in &spans {
        let earlier = |reach: i64| {
            let age = |other: &&Span| span.started_at_us - other.started_at_us;
            spans
                .iter()
                .filter(|other| (0..reach).contains(&age(other)))
                .count()
        };
        // Spans are cut to microseconds, so an arrival at the very edge may lie on either side.
        assert!(
            !span.accepted || earlier(window_us - 1) <= limit,
            "{span:?} of {spans:?}"
        );
        assert!(
            span.accepted || earlier(window_us + 2) > limit,
            "{span:?} of {spans:?}"
        );
    }
}

#[tokio::test]
async fn a_call_without_the_bearer_is_answered_401_and_touches_no_limit() {
    let options = NetSuiteOptions {
        bearer: Some("s3cret".to_owned()),
        ..held(&Gate::closed(), 1)
    };
    let netsuite = start(options).await;
    for header in [
        "",
        "Authorization: Bearer other\r\n",
        "Authorization: Basic s3cret\r\n",
    ] {
        let reply = call(&netsuite, &format!("PUT {ORDER}"), header, "{}").await;
        assert_eq!(
            (reply.status, reply.code()),
            (401, "INVALID_LOGIN"),
            "{header}"
        );
    }
    let seen = netsuite.report();
    assert_eq!((seen.calls, seen.unauthorised, seen.accepted), (3, 3, 0));
    assert_eq!((seen.max_in_flight, seen.max_in_window), (0, 0));
    let bearer = "Authorization: Bearer s3cret\r\n";
    let open = send(&netsuite, &format!("PUT {ORDER}"), bearer, "{}").await;
    netsuite.wait_for(|seen| seen.in_flight == 1).await;
    drop(open);
}

#[tokio::test]
async fn a_lost_answer_is_a_connection_cut_after_the_work_is_done() {
    let faults = Faults {
        lost_answer: 1.0,
        ..Faults::default()
    };
    let netsuite = start(NetSuiteOptions {
        faults,
        ..NetSuiteOptions::default()
    })
    .await;
    let stream = send(&netsuite, &format!("PUT {ORDER}"), "", "{}").await;
    assert!(reply(stream).await.is_none());
    let seen = netsuite.report();
    assert_eq!(
        (
            seen.accepted,
            seen.records,
            seen.lost_answers,
            seen.abandoned
        ),
        (1, 1, 1, 0)
    );
}

#[tokio::test]
async fn a_server_error_leaves_the_work_undone() {
    let faults = Faults {
        server_error: 1.0,
        ..Faults::default()
    };
    let netsuite = start(NetSuiteOptions {
        faults,
        ..NetSuiteOptions::default()
    })
    .await;
    let reply = put(&netsuite, ORDER).await;
    assert_eq!((reply.status, reply.code()), (500, "UNEXPECTED_ERROR"));
    assert_eq!(
        (netsuite.report().records, netsuite.report().server_errors),
        (0, 1)
    );
}

#[tokio::test]
async fn a_busy_account_rejects_calls_that_broke_no_limit() {
    let faults = Faults {
        busy_account: 1.0,
        ..Faults::default()
    };
    let netsuite = start(NetSuiteOptions {
        faults,
        ..NetSuiteOptions::default()
    })
    .await;
    let reply = put(&netsuite, ORDER).await;
    assert_eq!(
        (reply.status, reply.code()),
        (429, "CONCURRENCY_LIMIT_EXCEEDED")
    );
    assert_eq!(
        (netsuite.report().rejected, netsuite.report().violations),
        (1, 0)
    );
}

#[tokio::test]
async fn repeated_writes_and_duplicates_are_counted() {
    let netsuite = start(NetSuiteOptions::default()).await;
    for key in ["1", "1", "2"] {
        let header = format!("X-NetSuite-Idempotency-Key: {key}\r\n");
        let reply = call(&netsuite, &format!("PUT {ORDER}"), &header, "{}").await;
        assert_eq!(reply.status, 204);
        let location = format!(
            "location: http://{}/services/rest/record",
            netsuite.address()
        );
        assert!(reply.head.contains(&location), "{}", reply.head);
    }
    let seen = netsuite.report();
    assert_eq!((seen.repeated, seen.repeated_with_other_key), (1, 1));
    assert_eq!((seen.records, seen.duplicates_created), (1, 0));

    let create = "POST /services/rest/record/v1/salesOrder";
    call(&netsuite, create, "", r#"{"externalId":"SO-1"}"#).await;
    let seen = netsuite.report();
    assert_eq!((seen.records, seen.duplicates_created), (2, 1));
    let keys: Vec<_> = netsuite
        .spans()
        .into_iter()
        .map(|span| span.idempotency_key)
        .collect();
    assert_eq!(
        keys,
        [
            Some("1".to_owned()),
            Some("1".to_owned()),
            Some("2".to_owned()),
            None
        ]
    );
}

#[tokio::test]
async fn what_is_wrong_with_a_call_is_said_in_netsuites_words_and_still_counted() {
    let netsuite = start(NetSuiteOptions {
        body_limit: 64,
        ..NetSuiteOptions::default()
    })
    .await;
    let long = format!("{{\"memo\":\"{}\"}}", "x".repeat(64));
    let invalid = r#"{"item":{"items":[{"item":{"id":"INVALID"}}]}}"#;
    for (request, body, status, code) in [
        (format!("PUT {ORDER}"), "{", 400, "INVALID_CONTENT"),
        (format!("PUT {ORDER}"), invalid, 400, "INVALID_KEY_OR_REF"),
        (format!("PUT {ORDER}"), &long, 413, "INVALID_REQUEST"),
        (format!("GET {ORDER}"), "", 404, "NONEXISTENT_ID"),
        (
            "POST /services/rest/query/v1/suiteql".to_owned(),
            "{}",
            404,
            "NONEXISTENT_ID",
        ),
    ] {
        let reply = call(&netsuite, &request, "", body).await;
        assert_eq!((reply.status, reply.code()), (status, code), "{request}");
        for member in ["type", "title", "status", "o:errorDetails"] {
            assert!(
                reply.body.get(member).is_some(),
                "{request} has no {member}"
            );
        }
        assert!(
            reply
                .head
                .contains("application/vnd.oracle.resource+json; type=error")
        );
    }
    let seen = netsuite.report();
    assert_eq!(
        (seen.calls, seen.accepted, seen.refused, seen.records),
        (5, 5, 5, 0)
    );
}

#[tokio::test]
async fn the_system_resources_and_unknown_paths_are_outside_the_limits() {
    let netsuite = start(NetSuiteOptions {
        calls_per_window: 1,
        ..NetSuiteOptions::default()
    })
    .await;
    let system = "GET /services/rest/system/v1";
    assert_eq!(
        call(&netsuite, &format!("{system}/serverTime"), "", "")
            .await
            .status,
        200
    );
    let limits = call(&netsuite, &format!("{system}/governanceLimits"), "", "").await;
    assert_eq!(limits.body["accountConcurrencyLimit"], 15);
    assert_eq!(call(&netsuite, "GET /elsewhere", "", "").await.status, 404);
    assert_eq!(netsuite.report().calls, 0);
}

#[tokio::test]
async fn the_report_and_the_spans_can_be_read_over_http() {
    let netsuite = start(NetSuiteOptions::default()).await;
    put(&netsuite, ORDER).await;
    let report = call(&netsuite, "GET /_standin/report", "", "").await;
    assert_eq!(
        serde_json::from_value::<Report>(report.body).unwrap(),
        netsuite.report()
    );
    let spans = call(&netsuite, "GET /_standin/spans", "", "").await;
    assert_eq!(
        serde_json::from_value::<Vec<Span>>(spans.body).unwrap(),
        netsuite.spans()
    );
    assert_eq!(netsuite.spans()[0].record, "salesOrder/eid:SO-1");
}

#[tokio::test]
async fn only_the_latest_spans_are_kept() {
    let netsuite = start(NetSuiteOptions {
        spans_kept: 2,
        ..NetSuiteOptions::default()
    })
    .await;
    for order in ["A", "B", "C"] {
        put(
            &netsuite,
            &format!("/services/rest/record/v1/salesOrder/eid:{order}"),
        )
        .await;
    }
    let records: Vec<_> = netsuite
        .spans()
        .into_iter()
        .map(|span| span.record)
        .collect();
    assert_eq!(records, ["salesOrder/eid:B", "salesOrder/eid:C"]);
    assert_eq!(netsuite.report().accepted, 3);
}

#[tokio::test]
async fn shutting_down_frees_the_port_and_waits_for_the_calls_in_flight() {
    let gate = Gate::closed();
    let netsuite = start(held(&gate, 2)).await;
    let address = netsuite.address();
    let open = send(&netsuite, &format!("PUT {ORDER}"), "", "{}").await;
    netsuite.wait_for(|seen| seen.in_flight == 1).await;
    let mut stopping = pin!(netsuite.shut_down());
    // The port is refused while the call still runs, so the wait is for the call and not for the port.
    tokio::select! {
        _ = &mut stopping => panic!("it did not wait for the call in flight"),
        () = async { while TcpStream::connect(address).await.is_ok() {} } => {}
    }
    gate.open();
    let seen = stopping.await;
    assert_eq!((seen.in_flight, seen.accepted, seen.records), (0, 1, 1));
    assert_eq!(reply(open).await.unwrap().status, 204);
}

#[tokio::test]
async fn options_without_sense_are_refused_at_the_start() {
    let options = NetSuiteOptions {
        max_in_flight: 0,
        ..NetSuiteOptions::default()
    };
    let error = NetSuite::bind("127.0.0.1:0".parse().unwrap(), options)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    assert!(error.to_string().contains("max_in_flight"));
}
