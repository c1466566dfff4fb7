//! What the stand-in answers, loses and reports.

use super::*;
use crate::Faults;

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
    let netsuite = start(gated(&gate, 2)).await;
    let address = netsuite.address();
    let open = send(&netsuite, &format!("PUT {ORDER}"), "", "{}").await;
    within(netsuite.wait_for(|seen| seen.in_flight == 1)).await;
    let mut stopping = pin!(netsuite.shut_down());
    // The port is refused while the call still runs, so the wait is for the call and not for the port.
    tokio::select! {
        _ = &mut stopping => panic!("it did not wait for the call in flight"),
        () = within(async { while TcpStream::connect(address).await.is_ok() {} }) => {}
    }
    gate.open();
    let seen = within(stopping).await;
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
