//! `call submit`: one call through the gate without a workflow, and the wait for its answer.

use std::io::Read;
use std::path::Path;
use std::time::Duration;

use clap::Args;
use rampmeter_terminal::output::{OutputArguments, note};
use rampmeter_terminal::{Exit, Failure};
use rampmeter_time::duration;
use serde_json::{Map, Value, json};

use super::show::print_ended;
use crate::cli::answer::print;
use crate::cli::follow::Deadline;
use crate::client::{Client, ServerArguments, text};

/// First and longest pause between two checks whether a call has ended.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const MAX_PAUSE: Duration = Duration::from_secs(1);

/// Options of `call submit`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Name of the target.
    target: String,
    /// GET, HEAD, OPTIONS, POST, PUT, PATCH or DELETE.
    method: String,
    /// Path below the target's base_url, or below that of the endpoint.
    path: String,
    /// An endpoint of the target: another host of the same account.
    #[arg(long)]
    endpoint: Option<String>,
    /// The body: JSON, or a text that is sent as it is under a Content-Type that is not JSON.
    #[arg(
        long,
        short = 'b',
        value_name = "JSON|TEXT",
        conflicts_with = "body_file"
    )]
    body: Option<String>,
    /// A file with the body, or `-` for standard input.
    #[arg(long, value_name = "FILE|-")]
    body_file: Option<String>,
    /// A header of the call. May be given several times.
    #[arg(long = "header", short = 'H', value_name = "NAME: VALUE")]
    headers: Vec<String>,
    /// A query parameter, not encoded. May be given several times.
    #[arg(long = "query", short = 'q', value_name = "NAME=VALUE")]
    query: Vec<String>,
    /// HIGH (somebody waits for it), MEDIUM or BATCH.
    #[arg(long, short = 'p', default_value = "HIGH")]
    priority: String,
    /// Business key, to search by.
    #[arg(long)]
    key: Option<String>,
    /// At most one call of this key at a time, in the order of sending.
    #[arg(long)]
    ordering_key: Option<String>,
    /// Names the call for the vendor, so that it recognises a repeat. Default: the id of the message.
    #[arg(long)]
    idempotency_key: Option<String>,
    /// JSONPath of the part of the answer's body that is wanted.
    #[arg(long, value_name = "PATH")]
    select: Option<String>,
    /// Wait for the answer and print it; exit 1 unless it is a success. This is the default.
    #[arg(long, conflicts_with = "no_wait")]
    wait: bool,
    /// Do not wait: print the id of the call, for `call show`.
    #[arg(long)]
    no_wait: bool,
    /// Longest wait, such as 30s or 5m; exit 4 when it is over. The call goes on.
    #[arg(long, value_parser = duration::parse)]
    timeout: Option<Duration>,
    /// Print status and headers before the body.
    #[arg(long, short = 'i')]
    include: bool,
    #[command(flatten)]
    server: ServerArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// Runs `call submit`.
pub(crate) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let message = message(&arguments)?;
    let client = arguments.server.client()?;
    let deadline = Deadline::after(arguments.timeout);
    let queue = format!(
        "{}-{}",
        arguments.target,
        priority(&arguments.priority)?.to_lowercase()
    );
    let request = json!({ "QueueUrl": queue, "MessageBody": message.to_string() });
    let sent = match client.queues("SendMessage", &request).await {
        Err(crate::client::ClientError::Refused(refusal))
            if refusal.name.ends_with("QueueDoesNotExist") =>
        {
            let what = format!("the server has no target named {:?}", arguments.target);
            return Err(
                Failure::new("RM2060", Exit::Failed, what).with_help("rampmeter target list")
            );
        }
        sent => sent?,
    };
    let id = text(&sent["MessageId"]);
    if arguments.no_wait {
        let call = client.admin(&["v1", "calls", &id]).await?;
        let number = text(&call["id"]);
        return print(&arguments.output, &call, &number, &number);
    }
    let call = until_ended(&client, &id, deadline).await?;
    print_ended(&call, arguments.output.format(), arguments.include)
}

/// The call message that the options describe. Whether it is a valid call is for the server to judge.
fn message(arguments: &Arguments) -> Result<Value, Failure> {
    let mut message = json!({
        "Method": arguments.method.to_uppercase(),
        "Path": arguments.path,
    });
    let headers = pairs("--header", ':', &arguments.headers)?;
    let is_json = headers.iter().all(|(name, value)| {
        !name.eq_ignore_ascii_case("content-type") || text(value).contains("json")
    });
    if let Some(body) = read_body(arguments)? {
        message["RequestBody"] = if is_json {
            let parsed = serde_json::from_str(&body);
            parsed.map_err(|why| {
                let what = format!("the body is not JSON: {why}");
                Failure::new("RM2011", Exit::Usage, what)
                    .with_help("--header \'Content-Type: text/plain\' sends it as it is")
            })?
        } else {
            Value::String(body)
        };
    }
    for (name, value) in [
        ("Endpoint", arguments.endpoint.clone().map(Value::String)),
        (
            "Headers",
            Some(headers)
                .filter(|headers| !headers.is_empty())
                .map(Value::Object),
        ),
        (
            "QueryParameters",
            Some(pairs("--query", '=', &arguments.query)?)
                .filter(|pairs| !pairs.is_empty())
                .map(Value::Object),
        ),
        ("Key", arguments.key.clone().map(Value::String)),
        (
            "OrderingKey",
            arguments.ordering_key.clone().map(Value::String),
        ),
        (
            "IdempotencyKey",
            arguments.idempotency_key.clone().map(Value::String),
        ),
        (
            "ResponseSelector",
            arguments.select.clone().map(Value::String),
        ),
    ] {
        if let Some(value) = value {
            message[name] = value;
        }
    }
    Ok(message)
}

fn read_body(arguments: &Arguments) -> Result<Option<String>, Failure> {
    let Some(file) = &arguments.body_file else {
        return Ok(arguments.body.clone());
    };
    let read = if file == "-" {
        let mut all = String::new();
        std::io::stdin().read_to_string(&mut all).map(|_| all)
    } else {
        std::fs::read_to_string(Path::new(file))
    };
    match read {
        Ok(body) => Ok(Some(body)),
        Err(why) => Err(Failure::new(
            "RM2011",
            Exit::Usage,
            format!("the body {file} cannot be read: {why}"),
        )),
    }
}

/// Names with their values; a name that is given again gets a list.
fn pairs(option: &str, between: char, given: &[String]) -> Result<Map<String, Value>, Failure> {
    let mut pairs = Map::new();
    for one in given {
        let Some((name, value)) = one.split_once(between) else {
            let what = format!("{option} {one:?} has no {between:?} between name and value");
            return Err(Failure::new("RM2014", Exit::Usage, what));
        };
        let value = Value::String(value.trim_start().to_owned());
        match pairs.get_mut(name) {
            None => {
                pairs.insert(name.to_owned(), value);
            }
            Some(Value::Array(values)) => values.push(value),
            Some(first) => {
                let values = vec![first.take(), value];
                *first = Value::Array(values);
            }
        }
    }
    Ok(pairs)
}

fn priority(text: &str) -> Result<String, Failure> {
    let upper = text.to_uppercase();
    match upper.parse::<rampmeter_dispatch::Priority>() {
        Ok(_) => Ok(upper),
        Err(why) => Err(Failure::new("RM2014", Exit::Usage, why.to_string())),
    }
}

async fn until_ended(client: &Client, id: &str, deadline: Deadline) -> Result<Value, Failure> {
    let mut pause = FIRST_PAUSE;
    let mut told = String::new();
    loop {
        let call = client.admin(&["v1", "calls", id]).await?;
        if call["answer"] != Value::Null || call["ended_at"].is_string() {
            return Ok(call);
        }
        let number = text(&call["id"]);
        if deadline.has_passed() {
            let what = format!("{number} has not ended");
            return Err(Failure::new("RM2010", Exit::TimedOut, what)
                .with_help(format!("rampmeter call why {number}")));
        }
        // Tell whoever waits longer than a moment what it is for.
        let status = text(&call["status"]);
        if pause == MAX_PAUSE && status != told {
            let why = call["held_by"].as_str().unwrap_or_default();
            note(&format!("{number}  {status}  {why}"));
            told = status;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(MAX_PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_given_again_gets_a_list() {
        let given = ["a=1", "b=2", "a=3", "a=4"].map(str::to_owned);
        let pairs = pairs("--query", '=', &given).unwrap();
        assert_eq!(
            Value::Object(pairs),
            json!({"a": ["1", "3", "4"], "b": "2"})
        );
        assert!(super::pairs("--query", '=', &["a".to_owned()]).is_err());
    }
}
