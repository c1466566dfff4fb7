//! The adapters against servers that speak AWS's protocols: `rampmeter serve`, moto's server, and one that replays
//! recorded responses of AWS. The script `testing/lambda/adapters.py` starts them, makes what the tests need, and lists
//! in `RAMPMETER_TEST_ADAPTERS` what there is: `sqs`, `states`, `dead-tokens`, `table`, `secrets`, `mappings`,
//! `recordings`. Without that variable the tests say that they are skipped.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_sqs::types::MessageSystemAttributeName;
use rampmeter_call::job::FollowUp;
use rampmeter_dispatch::{Priority, Time};
use rampmeter_orders::{Given, Orders};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::conclusion::TaskResult;
use crate::event::Message;
use crate::job::Job;
use crate::keeper::token_of;
use crate::service::clients;
use crate::service::mappings::Mappings;
use crate::service::queues::Queues;
use crate::service::secrets::Secrets;
use crate::service::signed::{LAMBDA, Request, SCHEDULER, Signed};
use crate::service::table::{CallRecord, Put, Table};
use crate::service::tasks::{Tasks, Waits};
use crate::shared::{Generation, Item};
use crate::trace::TraceHeader;

/// Whether the script has started this part.
fn is_there(part: &str) -> bool {
    let parts = std::env::var("RAMPMETER_TEST_ADAPTERS").unwrap_or_default();
    parts.split(',').any(|there| there == part)
}

/// The same; if it has not, prints that the test is skipped.
fn has(part: &str) -> bool {
    let there = is_there(part);
    if !there {
        eprintln!("skipped: no server for {part}; run testing/lambda/adapters.py");
    }
    there
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("the script sets {name}"))
}

async fn sdk() -> aws_config::SdkConfig {
    let _ = rustls::crypto::ring::default_provider().install_default();
    clients::load().await
}

/// Queues of their own for a test, named after it.
async fn queues(name: &str) -> (aws_sdk_sqs::Client, Queues) {
    let sdk = sdk().await;
    let client = aws_sdk_sqs::Client::new(&sdk);
    let mut prefix = String::new();
    for end in ["high", "medium", "batch", "dead"] {
        let queue = client.create_queue().queue_name(format!("{name}-{end}"));
        let url = queue.send().await.unwrap().queue_url.unwrap();
        prefix = url.strip_suffix(&format!("-{end}")).unwrap().to_owned();
    }
    (client, Queues::new(&sdk, &prefix))
}

#[tokio::test]
async fn a_queue_gives_hides_and_forgets_messages() {
    if !has("sqs") {
        return;
    }
    let (client, queues) = queues("gives").await;
    let url = client.get_queue_url().queue_name("gives-medium");
    let url = url.send().await.unwrap().queue_url.unwrap();
    for number in 0..12 {
        let body = format!("{{\"n\":{number}}}");
        let sent = client.send_message().queue_url(&url).message_body(body);
        sent.send().await.unwrap();
    }
    assert!(queues.receive(Priority::High, 1).await.unwrap().is_empty());
    let first = queues.receive(Priority::Medium, 99).await.unwrap();
    assert_eq!(first.len(), 10, "as many as one receive gives");
    let second = queues.receive(Priority::Medium, 3).await.unwrap();
    assert_eq!(second.len(), 2, "the others are hidden");
    let message = &second[0];
    assert_eq!((message.receive_count, message.lane), (1, Priority::Medium));
    assert!(message.sent_at.is_some());

    queues.hide(message, Duration::ZERO).await.unwrap();
    let again = queues.receive(Priority::Medium, 10).await.unwrap();
    assert_eq!(again.len(), 1, "a message that was handed back comes again");
    assert_eq!(again[0].id, message.id);
    assert_eq!(again[0].receive_count, 2);

    let handles: Vec<String> = first.iter().map(|message| message.handle.clone()).collect();
    queues
        .keep_hidden(Priority::Medium, &handles)
        .await
        .unwrap();
    queues.delete(&again[0]).await.unwrap();
    let left = queues.receive(Priority::Medium, 10).await.unwrap();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn a_dead_letter_says_why() {
    if !has("sqs") {
        return;
    }
    let (client, queues) = queues("buries").await;
    let header = "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0";
    let trace = TraceHeader::parse(header).unwrap();
    queues
        .move_to_dead_letter("{\"a\":1}", "Rampmeter.X", "because", Some(&trace))
        .await
        .unwrap();
    let url = client.get_queue_url().queue_name("buries-dead");
    let url = url.send().await.unwrap().queue_url.unwrap();
    let received = client
        .receive_message()
        .queue_url(url)
        .message_attribute_names("All")
        .message_system_attribute_names(MessageSystemAttributeName::AwsTraceHeader);
    let received = received.send().await.unwrap().messages.unwrap();
    assert_eq!(received[0].body.as_deref(), Some("{\"a\":1}"));
    let system = received[0].attributes.as_ref().unwrap();
    let traced = &system[&MessageSystemAttributeName::AwsTraceHeader];
    assert_eq!(traced, header, "it stays of its trace");
    let attributes = received[0].message_attributes.as_ref().unwrap();
    assert_eq!(
        attributes["Error"].string_value.as_deref(),
        Some("Rampmeter.X")
    );
    assert_eq!(attributes["Cause"].string_value.as_deref(), Some("because"));
}

/// A workflow that waits for a task token, and an execution of it.
async fn waiting_task(name: &str) -> (aws_sdk_sfn::Client, String, String) {
    let (client, queues) = queues(name).await;
    let url = client.get_queue_url().queue_name(format!("{name}-high"));
    let url = url.send().await.unwrap().queue_url.unwrap();
    let definition = json!({"StartAt": "Wait", "States": {"Wait": {
        "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "End": true,
        // moto knows heartbeats only of tasks that ask for them.
        "TimeoutSeconds": 900, "HeartbeatSeconds": 600,
        "Parameters": {"QueueUrl": url, "MessageBody": {"TaskToken.$": "$$.Task.Token"}},
    }}});
    let states = aws_sdk_sfn::Client::new(&sdk().await);
    let machine = states
        .create_state_machine()
        .name(name)
        .definition(definition.to_string())
        .role_arn("arn:aws:iam::123456789012:role/states");
    let machine = machine.send().await.unwrap().state_machine_arn;
    let execution = states
        .start_execution()
        .state_machine_arn(machine)
        .name(name);
    let execution = execution.send().await.unwrap().execution_arn;
    for _ in 0..100 {
        if let Some(message) = queues.receive(Priority::High, 1).await.unwrap().pop() {
            let token = token_of(&message.body).expect("the message holds the token");
            return (states, execution, token);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("no message came");
}

/// Waits for the end of an execution: its status, output, error and cause.
async fn ended(
    states: &aws_sdk_sfn::Client,
    execution: &str,
) -> (String, Option<String>, Option<String>) {
    for _ in 0..100 {
        let described = states.describe_execution().execution_arn(execution);
        let described = described.send().await.unwrap();
        if described.status.as_str() != "RUNNING" {
            let status = described.status.as_str().to_owned();
            return (status, described.output, described.error);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the execution does not end");
}

#[tokio::test]
async fn a_task_that_was_told_its_success_waits_no_more() {
    if !has("states") {
        return;
    }
    let (states, execution, token) = waiting_task("succeeds").await;
    let tasks = Tasks::new(&sdk().await);
    assert_eq!(tasks.heartbeat(&token, None).await.unwrap(), Waits::Yes);
    let told = TaskResult::Success {
        output: "{\"StatusCode\":200}".to_owned(),
    };
    assert_eq!(tasks.tell(&token, &told, None).await.unwrap(), Waits::Yes);
    let (status, output, _) = ended(&states, &execution).await;
    assert_eq!(status, "SUCCEEDED");
    let output: Value = serde_json::from_str(&output.unwrap()).unwrap();
    assert_eq!(output["StatusCode"], 200);
    if is_there("dead-tokens") {
        assert_eq!(tasks.heartbeat(&token, None).await.unwrap(), Waits::No);
        assert_eq!(tasks.tell(&token, &told, None).await.unwrap(), Waits::No);
    }
}

#[tokio::test]
async fn a_task_that_was_told_its_failure_fails_with_error_and_cause() {
    if !has("states") {
        return;
    }
    let (states, execution, token) = waiting_task("fails").await;
    let tasks = Tasks::new(&sdk().await);
    let told = TaskResult::failure("Rampmeter.Undeliverable", "no", 3);
    assert_eq!(tasks.tell(&token, &told, None).await.unwrap(), Waits::Yes);
    let (status, _, error) = ended(&states, &execution).await;
    assert_eq!(status, "FAILED");
    assert_eq!(error.as_deref(), Some("Rampmeter.Undeliverable"));
}

#[tokio::test]
async fn what_is_no_token_waits_for_nothing() {
    if !has("dead-tokens") {
        return;
    }
    let tasks = Tasks::new(&sdk().await);
    assert_eq!(tasks.heartbeat("nonsense", None).await.unwrap(), Waits::No);
}

#[tokio::test]
async fn the_shared_item_is_written_only_over_the_version_that_was_read() {
    if !has("table") {
        return;
    }
    let table = Table::new(&sdk().await, &variable("RAMPMETER_TEST_TABLE"), "adapters");
    assert_eq!(table.read().await.unwrap(), None);
    let generation = Generation::begun(u64::MAX >> 1, Time::from_millis(1_795_000_000_000));
    let mut orders = Orders::default();
    orders.pause(None, Given::new(1, "anna", "close"));
    let item = |state: &[u8], version| Item {
        state: state.to_vec(),
        version,
        generation,
        orders: orders.clone(),
    };
    let write = async |state: &[u8], before: Option<u64>| {
        let next = before.map_or(1, |version| version + 1);
        table.write(item(state, next), before).await.unwrap()
    };
    assert_eq!(write(b"one", None).await, Put::Done);
    assert_eq!(write(b"other", None).await, Put::Lost);
    assert_eq!(table.read().await.unwrap(), Some(item(b"one", 1)));
    assert_eq!(write(b"two", Some(1)).await, Put::Done);
    assert_eq!(write(b"late", Some(1)).await, Put::Lost);
    assert_eq!(table.read().await.unwrap(), Some(item(b"two", 2)));
}

#[tokio::test]
async fn what_is_remembered_of_a_call_is_recalled() {
    if !has("table") {
        return;
    }
    let table = Table::new(&sdk().await, &variable("RAMPMETER_TEST_TABLE"), "adapters");
    assert_eq!(table.recall("m-1", None).await.unwrap(), None);
    let record = CallRecord {
        attempts: 3,
        refusals: 2,
        first_sent: Some(Time::from_millis(1_795_000_000_000)),
        unknown: true,
        lost_until: Some(Time::from_millis(1_795_000_090_000)),
        job: Some(Job::accepted(
            FollowUp::at(None, "/job/7".to_owned()),
            Time::from_millis(1),
        )),
        told: Some(TaskResult::failure("E", "why", 3)),
    };
    let now = Time::from_millis(1_795_000_100_000);
    assert_eq!(table.remember("m-1", &record, now, None).await.unwrap(), 1);
    assert_eq!(table.recall("m-1", None).await.unwrap(), Some(record));
}

#[tokio::test]
async fn secrets_come_from_secrets_manager_and_from_the_parameter_store() {
    if !has("secrets") {
        return;
    }
    let signed = Signed::new(&sdk().await).unwrap();
    let names = |names: &[&str]| -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    };
    let both = names(&["adapters/token", "/adapters/token"]);
    let read = Secrets::read(&signed, &both).await.unwrap();
    assert_eq!(read.values["adapters/token"], "from the manager");
    assert_eq!(read.values["/adapters/token"], "from the store");
    let absent = Secrets::read(&signed, &names(&["adapters/absent"])).await;
    let told = absent.err().unwrap().to_string();
    assert!(
        told.contains("adapters/absent") && told.contains("NotFound"),
        "{told}"
    );
}

#[tokio::test]
async fn a_worker_sleeps_behind_a_schedule_and_wakes_again() {
    if !has("mappings") {
        return;
    }
    let signed = Signed::new(&sdk().await).unwrap();
    let function = variable("RAMPMETER_TEST_FUNCTION");
    let role = "arn:aws:iam::123456789012:role/scheduler".to_owned();
    let mappings = Mappings::new(signed.clone(), &function, Some(role));
    let arn = format!("arn:aws:lambda:us-east-1:123456789012:function:{function}");
    let states = async || {
        let path = format!("/2015-03-31/event-source-mappings/?FunctionName={function}");
        let request = Request {
            service: LAMBDA,
            method: reqwest::Method::GET,
            path,
            target: None,
            body: None,
        };
        let reply = signed.send(&request).await.unwrap();
        let mappings = reply["EventSourceMappings"].as_array().unwrap().clone();
        let states = mappings.iter().map(|mapping| mapping["State"].clone());
        states.collect::<Vec<Value>>()
    };
    assert_eq!(states().await, ["Enabled", "Enabled"]);
    // Set far in the future, and then once more by another drainer.
    for second in [4_000_000_000_000, 4_000_000_060_000] {
        mappings
            .sleep(Time::from_millis(second), &arn)
            .await
            .unwrap();
    }
    assert!(states().await.iter().all(|state| state != "Enabled"));
    // Before that moment a schedule will wake it; after it, it would be asleep for good.
    let (before, after) = (Time::from_millis(0), Time::from_millis(4_000_000_061_000));
    assert_eq!(mappings.asleep(before).await.unwrap(), 0);
    assert_eq!(mappings.asleep(after).await.unwrap(), 2);
    let request = Request {
        service: SCHEDULER,
        method: reqwest::Method::GET,
        path: format!("/schedules/{function}-wake"),
        target: None,
        body: None,
    };
    let schedule = signed.send(&request).await.unwrap();
    assert_eq!(schedule["ScheduleExpression"], "at(2096-10-02T07:07:41)");
    assert_eq!(schedule["Target"]["Arn"], arn);
    assert_eq!(schedule["Target"]["Input"], "{\"rampmeter\":\"wake\"}");
    // A schedule that is gone (it fired, and what it started failed) wakes nobody.
    let gone = Request {
        method: reqwest::Method::DELETE,
        ..request
    };
    signed.send(&gone).await.unwrap();
    assert_eq!(mappings.asleep(before).await.unwrap(), 2);
    mappings.wake().await.unwrap();
    assert_eq!(states().await, ["Enabled", "Enabled"]);
    assert_eq!(mappings.asleep(after).await.unwrap(), 0);
}

/// A recorded response and its meaning, as the server of `testing/lambda/recordings.py` reads it.
#[derive(Debug, Deserialize)]
struct Recorded {
    id: String,
    operation: String,
    /// The code with which AWS refused.
    refused: Option<String>,
    #[serde(default)]
    messages: Vec<RecordedMessage>,
    /// The message of a task, its token, and what the task was told.
    body: Option<String>,
    token: Option<String>,
    output: Option<String>,
}

#[derive(Debug, Deserialize)]
struct RecordedMessage {
    id: String,
    handle: String,
    body: String,
    receives: u32,
    trace: Option<String>,
}

#[tokio::test]
async fn every_recorded_answer_is_read_as_it_was_meant() {
    if !has("recordings") {
        return;
    }
    let sdk = sdk().await;
    let (queues, tasks) = (
        Queues::new(&sdk, "https://queues/recorded"),
        Tasks::new(&sdk),
    );
    let server = variable("AWS_ENDPOINT_URL");
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let list = http.get(&server).send().await.unwrap();
    let list: Vec<Recorded> = serde_json::from_str(&list.text().await.unwrap()).unwrap();
    assert!(!list.is_empty());
    for (number, recorded) in list.iter().enumerate() {
        let chosen = http.put(format!("{server}/next/{number}")).send().await;
        assert!(chosen.unwrap().status().is_success());
        let what = &recorded.id;
        let refused = |error: String| match &recorded.refused {
            Some(code) => assert!(error.contains(code.as_str()), "{what}: {error}"),
            None => panic!("{what}: {error}"),
        };
        let told = TaskResult::Success {
            output: recorded.output.clone().unwrap_or_default(),
        };
        let token = recorded.body.as_deref().and_then(token_of);
        let token = token.unwrap_or_else(|| "NoSuchTaskToken".to_owned());
        let waits = match recorded.operation.as_str() {
            "ReceiveMessage" => {
                match queues.receive(Priority::High, 10).await {
                    Ok(messages) => read_as_meant(recorded, &messages),
                    Err(error) => refused(error.to_string()),
                }
                continue;
            }
            "SendMessage" => {
                match queues.move_to_dead_letter("{}", "E", "why", None).await {
                    Ok(()) => assert_eq!(recorded.refused, None, "{what}"),
                    Err(error) => refused(error.to_string()),
                }
                continue;
            }
            "SendTaskHeartbeat" => tasks.heartbeat(&token, None).await,
            "SendTaskSuccess" => tasks.tell(&token, &told, None).await,
            "SendTaskFailure" => {
                tasks
                    .tell(&token, &TaskResult::failure("E", "why", 1), None)
                    .await
            }
            other => panic!("{what} is of {other}"),
        };
        assert_eq!(recorded.token.as_ref().unwrap_or(&token), &token, "{what}");
        let expected = match recorded.refused {
            Some(_) => Waits::No,
            None => Waits::Yes,
        };
        assert_eq!(waits.unwrap(), expected, "{what}");
    }
}

fn read_as_meant(recorded: &Recorded, messages: &[Message]) {
    let what = &recorded.id;
    assert_eq!(messages.len(), recorded.messages.len(), "{what}");
    for (message, meant) in messages.iter().zip(&recorded.messages) {
        assert_eq!(
            (&message.id, &message.handle),
            (&meant.id, &meant.handle),
            "{what}"
        );
        assert_eq!(
            (&message.body, message.receive_count),
            (&meant.body, meant.receives),
            "{what}"
        );
        let trace = message.trace.as_ref().map(ToString::to_string);
        assert_eq!(trace, meant.trace, "{what}");
    }
}
