//! What counts against the limits, from when and until when.

use super::*;
use crate::Latency;

#[tokio::test]
async fn the_call_after_the_last_slot_is_rejected_and_counted_as_a_violation() {
    let gate = Gate::closed();
    let netsuite = start(gated(&gate, 3)).await;
    let mut open = Vec::new();
    for _ in 0..3 {
        open.push(send(&netsuite, &format!("PUT {ORDER}"), "", "{}").await);
    }
    within(netsuite.wait_for(|seen| seen.in_flight == 3)).await;

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
    let seen = within(netsuite.shut_down()).await;
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
    let netsuite = start(gated(&gate, 1)).await;
    let stream = send(&netsuite, &format!("PUT {ORDER}"), "", "{}").await;
    within(netsuite.wait_for(|seen| seen.in_flight == 1)).await;
    drop(stream);
    within(netsuite.wait_for(|seen| seen.abandoned == 1)).await;

    assert_eq!(put(&netsuite, ORDER).await.status, 429);
    assert_eq!(
        (netsuite.report().in_flight, netsuite.report().records),
        (1, 0)
    );

    gate.open();
    within(netsuite.drained()).await;
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
    let _ = within(stream.read_to_end(&mut Vec::new())).await;
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
    let hammering = async {
        let mut rejections = 0;
        while rejections < 5 {
            if put(&netsuite, ORDER).await.status == 429 {
                rejections += 1;
                tokio::time::sleep(Duration::from_micros(window_us as u64 / 3)).await;
            }
        }
    };
    within(hammering).await;
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
        ..gated(&Gate::closed(), 1)
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
    within(netsuite.wait_for(|seen| seen.in_flight == 1)).await;
    drop(open);
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_keeps_to_the_limit_is_never_rejected() {
    let latency = Latency::LogNormal {
        mean: Duration::from_millis(2),
        p99: Duration::from_millis(8),
    };
    let options = NetSuiteOptions {
        max_in_flight: 8,
        latency,
        ..NetSuiteOptions::default()
    };
    let netsuite = Arc::new(start(options).await);
    let lanes = (0..8).map(|lane| {
        let netsuite = Arc::clone(&netsuite);
        tokio::spawn(async move {
            for order in 0..40 {
                let path = format!("/services/rest/record/v1/salesOrder/eid:{lane}-{order}");
                assert_eq!(put(&netsuite, &path).await.status, 204);
            }
        })
    });
    for lane in lanes.collect::<Vec<_>>() {
        lane.await.unwrap();
    }
    let seen = netsuite.report();
    assert_eq!(
        (seen.accepted, seen.rejected, seen.records, seen.repeated),
        (320, 0, 320, 0)
    );
    assert!((1..=8).contains(&seen.max_in_flight));
    let spans = netsuite.spans();
    let held: i64 = spans
        .iter()
        .map(|span| span.ended_at_us - span.started_at_us)
        .sum();
    // Each span is cut to microseconds at both ends.
    let cut_off = spans.len() as f64 / 1e6;
    assert!(
        (seen.busy_slot_seconds - held as f64 / 1e6).abs() <= cut_off,
        "{seen:?}"
    );
}

#[tokio::test]
async fn a_restlet_says_too_many_at_once_with_400_in_its_own_words_and_shares_the_limit() {
    let gate = Gate::closed();
    let netsuite = start(gated(&gate, 1)).await;
    let open = send(&netsuite, &format!("PUT {ORDER}"), "", "{}").await;
    within(netsuite.wait_for(|seen| seen.in_flight == 1)).await;
    let restlet = "POST /app/site/hosting/restlet.nl?script=6&deploy=1";
    let body = r#"{"recordType":"salesOrder","externalId":"SO-2"}"#;
    let rejected = call(&netsuite, restlet, "", body).await;
    assert_eq!(
        (rejected.status, rejected.code()),
        (400, "SSS_REQUEST_LIMIT_EXCEEDED")
    );
    gate.open();
    assert_eq!(reply(open).await.unwrap().status, 204);
    let written = call(&netsuite, restlet, "", body).await;
    assert_eq!((written.status, &written.body["id"]), (200, &"2".into()));
    let seen = netsuite.report();
    assert_eq!((seen.violations, seen.records), (1, 2));
    assert_eq!(seen.rejected_by["SSS_REQUEST_LIMIT_EXCEEDED"], 1);
}

#[tokio::test]
async fn a_throttle_can_hide_in_a_refused_login_that_takes_its_time() {
    let netsuite = start(NetSuiteOptions {
        faults: crate::Faults {
            busy_account: 1.0,
            ..crate::Faults::default()
        },
        login_hides_throttle: 1.0,
        hidden_throttle_takes: Duration::from_millis(20),
        ..NetSuiteOptions::default()
    })
    .await;
    let begun = std::time::Instant::now();
    let reply = put(&netsuite, ORDER).await;
    assert!(begun.elapsed() >= Duration::from_millis(20));
    assert_eq!((reply.status, reply.code()), (401, "INVALID_LOGIN"));
    let seen = netsuite.report();
    assert_eq!(
        (seen.rejected, seen.unauthorised, seen.throttles_injected),
        (1, 0, 1)
    );
}

#[tokio::test]
async fn a_request_for_a_token_takes_a_place_where_the_account_counts_it() {
    for (counts, calls) in [(true, 1), (false, 0)] {
        let netsuite = start(NetSuiteOptions {
            sign_in_counts: counts,
            ..NetSuiteOptions::default()
        })
        .await;
        let token = "POST /services/rest/auth/oauth2/v1/token";
        let reply = call(&netsuite, token, "", "").await;
        assert_eq!((reply.status, reply.code()), (400, "invalid_request"));
        let seen = netsuite.report();
        assert_eq!((seen.calls, seen.max_in_window), (calls, calls));
        assert_eq!(seen.sign_ins_refused.values().sum::<u64>(), 1);
    }
}
