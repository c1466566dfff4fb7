//! The rows of every table are damaged in turn, and every operation of both ports, as the routing tables name them, is
//! sent to the server: it lives, serves what is new, names in `health` what it met (except for rows of some tables),
//! and starts again.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::aws::{WireResponse, execution_arn, machine_arn};
use crate::process::Server;
use crate::vendor::Vendor;
use crate::workspace::Workspace;

/// The routing tables themselves, so that no operation can be forgotten here.
const WIRE: &str = include_str!("../../../wire/src/table.rs");
const ADMIN: &str = include_str!("../../../admin/src/routes/table.rs");

/// The longest wait for an answer: one operation waits for work.
const PATIENCE: Duration = Duration::from_secs(1);

const VICTIM: &str = r#"{
  "StartAt": "Both",
  "States": {
    "Both": {"Type": "Parallel", "End": true, "Branches": [
      {"StartAt": "Rest", "States": {"Rest": {"Type": "Wait", "Seconds": 3600, "End": true}}},
      {"StartAt": "Work", "States": {"Work": {"Type": "Task", "End": true,
        "Resource": "arn:aws:states:us-east-1:000000000000:activity:pack"}}},
      {"StartAt": "Items", "States": {"Items": {"Type": "Map", "End": true, "ItemsPath": "$.items", "Label": "Items",
        "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
          "StartAt": "Sleep", "States": {"Sleep": {"Type": "Wait", "Seconds": 3600, "End": true}}}}}}]}
  }
}"#;

/// What every execution of every workflow rests on: with all of its rows damaged, an execution may fail or wait.
const OF_EVERYBODY: [&str; 8] = [
    "target",
    "queue",
    "state_machine",
    "revision",
    "limit_override",
    "permit",
    "message",
    "step",
];

/// An operation of a port.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Operation {
    /// `AWSStepFunctions.StartExecution`.
    Wire(String),
    /// The method and the path, with its parameters in braces.
    Admin(String, String),
}

/// Every operation of both ports. Those that take something away come last.
fn operations() -> Vec<Operation> {
    let mut operations: Vec<_> = wire_operations()
        .into_iter()
        .chain(admin_operations())
        .collect();
    operations.sort_by_key(|operation| match operation {
        Operation::Wire(name) => name.contains(".Delete") || name.contains("Purge"),
        Operation::Admin(..) => false,
    });
    operations
}

fn wire_operations() -> Vec<Operation> {
    let rows = WIRE.lines().filter_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [service, name, _, handler] = words[..] else {
            return None;
        };
        let service = match service {
            "States" => "AWSStepFunctions",
            "Sqs" => "AmazonSQS",
            _ => return None,
        };
        let named = format!("{service}.{name}");
        handler.ends_with(';').then_some(Operation::Wire(named))
    });
    rows.collect()
}

fn admin_operations() -> Vec<Operation> {
    let rows = ADMIN.lines().filter_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [method @ ("get" | "post"), path, _need, _handler] = words[..] else {
            return None;
        };
        let path = path.trim_matches('"').to_owned();
        Some(Operation::Admin(method.to_uppercase(), path))
    });
    rows.collect()
}

/// What an operation of the AWS port is sent: the members that any of them knows. The others ignore them.
fn members(round: &str, token: &str, receipt: &str) -> Value {
    let version = format!("{}:1", machine_arn("victim"));
    let run = "arn:aws:states:us-east-1:000000000000:mapRun:victim/Items:none";
    let queue = "arn:aws:sqs:us-east-1:000000000000:plain";
    json!({
        "stateMachineArn": machine_arn("victim"), "executionArn": execution_arn("victim", "one"),
        "name": format!("another-{round}"), "input": "{\"items\":[1]}", "definition": VICTIM,
        "roleArn": "arn:aws:iam::000000000000:role/any", "taskToken": token, "output": "{}",
        "error": "Wrong", "cause": "a test", "mapRunArn": run, "maxConcurrency": 2,
        "activityArn": "arn:aws:states:us-east-1:000000000000:activity:pack",
        "resourceArn": machine_arn("victim"), "tags": [{"key": "a", "value": "b"}], "tagKeys": ["a"],
        "stateMachineVersionArn": version, "stateMachineAliasArn": format!("{}:live", machine_arn("victim")),
        "routingConfiguration": [{"stateMachineVersionArn": version, "weight": 100}],
        "QueueUrl": "plain", "QueueName": format!("another-{round}"), "MessageBody": "a message",
        "ReceiptHandle": receipt, "VisibilityTimeout": 0, "AttributeNames": ["All"],
        "Entries": [{"Id": "one", "MessageBody": "a message", "ReceiptHandle": receipt, "VisibilityTimeout": 0}],
        "Attributes": {"VisibilityTimeout": "0"}, "Tags": {"a": "b"}, "TagKeys": ["a"],
        "Label": "all", "AWSAccountIds": ["000000000000"], "Actions": ["SendMessage"],
        "SourceArn": queue, "TaskHandle": receipt,
    })
}

/// What a `POST` of the admin port is sent.
///
/// # Panics
/// When a path is new: say here what it is sent.
fn body_of(path: &str, round: &str) -> Value {
    let end = path.rsplit('/').next().unwrap_or_default();
    match end {
        "move" => json!({ "priority": "batch", "reason": "a test" }),
        "pause" | "resume" | "discard" | "cancel" => json!({ "reason": "a test" }),
        "{limit}" => json!({ "max": 3, "reason": "a test" }),
        "executions" => json!({ "name": format!("by-hand-{round}"), "input": {"items": []} }),
        "stop" | "close" => json!({}),
        "open" => json!({ "token": "none" }),
        "bulk-changes" => {
            json!({ "kind": "redrive", "subject": "1 dead letter", "reason": "a test" })
        }
        "redrive" if path.contains("dead-letters") => json!({ "reason": "a test" }),
        "redrive" => json!({}),
        _ => panic!("what is sent to {path}?"),
    }
}

/// A server, and what its operations are asked about.
#[derive(Debug)]
struct Asked<'s> {
    server: &'s Server,
    round: &'s str,
    token: &'s str,
}

impl Asked<'_> {
    /// Sends every operation. Whatever each is answered, there is an answer.
    async fn everything(&self) {
        for operation in operations() {
            match &operation {
                Operation::Wire(name) => self.wire(name).await,
                Operation::Admin(method, path) => self.admin(method, path).await,
            }
        }
    }

    async fn wire(&self, name: &str) {
        let input = members(self.round, self.token, "none");
        let answer = tokio::time::timeout(PATIENCE, self.server.aws().call(name, input)).await;
        match answer {
            Ok(answer) => assert!(answer.status < 600, "{name}: {answer:?}"),
            Err(_) => assert_eq!(name, "AWSStepFunctions.GetActivityTask", "no answer"),
        }
    }

    async fn admin(&self, method: &str, path: &str) {
        let filled = path
            .replace("{target}", "vendor")
            .replace("{limit}", "account")
            .replace("{call}", "c-1")
            .replace("{letter}", "c-2")
            .replace("{workflow}", "victim")
            .replace("{execution}", "one");
        let client = self.server.aws().http;
        let url = self.server.admin(&filled);
        let request = match method {
            "GET" => client.get(url),
            _ => client.post(url).json(&body_of(path, self.round)),
        };
        let answer = tokio::time::timeout(PATIENCE, request.send()).await;
        let answer = answer.unwrap_or_else(|_| panic!("{method} {path}: no answer"));
        answer.unwrap_or_else(|why| panic!("{method} {path}: {why}"));
    }

    /// A queue made now takes a message and hands it out.
    async fn what_is_new(&self) {
        let url = format!("new-{}", self.round);
        let must = async |operation: &str, input: Value| -> WireResponse {
            let answer = self.server.aws().call(operation, input).await;
            assert_eq!(answer.status, 200, "{operation}: {}", answer.body);
            answer
        };
        must("AmazonSQS.CreateQueue", json!({ "QueueName": url })).await;
        let sent = json!({ "QueueUrl": url, "MessageBody": "new" });
        must("AmazonSQS.SendMessage", sent).await;
        let received = must("AmazonSQS.ReceiveMessage", json!({ "QueueUrl": url })).await;
        assert_eq!(received.body["Messages"][0]["Body"], "new");
    }
}

/// A data directory with rows of each kind, and the token of a task that waits.
async fn filled(workspace: &Workspace, vendor: &Vendor) -> String {
    let server = Server::start(workspace).await;
    let aws = server.aws();
    aws.must("CreateActivity", json!({ "name": "pack" })).await;
    let create = json!({
        "name": "victim", "definition": VICTIM, "roleArn": "arn:aws:iam::000000000000:role/any",
        "publish": true, "tags": [{"key": "a", "value": "b"}],
    });
    aws.must("CreateStateMachine", create).await;
    let version = format!("{}:1", machine_arn("victim"));
    let alias = json!({
        "name": "live", "routingConfiguration": [{"stateMachineVersionArn": version, "weight": 100}],
    });
    aws.must("CreateStateMachineAlias", alias).await;
    aws.start("victim", "one", json!({ "items": [1, 2] })).await;
    let through = format!("{}:live", machine_arn("victim"));
    let start = json!({ "stateMachineArn": through, "name": "two", "input": "{\"items\":[]}" });
    aws.must("StartExecution", start).await;
    for queue in [
        json!({ "QueueName": "plain" }),
        json!({ "QueueName": "in-order.fifo", "Attributes": {"FifoQueue": "true"} }),
    ] {
        let made = aws.call("AmazonSQS.CreateQueue", queue).await;
        assert_eq!(made.status, 200, "{}", made.body);
    }
    for message in [
        json!({ "QueueUrl": "plain", "MessageBody": "a message",
            "MessageAttributes": {"a": {"DataType": "String", "StringValue": "b"}} }),
        json!({ "QueueUrl": "in-order.fifo", "MessageBody": "a message",
            "MessageGroupId": "g", "MessageDeduplicationId": "d" }),
        json!({ "QueueUrl": "vendor-high", "MessageBody": "no call" }),
    ] {
        let sent = aws.call("AmazonSQS.SendMessage", message).await;
        assert_eq!(sent.status, 200, "{}", sent.body);
    }
    let waiting = aws.start("pay", "held", json!({ "order": "held" })).await;
    aws.start("pay", "behind", json!({ "order": "behind" }))
        .await;
    vendor.has_received(1).await;
    let token = aws.task_token(&waiting).await;
    let limit = server.admin("/v1/limits/vendor/account");
    let change = json!({ "max": 1, "reason": "a test" });
    let changed = aws.http.post(limit).json(&change).send().await;
    assert!(changed.expect("an answer").status().is_success());
    server.kill().await;
    token
}

/// The columns of each table that is not the store's bookkeeping.
fn columns(connection: &Connection) -> BTreeMap<String, Vec<String>> {
    let mut statement = connection
        .prepare(
            "SELECT m.name, p.name FROM sqlite_schema AS m, pragma_table_info(m.name) AS p \
             WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'",
        )
        .expect("the schema");
    let mut columns: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    for row in rows.expect("the schema") {
        let (table, column) = row.expect("names");
        columns.entry(table).or_default().push(column);
    }
    columns
}

fn open(data_dir: &Path) -> Connection {
    let connection = Connection::open(data_dir.join("rampmeter.db")).expect("the store");
    let patience = connection.busy_timeout(Duration::from_secs(5));
    patience.expect("a time");
    connection
}

/// Damages what can be damaged in the rows of a table. Returns how much that is.
fn damage(data_dir: &Path, table: &str, columns: &[String]) -> usize {
    let connection = open(data_dir);
    let damage = |column: &String| {
        let statement = format!("UPDATE OR IGNORE {table} SET {column} = x'ff00ff'");
        // A number that is the key of its row is always a number.
        connection.execute(&statement, []).unwrap_or(0)
    };
    columns.iter().map(damage).sum()
}

/// Copies a data directory.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to.join("blobs")).expect("a directory");
    std::fs::copy(from.join("rampmeter.db"), to.join("rampmeter.db")).expect("a copy");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_lives_through_every_damaged_table_and_names_it() {
    let found = operations();
    assert!(
        found.len() > 80,
        "{} operations: the tables are not read",
        found.len()
    );
    let vendor = Vendor::closed().await;
    let workspace = Workspace::new(&vendor.base_url, 1);
    let token = filled(&workspace, &vendor).await;
    let source = workspace.data_dir();
    let tables = {
        let connection = open(&source);
        let carry = "PRAGMA wal_checkpoint(TRUNCATE)";
        connection
            .query_row(carry, [], |_| Ok(()))
            .expect("a checkpoint");
        columns(&connection)
    };
    let mut unnamed = Vec::new();
    for (table, columns) in tables {
        let place = workspace.path().join(format!("damaged-{table}"));
        copy(&source, &place);
        if damage(&place, &table, &columns) == 0 {
            continue;
        }
        for round in ["first", "second"] {
            let server = Server::launch(Server::command_on(&workspace, &place)).await;
            let asked = Asked {
                server: &server,
                round,
                token: &token,
            };
            asked.everything().await;
            asked.what_is_new().await;
            if !OF_EVERYBODY.contains(&table.as_str()) {
                let aws = server.aws();
                let arn = aws
                    .start("pass", &format!("after-{round}"), json!({}))
                    .await;
                assert_eq!(aws.ended(&arn).await["status"], "SUCCEEDED", "{table}");
            }
            // What a read met is named once the writer has it, and stays named.
            let health = server.admin_json("/v1/health").await;
            if round == "second" && !health.to_string().contains("cannot be read") {
                unnamed.push(table.clone());
            }
            server.kill().await;
        }
    }
    assert_eq!(unnamed, Vec::<String>::new(), "what was damaged is named");
}
