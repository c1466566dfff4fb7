//! `call show`: the status of a call, or how it ended. `call body`: the whole body of its answer.

use std::path::PathBuf;

use clap::Args;
use rampmeter_terminal::output::{self, Format, OutputArguments, note};
use rampmeter_terminal::{Exit, Failure};
use rampmeter_time::span;
use serde_json::Value;

use crate::cli::answer::print;
use crate::client::{ServerArguments, text};

/// Options of `call show`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
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

/// Runs `call show`.
pub(crate) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let client = arguments.server.client()?;
    let call = client.admin(&["v1", "calls", &arguments.call]).await?;
    if call["ended_at"].is_string() {
        let shown = print_ended(&call, arguments.output.format(), arguments.include);
        // The call may have failed; showing it has not.
        return match shown {
            Err(Failure::Reported(_)) => Ok(()),
            other => other,
        };
    }
    let id = text(&call["id"]);
    let mut lines = vec![format!(
        "{id}  {} {} · {} since {}",
        text(&call["target"]),
        text(&call["priority"]),
        text(&call["status"]),
        text(&call["sent_at"]),
    )];
    for (label, field) in [
        ("held by", "held_by"),
        ("starts", "starts"),
        ("key", "key"),
        ("endpoint", "endpoint"),
        ("execution", "execution_arn"),
    ] {
        if let Some(value) = call[field].as_str() {
            lines.push(format!("  {label:<9}  {value}"));
        }
    }
    print(&arguments.output, &call, &id, &lines.join("\n"))
}

/// Runs `call body`.
pub(crate) async fn body(arguments: BodyArguments) -> Result<(), Failure> {
    let client = arguments.server.client()?;
    let path = ["v1", "calls", &arguments.call, "body"];
    let Some(file) = &arguments.file else {
        return client.bytes(&path, &mut output::Body::default()).await;
    };
    let mut out = std::fs::File::create(file).map_err(|why| {
        let what = format!("the file {} cannot be written: {why}", file.display());
        Failure::new("RM2012", Exit::Usage, what)
    })?;
    client.bytes(&path, &mut out).await
}

/// Prints a call that has ended: its answer's body as data, the rest beside it. A failed call ends the command with 1.
pub(super) fn print_ended(call: &Value, format: Format, include: bool) -> Result<(), Failure> {
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
        Err(Failure::Reported(Exit::Failed))
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
        Value::String(text) => Ok(output::text(text)?),
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

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
