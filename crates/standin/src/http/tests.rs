//! Any HTTP API over the wire: keys, windows told in headers, and a throttle that says when to come back.

use crate::client::{call, start};
use crate::{HttpOptions, Window};
use std::time::Duration;

#[tokio::test]
async fn a_key_makes_a_repeat_harmless_and_the_windows_are_told_in_every_answer() {
    let service = start(HttpOptions {
        windows: vec![Window {
            calls: 3,
            per: Duration::from_secs(3_600),
        }],
        bearer: Some("b".to_owned()),
        ..HttpOptions::default()
    })
    .await;
    let keyed = "Authorization: Bearer b\r\nIdempotency-Key: \"k\"\r\n";
    let first = call(&service, "POST /orders", keyed, r#"{"a":1}"#).await;
    assert_eq!(
        (first.status, first.header("location")),
        (201, Some("/orders/1"))
    );
    assert_eq!(first.header("ratelimit-policy"), Some("\"w0\";q=3;w=3600"));
    assert_eq!(first.header("ratelimit"), Some("\"w0\";r=2;t=3600"));
    let again = call(&service, "POST /orders", keyed, r#"{"a":1}"#).await;
    assert_eq!(
        (again.status, again.header("location")),
        (201, Some("/orders/1"))
    );
    assert_eq!(
        call(&service, "POST /orders", keyed, "{}").await.status,
        422
    );
    let throttled = call(&service, "POST /orders", keyed, "{}").await;
    assert_eq!(throttled.status, 429);
    assert!(throttled.header("retry-after").is_some());
    assert_eq!(call(&service, "GET /orders/1", "", "").await.status, 401);
    let seen = service.report();
    assert_eq!(
        (seen.records, seen.absorbed, seen.duplicates_created),
        (1, 1, 0)
    );
    assert_eq!((seen.violations, seen.unauthorised), (1, 1));
}
