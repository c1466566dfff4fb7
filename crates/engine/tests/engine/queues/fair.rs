//! Message groups on standard queues, each of which has its turn; and receives on FIFO queues, which can be repeated.

use crate::support::queues::{
    bodies, counts, create, delete, engine, in_group, message, receive, receiving, redrive,
};
use rampmeter_engine::{ReceiveMessage, Rejected, SendMessage};

/// A message of a standard queue that names its tenant.
fn of_tenant(queue: &str, tenant: &str, body: &str) -> SendMessage {
    SendMessage {
        group_id: Some(tenant.to_owned()),
        ..message(queue, body)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_with_few_messages_does_not_wait_for_one_with_many() {
    let directory = tempfile::tempdir().unwrap();
    let engine = engine(directory.path()).await;
    create(&engine, "orders", &[]).await;
    for number in 0..50 {
        let sent = of_tenant("orders", "noisy", &format!("noisy {number}"));
        engine.queues().send_message(sent).await.unwrap();
    }
    for tenant in ["quiet", "calm"] {
        let sent = of_tenant("orders", tenant, tenant);
        engine.queues().send_message(sent).await.unwrap();
    }
    engine
        .queues()
        .send_message(message("orders", "alone"))
        .await
        .unwrap();
    assert_eq!(counts(&engine, "orders").await, [53, 0, 0]);
    let first = receive(&engine, "orders", 4).await;
    let mut first = bodies(&first);
    first.sort_unstable();
    assert_eq!(first, ["alone", "calm", "noisy 0", "quiet"]);
    let rest = receive(&engine, "orders", 3).await;
    assert_eq!(bodies(&rest), ["noisy 1", "noisy 2", "noisy 3"]);
    assert_eq!(counts(&engine, "orders").await, [46, 7, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_of_groups_go_to_the_dead_letters_and_back_as_others_do() {
    let directory = tempfile::tempdir().unwrap();
    let engine = engine(directory.path()).await;
    create(&engine, "dead", &[]).await;
    let policy = redrive("dead", 1);
    let attributes = [
        ("RedrivePolicy", policy.as_str()),
        ("VisibilityTimeout", "0"),
    ];
    create(&engine, "orders", &attributes).await;
    for tenant in ["a", "b"] {
        engine
            .queues()
            .send_message(of_tenant("orders", tenant, tenant))
            .await
            .unwrap();
    }
    while !receive(&engine, "orders", 10).await.is_empty() {}
    assert_eq!(counts(&engine, "dead").await, [2, 0, 0]);
    let start = rampmeter_engine::StartMessageMoveTask {
        source_arn: crate::support::queues::arn("dead"),
        ..Default::default()
    };
    engine
        .queues()
        .start_message_move_task(start)
        .await
        .unwrap();
    crate::support::until(async || (counts(&engine, "orders").await[0] == 2).then_some(())).await;
    engine.queues().purge_queue("orders").await.unwrap();
    assert!(receive(&engine, "orders", 10).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receive_repeated_with_its_attempt_id_gets_the_same_messages_again() {
    let directory = tempfile::tempdir().unwrap();
    let engine = engine(directory.path()).await;
    create(&engine, "q.fifo", &[("FifoQueue", "true")]).await;
    for (body, group) in [("a1", "a"), ("a2", "a"), ("b1", "b"), ("b2", "b")] {
        engine
            .queues()
            .send_message(in_group("q.fifo", body, group, body))
            .await
            .unwrap();
    }
    let attempt = |id: &str| ReceiveMessage {
        attempt_id: Some(id.to_owned()),
        ..receiving("q.fifo", 2)
    };
    let first = engine
        .queues()
        .receive_message(attempt("one"))
        .await
        .unwrap();
    assert_eq!(bodies(&first).len(), 2);
    let again = engine
        .queues()
        .receive_message(attempt("one"))
        .await
        .unwrap();
    assert_eq!(
        again, first,
        "the same messages with the same handles and counts"
    );
    let other = engine
        .queues()
        .receive_message(attempt("two"))
        .await
        .unwrap();
    assert_eq!(other.len(), 2);
    assert!(other.iter().all(|message| !first.contains(message)));
    assert_eq!(counts(&engine, "q.fifo").await, [0, 4, 0]);
    delete(&engine, "q.fifo", &first[0]).await;
    let changed = engine
        .queues()
        .receive_message(attempt("one"))
        .await
        .unwrap();
    assert!(changed.is_empty(), "one of them has been deleted");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_id_is_for_fifo_queues_and_well_formed() {
    let directory = tempfile::tempdir().unwrap();
    let engine = engine(directory.path()).await;
    create(&engine, "orders", &[]).await;
    create(&engine, "q.fifo", &[("FifoQueue", "true")]).await;
    for (queue, id) in [("orders", "one"), ("q.fifo", "a b"), ("q.fifo", "")] {
        let request = ReceiveMessage {
            attempt_id: Some(id.to_owned()),
            ..receiving(queue, 1)
        };
        let refused = engine.queues().receive_message(request).await;
        assert!(
            matches!(refused, Err(Rejected::InvalidParameter(_))),
            "{queue} {id:?}"
        );
    }
}
