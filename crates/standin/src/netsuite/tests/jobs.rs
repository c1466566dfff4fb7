//! Requests that are worked on in the background.

use super::*;
use crate::Faults;

const RECORDS: &str = "POST /services/rest/record/v1/salesOrder";
const IN_BACKGROUND: &str = "Prefer: respond-async\r\nX-NetSuite-Idempotency-Key: k-1\r\n";

#[tokio::test]
async fn a_job_holds_its_slot_until_it_ends_and_a_repeat_leads_to_it() {
    let gate = Gate::closed();
    let netsuite = start(gated(&gate, 1)).await;
    let begun = call(
        &netsuite,
        RECORDS,
        IN_BACKGROUND,
        r#"{"externalId":"SO-1"}"#,
    )
    .await;
    assert_eq!(begun.status, 202);
    assert_eq!(begun.header("preference-applied"), Some("respond-async"));
    let job = begun.header("location").unwrap().to_owned();
    assert_eq!(job, "/services/rest/async/v1/job/1");
    assert_eq!(
        (netsuite.report().in_flight, netsuite.report().records),
        (1, 0)
    );

    // The only slot is the job's: a poll of it is one too many.
    let look = format!("GET {job}");
    assert_eq!(call(&netsuite, &look, "", "").await.status, 429);
    gate.open();
    within(netsuite.drained()).await;
    let ended = call(&netsuite, &look, "", "").await;
    assert_eq!(
        (&ended.body["completed"], &ended.body["progress"]),
        (&true.into(), &"succeeded".into())
    );
    let result = call(&netsuite, &format!("{look}/task/1/result"), "", "").await;
    assert_eq!(result.status, 204);
    assert!(
        result
            .header("location")
            .unwrap()
            .ends_with("/salesorder/1")
    );

    let again = call(
        &netsuite,
        RECORDS,
        IN_BACKGROUND,
        r#"{"externalId":"SO-1"}"#,
    )
    .await;
    assert_eq!((again.status, again.code()), (400, "IDEMPOTENCY_ERROR"));
    assert_eq!(again.header("location"), Some(job.as_str()));
    assert_eq!(again.body["title"], "Conflict");
    let seen = netsuite.report();
    assert_eq!(
        (
            seen.jobs,
            seen.records,
            seen.duplicates_created,
            seen.absorbed
        ),
        (1, 1, 0, 1)
    );
    assert_eq!(seen.violations, 1);
}

#[tokio::test]
async fn a_job_need_not_hold_a_slot() {
    let gate = Gate::closed();
    let netsuite = start(NetSuiteOptions {
        jobs_hold_slots: false,
        ..gated(&gate, 1)
    })
    .await;
    for key in ["a", "b"] {
        let headers = format!("Prefer: respond-async\r\nX-NetSuite-Idempotency-Key: {key}\r\n");
        assert_eq!(call(&netsuite, RECORDS, &headers, "{}").await.status, 202);
    }
    let look = call(&netsuite, "GET /services/rest/async/v1/job/1", "", "").await;
    assert_eq!(look.body["progress"], "pending");
    gate.open();
    within(netsuite.wait_for(|seen| seen.records == 2)).await;
    assert_eq!(
        (
            netsuite.report().violations,
            netsuite.report().max_in_flight
        ),
        (0, 1)
    );
}

#[tokio::test]
async fn what_netsuite_cannot_do_is_a_failed_job_and_what_it_cannot_read_is_none() {
    let netsuite = start(NetSuiteOptions::default()).await;
    let invalid = r#"{"item":{"items":[{"item":{"id":"INVALID"}}]}}"#;
    let begun = call(&netsuite, RECORDS, IN_BACKGROUND, invalid).await;
    assert_eq!(begun.status, 202);
    within(netsuite.drained()).await;
    let job = format!("GET {}", begun.header("location").unwrap());
    assert_eq!(
        call(&netsuite, &job, "", "").await.body["progress"],
        "failed"
    );
    let result = call(&netsuite, &format!("{job}/task/1/result"), "", "").await;
    assert_eq!((result.status, result.code()), (400, "INVALID_KEY_OR_REF"));
    let unreadable = call(&netsuite, RECORDS, "Prefer: respond-async\r\n", "{").await;
    assert_eq!(
        (unreadable.status, unreadable.code()),
        (400, "INVALID_CONTENT")
    );
    assert_eq!(netsuite.report().jobs, 1);
}

#[tokio::test]
async fn a_lost_answer_to_an_asynchronous_request_leaves_its_job_at_work() {
    let netsuite = start(NetSuiteOptions {
        faults: Faults {
            lost_answer: 1.0,
            ..Faults::default()
        },
        ..NetSuiteOptions::default()
    })
    .await;
    let stream = send(&netsuite, RECORDS, IN_BACKGROUND, "{}").await;
    assert!(reply(stream).await.is_none());
    within(netsuite.wait_for(|seen| seen.records == 1)).await;
    assert_eq!(
        (netsuite.report().jobs, netsuite.report().lost_answers),
        (1, 1)
    );
}

#[tokio::test]
async fn a_key_on_a_request_that_is_not_asynchronous_is_ignored_unless_told_otherwise() {
    for (keys_on_sync, records) in [(true, 1), (false, 2)] {
        let netsuite = start(NetSuiteOptions {
            keys_on_sync,
            ..NetSuiteOptions::default()
        })
        .await;
        for _ in 0..2 {
            let key = "X-NetSuite-Idempotency-Key: k-1\r\n";
            assert_eq!(call(&netsuite, RECORDS, key, "{}").await.status, 204);
        }
        assert_eq!(netsuite.report().records, records);
    }
}
