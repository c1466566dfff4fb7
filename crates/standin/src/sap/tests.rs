//! SAP's surface over the wire: stacked windows, throttles that say when to come back, and repeats.

use crate::client::{call, held, reply, send, start, within};
use crate::{Conduct, Faults, Gate, Repeatability, SapOptions, Window};
use std::time::Duration;

const ORDERS: &str = "POST /sap/opu/odata/sap/API_SALES_ORDER_SRV/A_SalesOrder";
const DAY: Duration = Duration::from_secs(86_400);

fn window(calls: u64, per: Duration) -> Window {
    Window { calls, per }
}

#[tokio::test]
async fn all_windows_are_kept_at_once_and_a_throttle_says_when_there_is_room() {
    let system = start(SapOptions {
        csrf: false,
        windows: vec![window(2, Duration::from_secs(3_600)), window(3, DAY)],
        ..SapOptions::default()
    })
    .await;
    for _ in 0..2 {
        assert_eq!(call(&system, ORDERS, "", "{}").await.status, 201);
    }
    let hour = call(&system, ORDERS, "", "{}").await;
    assert_eq!(
        (hour.status, hour.code()),
        (429, "policies.ratelimit.QuotaViolation")
    );
    let seconds: u64 = hour.header("retry-after").unwrap().parse().unwrap();
    assert!((3_500..=3_600).contains(&seconds), "{seconds}");
    let seen = system.report();
    let most: Vec<u64> = seen.windows.iter().map(|window| window.most).collect();
    assert_eq!((most, seen.violations), (vec![3, 3], 1));
    call(&system, ORDERS, "", "{}").await;
    assert_eq!(system.report().windows[1].most, 4);
}

#[tokio::test]
async fn too_many_at_once_is_503_and_retry_after_can_be_fixed() {
    let gate = Gate::closed();
    let system = start(SapOptions {
        csrf: false,
        max_in_flight: 1,
        retry_after: Some(Duration::from_secs(300)),
        conduct: Conduct {
            latency: held(&gate),
            ..Conduct::default()
        },
        ..SapOptions::default()
    })
    .await;
    let open = send(&system, ORDERS, "", "{}").await;
    within(system.wait_for(|seen| seen.in_flight == 1)).await;
    let rejected = call(&system, ORDERS, "", "{}").await;
    assert_eq!(
        (rejected.status, rejected.header("retry-after")),
        (503, Some("300"))
    );
    gate.open();
    assert_eq!(reply(open).await.unwrap().status, 201);
}

#[tokio::test]
async fn a_repeat_of_a_lost_answer_is_answered_with_the_first_and_a_failure_is_not_remembered() {
    let faulty = |faults| SapOptions {
        csrf: false,
        repeatability: Repeatability::Oasis(DAY),
        conduct: Conduct {
            faults,
            ..Conduct::default()
        },
        ..SapOptions::default()
    };
    let date = httpdate::fmt_http_date(std::time::SystemTime::now());
    let named = format!("Repeatability-Request-ID: r-1\r\nRepeatability-First-Sent: {date}\r\n");

    let lost = Faults {
        lost_answer: 1.0,
        ..Faults::default()
    };
    let system = start(faulty(lost)).await;
    for _ in 0..3 {
        assert!(
            reply(send(&system, ORDERS, &named, "{}").await)
                .await
                .is_none()
        );
    }
    let seen = system.report();
    assert_eq!(
        (seen.records, seen.absorbed, seen.duplicates_created),
        (1, 2, 0)
    );

    let broken = Faults {
        server_error: 1.0,
        ..Faults::default()
    };
    let system = start(faulty(broken)).await;
    for _ in 0..2 {
        let reply = call(&system, ORDERS, &named, "{}").await;
        assert_eq!(
            (reply.status, reply.header("repeatability-result")),
            (500, None)
        );
    }
    assert_eq!((system.report().records, system.report().absorbed), (0, 0));
}

#[tokio::test]
async fn without_repeatability_a_repeat_is_a_duplicate() {
    let system = start(SapOptions {
        csrf: false,
        ..SapOptions::default()
    })
    .await;
    for _ in 0..2 {
        assert_eq!(
            call(&system, ORDERS, "RequestID: x\r\n", "{}").await.status,
            201
        );
    }
    assert_eq!(
        (system.report().records, system.report().duplicates_created),
        (2, 1)
    );
}
