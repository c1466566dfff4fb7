//! FIFO queues: order within groups, deduplication, and what a hidden message holds back.

use std::collections::BTreeMap;

use crate::support::queues::{
    bodies, counts, create, delete, engine, glance, in_group, message, receive, redrive,
};
use rampmeter_engine::{
    ChangeMessageVisibility, DeleteMessage, QueueError, ReceivedMessage, Rejected, SendMessage,
};

const FIFO: (&str, &str) = ("FifoQueue", "true");

#[tokio::test(flavor = "multi_thread")]
async fn a_group_waits_for_its_first_message_and_others_do_not() {
    let directory = tempfile::tempdir().unwrap();
    let engine = engine(directory.path()).await;
    create(&engine, "q.fifo", &[FIFO]).await;
    for (body, group) in [("a1", "a"), ("a2", "a"), ("b1", "b"), ("a3", "a")] {
        let sent = engine
            .queues()
            .send_message(in_group("q.fifo", body, group, body))
            .await
            .unwrap();
        assert_eq!(sent.sequence_number.map(|number| number.len()), Some(20));
    }
    let first = receive(&engine, "q.fifo", 1).await;
    assert_eq!(bodies(&first), ["a1"]);
    assert_eq!(bodies(&receive(&engine, "q.fifo", 10).await), ["b1"]);
    assert_eq!(counts(&engine, "q.fifo").await, [2, 2, 0]);
    delete(&engine, "q.fifo", &first[0]).await;
    assert_eq!(bodies(&receive(&engine, "q.fifo", 10).await), ["a2", "a3"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_before_a_hidden_message_can_be_received_and_what_stands_behind_cannot() {
    let directory = tempfile::tempdir().unwrap();
    let engine = engine(directory.path()).await;
    create(&engine, "q.fifo", &[FIFO]).await;
    for body in ["1", "2", "3"] {
        engine
            .queues()
            .send_message(in_group("q.fifo", body, "g", body))
            .await
            .unwrap();
    }
    let all = receive(&engine, "q.fifo", 10).await;
    assert_eq!(bodies(&all), ["1", "2", "3"]);
    for visible in [0, 2] {
        let change = ChangeMessageVisibility {
            receipt_handle: all[visible].receipt_handle.clone(),
            visibility_timeout: 0,
        };
        engine
            .queues()
            .change_message_visibility("q.fifo", change)
            .await
            .unwrap();
    }
    assert_eq!(bodies(&receive(&engine, "q.fifo", 10).await), ["1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handle_whose_message_is_visible_again_cannot_delete_it() {
    let directory = tempfile::tempdir().unwrap();
    let engine = engine(directory.path()).await;
    create(&engine, "q.fifo", &[FIFO]).await;
    engine
        .queues()
        .send_message(in_group("q.fifo", "1", "g", "1"))
        .await
        .unwrap();
    let receipt_handle = glance(&engine, "q.fifo").await.unwrap().receipt_handle;
    let refused = engine
        .queues()
        .delete_message("q.fifo", DeleteMessage { receipt_handle })
        .await;
    let Err(Rejected::InvalidParameter(text)) = refused else {
        panic!("{refused:?}");
    };
    assert!(
        text.ends_with("Reason: The receipt handle has expired."),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_duplicate_is_acknowledged_and_not_sent_even_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let before = engine(directory.path()).await;
    create(&before, "q.fifo", &[FIFO]).await;
    let by_content = [
        FIFO,
        ("ContentBasedDeduplication", "true"),
        ("DeduplicationScope", "messageGroup"),
    ];
    create(&before, "content.fifo", &by_content).await;
    let first = before
        .queues()
        .send_message(in_group("q.fifo", "1", "g", "id"))
        .await
        .unwrap();
    let again = before
        .queues()
        .send_message(in_group("q.fifo", "2", "h", "id"))
        .await
        .unwrap();
    assert_eq!(first.message_id, again.message_id);
    let received = receive(&before, "q.fifo", 10).await;
    assert_eq!(bodies(&received), ["1"]);
    delete(&before, "q.fifo", &received[0]).await;
    before.shut_down().await;
    drop(before);

    let after = engine(directory.path()).await;
    after
        .queues()
        .send_message(in_group("q.fifo", "3", "g", "id"))
        .await
        .unwrap();
    assert!(receive(&after, "q.fifo", 10).await.is_empty());
    for group in ["g", "g", "h"] {
        let same = SendMessage {
            group_id: Some(group.to_owned()),
            ..message("content.fifo", "same")
        };
        after.queues().send_message(same).await.unwrap();
    }
    assert_eq!(
        bodies(&receive(&after, "content.fifo", 10).await),
        ["same", "same"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_after_a_purge_is_no_duplicate_of_what_was_purged() {
    let directory = tempfile::tempdir().unwrap();
    let engine = engine(directory.path()).await;
    create(&engine, "q.fifo", &[FIFO]).await;
    let send = async |body: &str| {
        let request = in_group("q.fifo", body, "g", "same-id");
        engine.queues().send_message(request).await.unwrap();
    };
    send("before").await;
    engine.queues().purge_queue("q.fifo").await.unwrap();
    send("after").await;
    send("a duplicate of that").await;
    assert_eq!(bodies(&receive(&engine, "q.fifo", 10).await), ["after"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_of_a_fifo_queue_has_a_group_and_a_deduplication_id_and_no_delay() {
    let directory = tempfile::tempdir().unwrap();
    let engine = engine(directory.path()).await;
    create(&engine, "q.fifo", &[FIFO]).await;
    create(&engine, "q", &[]).await;
    assert_eq!(
        engine.queues().send_message(message("q.fifo", "x")).await,
        Err(QueueError::MissingParameter("MessageGroupId").into())
    );
    let whole = in_group("q.fifo", "x", "g", "id");
    for bad in [
        SendMessage {
            deduplication_id: None,
            ..whole.clone()
        },
        SendMessage {
            group_id: Some("a b".to_owned()),
            ..whole.clone()
        },
        SendMessage {
            delay_seconds: Some(1),
            ..whole.clone()
        },
        SendMessage {
            queue_url: "q".to_owned(),
            ..whole.clone()
        },
    ] {
        let refused = engine.queues().send_message(bad).await;
        assert!(
            matches!(refused, Err(Rejected::InvalidParameter(_))),
            "{refused:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_goes_on_when_its_first_message_becomes_a_dead_letter() {
    let directory = tempfile::tempdir().unwrap();
    let engine = engine(directory.path()).await;
    create(&engine, "dead.fifo", &[FIFO]).await;
    create(
        &engine,
        "q.fifo",
        &[FIFO, ("RedrivePolicy", &redrive("dead.fifo", 1))],
    )
    .await;
    for body in ["1", "2"] {
        engine
            .queues()
            .send_message(in_group("q.fifo", body, "g", body))
            .await
            .unwrap();
    }
    assert_eq!(glance(&engine, "q.fifo").await.unwrap().body, "1");
    assert_eq!(glance(&engine, "q.fifo").await.unwrap().body, "2");
    assert!(glance(&engine, "q.fifo").await.is_none());
    assert_eq!(bodies(&receive(&engine, "dead.fifo", 10).await), ["1", "2"]);
}

/// A small random generator, so that a run can be repeated.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        usize::try_from(self.0 >> 33).expect("31 bits fit") % sides
    }
}

/// What the consumers of one queue hold, and what each group has yet to deliver, oldest first.
#[derive(Default)]
struct Ledger {
    held: Vec<ReceivedMessage>,
    waiting: BTreeMap<String, Vec<String>>,
}

impl Ledger {
    fn group(message: &ReceivedMessage) -> String {
        message.system_attributes["MessageGroupId"].clone()
    }

    /// Checks that the received messages are the first of groups of which nobody holds any.
    fn receive(&mut self, received: Vec<ReceivedMessage>) {
        let mut next: BTreeMap<String, usize> = BTreeMap::new();
        for message in &received {
            let group = Self::group(message);
            let held = self.held.iter().any(|held| Self::group(held) == group);
            assert!(!held, "group {group} has a message in flight");
            let index = next.entry(group.clone()).or_default();
            assert_eq!(
                self.waiting[&group][*index], message.body,
                "in the order of sending"
            );
            *index += 1;
        }
        self.held.extend(received);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_consumers_do_each_group_is_delivered_in_order_and_by_one_at_a_time() {
    let directory = tempfile::tempdir().unwrap();
    let engine = engine(directory.path()).await;
    create(&engine, "q.fifo", &[FIFO]).await;
    let mut dice = Dice(7);
    let mut ledger = Ledger::default();
    for number in 0..600 {
        match dice.roll(4) {
            0 | 1 => {
                let (group, body) = (format!("g{}", dice.roll(5)), number.to_string());
                engine
                    .queues()
                    .send_message(in_group("q.fifo", &body, &group, &body))
                    .await
                    .unwrap();
                ledger.waiting.entry(group).or_default().push(body);
            }
            2 => {
                let most = i64::try_from(dice.roll(4)).unwrap() + 1;
                ledger.receive(receive(&engine, "q.fifo", most).await);
            }
            // A consumer finishes everything it holds of one group, or gives all of it back, last first.
            _ if !ledger.held.is_empty() => {
                let group = Ledger::group(&ledger.held[dice.roll(ledger.held.len())]);
                let (done, kept) = std::mem::take(&mut ledger.held)
                    .into_iter()
                    .partition(|held| Ledger::group(held) == group);
                ledger.held = kept;
                let done: Vec<ReceivedMessage> = done;
                let finish = dice.roll(3) > 0;
                for message in done.iter().rev() {
                    if finish {
                        delete(&engine, "q.fifo", message).await;
                        let waiting = ledger.waiting.get_mut(&group).unwrap();
                        waiting.retain(|body| *body != message.body);
                    } else {
                        let change = ChangeMessageVisibility {
                            receipt_handle: message.receipt_handle.clone(),
                            visibility_timeout: 0,
                        };
                        engine
                            .queues()
                            .change_message_visibility("q.fifo", change)
                            .await
                            .unwrap();
                    }
                }
            }
            _ => {}
        }
    }
    let left: usize = ledger.waiting.values().map(Vec::len).sum();
    let [visible, in_flight, delayed] = counts(&engine, "q.fifo").await;
    assert_eq!(visible + in_flight, u64::try_from(left).unwrap());
    assert_eq!(in_flight, u64::try_from(ledger.held.len()).unwrap());
    assert_eq!(delayed, 0);
    assert!(left > 0, "the run sent more than it deleted");
}
