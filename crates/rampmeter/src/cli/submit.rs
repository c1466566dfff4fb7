//! `call submit`: one call through the gate without a workflow. `call show`: a call as it stands or how it ended.
//! `call body`: the whole body of its answer.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use rampmeter_terminal::output::{self, Format, OutputArguments, note};
use rampmeter_terminal::{Exit, Failure};
use rampmeter_time::{duration, span};
use serde_json::{Map, Value, json};

use super::ServerArguments;
use super::client::{Client, text};
use super::follow::Deadline;

/// First and longest pause between two looks whether a call has ended.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Options of `call submit`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Name of the target.
    target: String,
    /// GET, HEAD, OPTIONS, POST, PUT, PATCH or DELETE.
    method: String,
    /// Path below the target's base_url.
    path: String,
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
    /// Names the call for the vendor, so that a repeat is known as one. Default: the id of the message.
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

/// Options of `call show`.
#[derive(Debug, Args)]
pub(crate) struct ShowArguments {
    /// The call, as `call list` shows it: c-17; or the id of its message.
    call: String,
    /// Print status and headers before the body.
    #[arg(long, short = 'i')]
    include: bool,
    #[command(flatten)]
    server: ServerArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// Options of `call body`.
#[derive(Debug, Args)]
pub(crate) struct BodyArguments {
    /// The call, as an output or `call list` names it: c-17.
    call: String,
    /// Write it to this file; without it, to standard output.
    #[arg(long, short = 'f', value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    server: ServerArguments,
}

/// Runs `call submit`.
pub(super) async fn run(arguments: Arguments) -> Result<(), Failure> {
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
        Err(super::client::ClientError::Refused(refusal))
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
        return print_object(&arguments.output, &call, &number, &number);
    }
    let call = until_ended(&client, &id, deadline).await?;
    print_ended(&call, arguments.output.format(), arguments.include)
}

/// The call message that the options describe. Whether it is a call is the server's judgement.
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
        // Whoever waits longer than a moment is told for what.
        let standing = text(&call["standing"]);
        if pause == LONGEST_PAUSE && standing != told {
            let why = call["held_by"].as_str().unwrap_or_default();
            note(&format!("{number}  {standing}  {why}"));
            told = standing;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Runs `call show`.
pub(super) async fn show(arguments: ShowArguments) -> Result<(), Failure> {
    let client = arguments.server.client()?;
    let call = client.admin(&["v1", "calls", &arguments.call]).await?;
    if call["ended_at"].is_string() {
        let shown = print_ended(&call, arguments.output.format(), arguments.include);
        // The call may have failed; showing it has not.
        return match shown {
            Err(Failure::Told(_)) => Ok(()),
            other => other,
        };
    }
    let id = text(&call["id"]);
    let mut lines = vec![format!(
        "{id}  {} {} · {} since {}",
        text(&call["target"]),
        text(&call["priority"]),
        text(&call["standing"]),
        text(&call["sent_at"]),
    )];
    for (label, field) in [
        ("held by", "held_by"),
        ("key", "key"),
        ("execution", "execution_arn"),
    ] {
        if let Some(value) = call[field].as_str() {
            lines.push(format!("  {label:<9}  {value}"));
        }
    }
    print_object(&arguments.output, &call, &id, &lines.join("\n"))
}

/// Runs `call body`.
pub(super) async fn body(arguments: BodyArguments) -> Result<(), Failure> {
    let client = arguments.server.client()?;
    let path = ["v1", "calls", &arguments.call, "body"];
    let Some(file) = &arguments.file else {
        return client.bytes(&path, &mut std::io::stdout().lock()).await;
    };
    let mut out = std::fs::File::create(file).map_err(|why| {
        let what = format!("the file {} cannot be written: {why}", file.display());
        Failure::new("RM2012", Exit::Usage, what)
    })?;
    client.bytes(&path, &mut out).await
}

/// Prints a call that has ended: its answer's body as data, the rest beside it. A failed call ends the command with 1.
fn print_ended(call: &Value, format: Format, include: bool) -> Result<(), Failure> {
    let answer = &call["answer"];
    match format {
        Format::Json => output::json(call)?,
        Format::Jsonl => output::data(&call.to_string())?,
        Format::Id => output::data(&text(&call["id"]))?,
        Format::Table => {
            if include && answer["StatusCode"].is_u64() {
                output::data(&head(answer))?;
            }
            note(&summary(call));
            print_body(call)?;
        }
    }
    if call["error"].is_null() {
        Ok(())
    } else {
        Err(Failure::Told(Exit::Failed))
    }
}

fn print_body(call: &Value) -> Result<(), Failure> {
    let answer = &call["answer"];
    if let Some(size) = answer["StoredBody"]["Size"].as_u64() {
        let id = text(&call["id"]);
        note(&format!(
            "{size} bytes are kept beside: rampmeter call body {id}"
        ));
        return Ok(());
    }
    match &answer["ResponseBody"] {
        Value::Null => Ok(()),
        Value::String(text) if text.is_empty() => Ok(()),
        Value::String(text) => Ok(output::data(text)?),
        body => Ok(output::json(body)?),
    }
}

/// Status and headers, as they stand before a body.
fn head(answer: &Value) -> String {
    let mut lines = vec![format!(
        "{} {}",
        answer["StatusCode"],
        text(&answer["StatusText"])
    )];
    for (name, values) in answer["Headers"].as_object().into_iter().flatten() {
        for value in values.as_array().into_iter().flatten() {
            lines.push(format!("{name}: {}", text(value)));
        }
    }
    lines.push(String::new());
    lines.join("\n")
}

/// One line: how the call ended.
fn summary(call: &Value) -> String {
    let (id, answer) = (text(&call["id"]), &call["answer"]);
    let took = call["duration_ms"].as_i64().map(span).unwrap_or_default();
    let status = match answer["StatusCode"].as_u64() {
        Some(status) => format!("{status} {}", text(&answer["StatusText"])),
        None => String::new(),
    };
    let Some(error) = call["error"].as_str() else {
        return format!("{id}  {status}  {took}");
    };
    let why = match answer {
        Value::String(cause) => cause.clone(),
        cause => text(&cause["Reason"]),
    };
    let line = format!("{id}  {error}  {status}  {why}");
    format!("{}  {took}", line.trim_end())
}

fn print_object(
    arguments: &OutputArguments,
    call: &Value,
    id: &str,
    told: &str,
) -> Result<(), Failure> {
    match arguments.format() {
        Format::Table => output::data(told)?,
        Format::Id => output::data(id)?,
        Format::Json => output::json(call)?,
        Format::Jsonl => output::data(&call.to_string())?,
    }
    Ok(())
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

    #[test]
    fn the_end_of_a_call_is_told_in_one_line() {
        let done = json!({
            "id": "c-7", "error": null, "duration_ms": 312,
            "answer": {"StatusCode": 201, "StatusText": "Created"},
        });
        assert!(summary(&done).starts_with("c-7  201 Created  "));
        let failed = json!({
            "id": "c-8", "error": "Rampmeter.OutcomeUnknown", "duration_ms": 5,
            "answer": {"Reason": "the answer was lost"},
        });
        let told = summary(&failed);
        assert!(told.contains("Rampmeter.OutcomeUnknown") && told.contains("the answer was lost"));
    }
}
