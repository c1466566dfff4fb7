//! What commands that print a list of the admin port share: its options, and its layout as a table.

use clap::Args;
use rampmeter_terminal::output::{self, Format, OutputArguments};
use rampmeter_terminal::{Failure, Table};
use serde_json::Value;

use crate::client::ServerArguments;

/// Options of such a list.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) server: ServerArguments,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

/// Gets a list of the admin port and prints it in the form that was asked for; `id` is what other commands take.
pub(crate) async fn show<const COLUMNS: usize>(
    list: Arguments,
    what: &str,
    id: impl Fn(&Value) -> String,
    header: [&str; COLUMNS],
    row: impl Fn(&Value) -> [String; COLUMNS],
) -> Result<(), Failure> {
    let answer = list.server.client()?.admin(&["v1", what]).await?;
    let items = answer[what]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    match list.output.format() {
        Format::Json => output::json(&answer)?,
        Format::Jsonl => {
            for item in items {
                output::data(&item.to_string())?;
            }
        }
        Format::Id => {
            for item in items {
                output::data(&id(item))?;
            }
        }
        Format::Table => {
            let mut table = Table::new(header);
            for item in items {
                table.add_row(row(item));
            }
            table.print()?;
        }
    }
    Ok(())
}
