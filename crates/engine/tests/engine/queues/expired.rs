//! MessageRetentionPeriod on queues that nobody receives from.

use crate::support::queues::{create, engine, in_group, message};
use crate::support::until;
use rampmeter_engine::{Engine, store_path};

/// Messages that a queue says it has.
async fn counted(engine: &Engine, queue: &str) -> String {
    let asked = ["ApproximateNumberOfMessages".to_owned()];
    let mut names = engine
        .queues()
        .queue_attributes(queue, &asked)
        .await
        .expect("as planned");
    names.remove(&asked[0]).expect("as planned")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_older_than_its_retention_is_deleted_and_not_counted_though_nobody_receives_it() {
    let directory = tempfile::tempdir().unwrap();
    let running = engine(directory.path()).await;
    let kept = ("MessageRetentionPeriod", "60");
    create(&running, "unread", &[kept]).await;
    create(&running, "long", &[]).await;
    create(&running, "unread.fifo", &[kept, ("FifoQueue", "true")]).await;
    for number in 0..700 {
        let body = format!("m-{number}");
        let queues = running.queues();
        queues.send_message(message("unread", &body)).await.unwrap();
        if number < 20 {
            queues.send_message(message("long", &body)).await.unwrap();
            let group = ["a", "b", "c"][number % 3];
            let sent = in_group("unread.fifo", &body, group, &body);
            queues.send_message(sent).await.unwrap();
            let sent = in_group("unread", &body, group, &body);
            let sent = rampmeter_engine::SendMessage {
                deduplication_id: None,
                ..sent
            };
            queues.send_message(sent).await.unwrap();
        }
    }
    running.shut_down().await;
    // An hour passes.
    let store = rusqlite::Connection::open(store_path(directory.path())).unwrap();
    let hour = "UPDATE message SET sent_at = sent_at - 3600000000";
    store.execute(hour, []).unwrap();
    drop(store);

    let running = engine(directory.path()).await;
    until(async || {
        let left = [
            counted(&running, "unread").await,
            counted(&running, "unread.fifo").await,
        ];
        (left == ["0", "0"]).then_some(())
    })
    .await;
    assert_eq!(counted(&running, "long").await, "20");
    running
        .queues()
        .send_message(message("unread", "new"))
        .await
        .unwrap();
    running.shut_down().await;
    let store = rusqlite::Connection::open(store_path(directory.path())).unwrap();
    for (table, left) in [("message", 21), ("fifo", 0), ("fair", 0), ("ready", 21)] {
        let query = format!("SELECT count(*) FROM {table}");
        let found: i64 = store.query_row(&query, [], |row| row.get(0)).unwrap();
        assert_eq!(found, left, "{table}");
    }
}
