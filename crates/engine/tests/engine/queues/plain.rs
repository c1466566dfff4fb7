//! Plain standard queues: what is sent, received, hidden, deleted, purged and found again after a restart.

use crate::support::queues::{
    arn, bodies, counts, create, delete, engine, glance, message, names, receive, receiving,
    redrive, send,
};
use rampmeter_engine::{
    AttributeValue, Batch, ChangeMessageVisibility, CreateQueue, DeleteMessage, ListQueues,
    MessageAttribute, QueueError, Rejected, SendMessage, TagChange,
};

fn text(data_type: &str, value: &str) -> MessageAttribute {
    MessageAttribute {
        data_type: data_type.to_owned(),
        value: AttributeValue::Text(value.to_owned()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_received_as_it_was_sent() {
    let directory = tempfile::tempdir().unwrap();
    let engine = engine(directory.path()).await;
    create(&engine, "orders", &[]).await;
    let request = SendMessage {
        attributes: [("tenant".to_owned(), text("String", "acme"))].into(),
        system_attributes: [("AWSTraceHeader".to_owned(), text("String", "Root=1"))].into(),
        group_id: Some("acme".to_owned()),
        ..message("orders", "Hello")
    };
    let sent = engine.queues().send_message(request.clone()).await.unwrap();
    assert_eq!(sent.md5_of_body, "8b1a9953c4611296a827abf8c47804d7");
    assert_eq!(
        sent.md5_of_attributes.as_deref(),
        Some("c52f727da6769fcbc66f3f8555ce234a")
    );
    assert!(sent.md5_of_system_attributes.is_some());
    assert_eq!(sent.sequence_number, None);

    let received = receive(&engine, "orders", 10).await.pop().unwrap();
    assert_eq!(received.message_id, sent.message_id);
    assert_eq!(
        (received.body.as_str(), received.attributes),
        ("Hello", request.attributes)
    );
    let system = &received.system_attributes;
    assert_eq!(system["ApproximateReceiveCount"], "1");
    assert_eq!(system["AWSTraceHeader"], "Root=1");
    assert_eq!(system["MessageGroupId"], "acme");
    assert_eq!(system["SenderId"], "000000000000");
    assert!(system.contains_key("SentTimestamp"));
    assert!(system.contains_key("ApproximateFirstReceiveTimestamp"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_received_message_is_hidden_until_its_visibility_timeout_is_over() {
    let directory = tempfile::tempdir().unwrap();
    let engine = engine(directory.path()).await;
    create(&engine, "orders", &[]).await;
    send(&engine, "orders", "one").await;
    let first = receive(&engine, "orders", 1).await.pop().unwrap();
    assert!(receive(&engine, "orders", 1).await.is_empty());
    assert_eq!(counts(&engine, "orders").await, [0, 1, 0]);

    let change = |timeout| ChangeMessageVisibility {
        receipt_handle: first.receipt_handle.clone(),
        visibility_timeout: timeout,
    };
    for refused in [-1, 43_201] {
        let refused = engine
            .queues()
            .change_message_visibility("orders", change(refused))
            .await;
        assert!(matches!(refused, Err(Rejected::InvalidParameter(_))));
    }
    engine
        .queues()
        .change_message_visibility("orders", change(0))
        .await
        .unwrap();
    assert_eq!(counts(&engine, "orders").await, [1, 0, 0]);
    assert_eq!(
        engine
            .queues()
            .change_message_visibility("orders", change(5))
            .await,
        Err(QueueError::MessageNotInflight.into())
    );

    let second = receive(&engine, "orders", 1).await.pop().unwrap();
    assert_eq!(second.system_attributes["ApproximateReceiveCount"], "2");
    // The older handle is accepted and deletes nothing; the newest one deletes.
    delete(&engine, "orders", &first).await;
    assert_eq!(counts(&engine, "orders").await, [0, 1, 0]);
    delete(&engine, "orders", &second).await;
    delete(&engine, "orders", &second).await;
    assert_eq!(counts(&engine, "orders").await, [0, 0, 0]);
    let forged = DeleteMessage {
        receipt_handle: "forged".to_owned(),
    };
    assert_eq!(
        engine.queues().delete_message("orders", forged).await,
        Err(QueueError::ReceiptHandleIsInvalid("forged".to_owned()).into())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delayed_message_cannot_be_received_before_its_time() {
    let directory = tempfile::tempdir().unwrap();
    let engine = engine(directory.path()).await;
    create(&engine, "orders", &[("DelaySeconds", "900")]).await;
    send(&engine, "orders", "late").await;
    let at_once = SendMessage {
        delay_seconds: Some(0),
        ..message("orders", "at once")
    };
    engine.queues().send_message(at_once).await.unwrap();
    assert_eq!(counts(&engine, "orders").await, [1, 0, 1]);
    assert_eq!(bodies(&receive(&engine, "orders", 10).await), ["at once"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_received_too_often_goes_to_the_dead_letter_queue() {
    let directory = tempfile::tempdir().unwrap();
    let engine = engine(directory.path()).await;
    create(&engine, "dead", &[]).await;
    create(&engine, "orders", &[("RedrivePolicy", &redrive("dead", 2))]).await;
    send(&engine, "orders", "poison").await;
    let first = glance(&engine, "orders").await.unwrap();
    assert!(glance(&engine, "orders").await.is_some());
    assert!(
        glance(&engine, "orders").await.is_none(),
        "the third receive moves it"
    );
    let dead = receive(&engine, "dead", 1).await.pop().unwrap();
    assert_eq!(dead.message_id, first.message_id);
    assert_eq!(dead.system_attributes["ApproximateReceiveCount"], "3");
    assert_eq!(
        dead.system_attributes["DeadLetterQueueSourceArn"],
        arn("orders")
    );

    let sources = ListQueues {
        dead_letter_queue_url: Some("dead".to_owned()),
        ..ListQueues::default()
    };
    assert_eq!(
        engine.queues().list_queues(sources).await.unwrap().items,
        ["orders"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_queue_must_be_there_be_of_the_same_type_and_let_the_source_in() {
    let directory = tempfile::tempdir().unwrap();
    let engine = engine(directory.path()).await;
    create(&engine, "dead.fifo", &[("FifoQueue", "true")]).await;
    let nobody = ("RedriveAllowPolicy", "{\"redrivePermission\":\"denyAll\"}");
    create(&engine, "closed", &[nobody]).await;
    for dead in ["absent", "dead.fifo", "closed", "erp-dead"] {
        let refused = engine
            .queues()
            .create_queue(CreateQueue {
                name: "orders".to_owned(),
                attributes: names(&[("RedrivePolicy", &redrive(dead, 1))]),
                ..CreateQueue::default()
            })
            .await;
        assert!(refused.is_err(), "{dead}");
    }
    assert!(
        engine.queues().find_queue("orders").await.is_err(),
        "nothing was made"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn each_entry_of_a_batch_is_judged_by_itself() {
    let directory = tempfile::tempdir().unwrap();
    let engine = engine(directory.path()).await;
    create(&engine, "orders", &[("MaximumMessageSize", "1024")]).await;
    let entries = [
        ("a", "x".repeat(1_024)),
        ("b", "x".repeat(1_025)),
        ("c", "\u{1}".to_owned()),
    ];
    let batch = Batch {
        queue_url: "orders".to_owned(),
        entries: entries
            .iter()
            .map(|(id, body)| ((*id).to_owned(), message("", body)))
            .collect(),
    };
    let answer = engine.queues().send_message_batch(batch).await.unwrap();
    let fine: Vec<_> = answer
        .iter()
        .map(|(id, sent)| (id.as_str(), sent.is_ok()))
        .collect();
    assert_eq!(fine, [("a", true), ("b", false), ("c", false)]);

    let received = receive(&engine, "orders", 10).await;
    let batch = Batch {
        queue_url: "orders".to_owned(),
        entries: vec![
            (
                "bad".to_owned(),
                DeleteMessage {
                    receipt_handle: "x".to_owned(),
                },
            ),
            (
                "good".to_owned(),
                DeleteMessage {
                    receipt_handle: received[0].receipt_handle.clone(),
                },
            ),
        ],
    };
    let answer = engine.queues().delete_message_batch(batch).await.unwrap();
    assert!(answer[0].1.is_err());
    assert_eq!(answer[1], ("good".to_owned(), Ok(())));
    assert_eq!(counts(&engine, "orders").await, [0, 0, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_purged_or_deleted_queue_is_received_again() {
    let directory = tempfile::tempdir().unwrap();
    let engine = engine(directory.path()).await;
    create(&engine, "orders", &[]).await;
    for number in 0..600 {
        send(&engine, "orders", &number.to_string()).await;
    }
    let in_flight = receive(&engine, "orders", 10).await;
    engine.queues().purge_queue("orders").await.unwrap();
    assert!(receive(&engine, "orders", 10).await.is_empty());
    delete(&engine, "orders", &in_flight[0]).await;
    crate::support::until(async || (counts(&engine, "orders").await == [0, 0, 0]).then_some(()))
        .await;
    assert_eq!(
        engine.queues().purge_queue("orders").await,
        Err(QueueError::PurgeQueueInProgress("orders".to_owned()).into())
    );
    send(&engine, "orders", "after").await;
    assert_eq!(bodies(&receive(&engine, "orders", 10).await), ["after"]);

    engine.queues().delete_queue("orders").await.unwrap();
    let gone = Err(Rejected::QueueDoesNotExist("orders".to_owned()));
    assert_eq!(
        engine
            .queues()
            .receive_message(receiving("orders", 1))
            .await,
        gone
    );
    let again = CreateQueue {
        name: "orders".to_owned(),
        ..CreateQueue::default()
    };
    let rests = Err(QueueError::QueueDeletedRecently.into());
    assert_eq!(engine.queues().create_queue(again).await, rests);
}

#[tokio::test(flavor = "multi_thread")]
async fn queues_and_their_messages_are_there_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let before = engine(directory.path()).await;
    create(&before, "orders", &[("VisibilityTimeout", "43200")]).await;
    let tags = TagChange::Set(names(&[("team", "sales"), ("stage", "test")]));
    before
        .queues()
        .change_queue_tags("orders", tags)
        .await
        .unwrap();
    let untag = TagChange::Remove(vec!["stage".to_owned()]);
    before
        .queues()
        .change_queue_tags("orders", untag)
        .await
        .unwrap();
    for body in ["one", "two", "three"] {
        send(&before, "orders", body).await;
    }
    let one = receive(&before, "orders", 1).await.pop().unwrap();
    let two = receive(&before, "orders", 1).await.pop().unwrap();
    delete(&before, "orders", &two).await;
    before.shut_down().await;
    drop(before);

    let after = engine(directory.path()).await;
    assert_eq!(
        after.queues().queue_tags("orders").await.unwrap(),
        names(&[("team", "sales")])
    );
    let all = after
        .queues()
        .queue_attributes("orders", &["All".to_owned()])
        .await
        .unwrap();
    assert_eq!(all["VisibilityTimeout"], "43200");
    assert_eq!(all["QueueArn"], arn("orders"));
    assert_eq!(counts(&after, "orders").await, [1, 1, 0]);
    assert_eq!(bodies(&receive(&after, "orders", 10).await), ["three"]);
    // The handle is sealed with a key in the store, so it is still good.
    delete(&after, "orders", &one).await;
    assert_eq!(counts(&after, "orders").await, [0, 1, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn queues_are_listed_by_name_in_pages() {
    let directory = tempfile::tempdir().unwrap();
    let engine = engine(directory.path()).await;
    for name in ["b-2", "a", "b-1", "b-3"] {
        create(&engine, name, &[]).await;
    }
    let mut list = ListQueues {
        prefix: Some("b-".to_owned()),
        max_results: Some(2),
        ..ListQueues::default()
    };
    let page = engine.queues().list_queues(list.clone()).await.unwrap();
    assert_eq!(page.items, ["b-1", "b-2"]);
    list.next_token = page.next_token;
    let page = engine.queues().list_queues(list).await.unwrap();
    assert_eq!(
        (page.items.as_slice(), page.next_token),
        (["b-3".to_owned()].as_slice(), None)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_existing_queue_is_made_again_only_with_the_attributes_it_has() {
    let directory = tempfile::tempdir().unwrap();
    let engine = engine(directory.path()).await;
    create(&engine, "orders", &[("DelaySeconds", "7")]).await;
    create(&engine, "orders", &[("DelaySeconds", "7")]).await;
    create(&engine, "orders", &[]).await;
    let other = CreateQueue {
        name: "orders".to_owned(),
        attributes: names(&[("DelaySeconds", "8")]),
        ..CreateQueue::default()
    };
    assert_eq!(
        engine.queues().create_queue(other).await,
        Err(QueueError::QueueNameExists("DelaySeconds".to_owned()).into())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_queues_of_a_target_that_is_not_configured_are_neither_seen_nor_made_anew() {
    let directory = tempfile::tempdir().unwrap();
    let vendor = crate::support::yes().await;
    let limit = "[[targets.erp.limits]]\nname = \"account\"\nconcurrency = 1\n";
    let mut config =
        crate::support::config(directory.path(), &vendor, limit, crate::support::ONE_CALL);
    let before = crate::support::open(&config);
    before.shut_down().await;
    drop(before);

    config.targets.clear();
    config.workflows.clear();
    let engine = crate::support::open(&config);
    assert!(engine.queues().find_queue("erp-high").await.is_err());
    let taken = CreateQueue {
        name: "erp-high".to_owned(),
        ..CreateQueue::default()
    };
    let refused = engine.queues().create_queue(taken).await;
    assert!(
        matches!(
            refused,
            Err(Rejected::Queue(QueueError::UnsupportedOperation(_)))
        ),
        "{refused:?}"
    );
    create(&engine, "orders", &[]).await;
    send(&engine, "orders", "the store is well").await;
}
