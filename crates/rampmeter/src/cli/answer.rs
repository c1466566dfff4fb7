//! Prints a response of the admin port about one thing, in the form that was asked for.

use rampmeter_terminal::Failure;
use rampmeter_terminal::output::{self, Format, OutputArguments};
use serde_json::Value;

/// Prints the response as it came, the name of its subject, or what it means for people.
pub(crate) fn print(
    arguments: &OutputArguments,
    answer: &Value,
    id: &str,
    told: &str,
) -> Result<(), Failure> {
    match arguments.format() {
        Format::Table => output::data(told)?,
        Format::Id => output::data(id)?,
        Format::Json => output::json(answer)?,
        Format::Jsonl => output::data(&answer.to_string())?,
    }
    Ok(())
}
