//! Long polling: who waits, who is woken, and who is passed over.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

use crate::support::queues::{bodies, counts, create, engine, message, receive, receiving, send};
use rampmeter_engine::{Engine, ReceiveMessage, Rejected};

/// A receive that waits as long as it may.
fn waiting(queue: &str) -> ReceiveMessage {
    ReceiveMessage {
        wait_time_seconds: Some(20),
        ..receiving(queue, 1)
    }
}

/// Starts a receive and returns once the writer has made it wait.
async fn wait_on<F: Future>(engine: &Engine, queue: &str, receive: &mut Pin<Box<F>>) {
    poll_fn(|context| {
        assert!(receive.as_mut().poll(context).is_pending());
        Poll::Ready(())
    })
    .await;
    // Commands are applied in order, so the receive has been applied by the time this one is answered.
    engine
        .queues()
        .queue_tags(queue)
        .await
        .expect("the queue is there");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receive_that_waits_gets_the_message_that_is_sent_later() {
    let directory = tempfile::tempdir().unwrap();
    let engine = engine(directory.path()).await;
    create(
        &engine,
        "orders",
        &[("ReceiveMessageWaitTimeSeconds", "20")],
    )
    .await;
    let by_queue = ReceiveMessage {
        wait_time_seconds: None,
        ..receiving("orders", 1)
    };
    let mut first = Box::pin(engine.queues().receive_message(by_queue));
    wait_on(&engine, "orders", &mut first).await;
    let mut second = Box::pin(engine.queues().receive_message(waiting("orders")));
    wait_on(&engine, "orders", &mut second).await;
    send(&engine, "orders", "one").await;
    assert_eq!(
        bodies(&first.await.unwrap()),
        ["one"],
        "who waited longest is first"
    );
    send(&engine, "orders", "two").await;
    assert_eq!(bodies(&second.await.unwrap()), ["two"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_has_gone_takes_no_message() {
    let directory = tempfile::tempdir().unwrap();
    let engine = engine(directory.path()).await;
    create(&engine, "orders", &[]).await;
    let mut gone = Box::pin(engine.queues().receive_message(waiting("orders")));
    wait_on(&engine, "orders", &mut gone).await;
    drop(gone);
    send(&engine, "orders", "one").await;
    assert_eq!(counts(&engine, "orders").await, [1, 0, 0]);
    let received = receive(&engine, "orders", 1).await;
    assert_eq!(
        received[0].system_attributes["ApproximateReceiveCount"],
        "1"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_delay_is_over_wakes_a_receive_that_waits() {
    let directory = tempfile::tempdir().unwrap();
    let engine = engine(directory.path()).await;
    create(&engine, "orders", &[]).await;
    let mut delayed = message("orders", "late");
    delayed.delay_seconds = Some(1);
    engine.queues().send_message(delayed).await.unwrap();
    let mut receive = Box::pin(engine.queues().receive_message(waiting("orders")));
    wait_on(&engine, "orders", &mut receive).await;
    assert_eq!(bodies(&receive.await.unwrap()), ["late"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receive_that_waits_is_answered_when_its_time_its_queue_or_the_engine_ends() {
    let directory = tempfile::tempdir().unwrap();
    let engine = engine(directory.path()).await;
    create(&engine, "orders", &[]).await;
    create(&engine, "others", &[]).await;
    let short = ReceiveMessage {
        wait_time_seconds: Some(1),
        ..receiving("orders", 1)
    };
    assert_eq!(engine.queues().receive_message(short).await, Ok(Vec::new()));

    let mut first = Box::pin(engine.queues().receive_message(waiting("orders")));
    wait_on(&engine, "orders", &mut first).await;
    engine.queues().delete_queue("orders").await.unwrap();
    let gone = Err(Rejected::QueueDoesNotExist("orders".to_owned()));
    assert_eq!(first.await, gone);

    let mut second = Box::pin(engine.queues().receive_message(waiting("others")));
    wait_on(&engine, "others", &mut second).await;
    engine.shut_down().await;
    assert_eq!(second.await, Ok(Vec::new()));
}
