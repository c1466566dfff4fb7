//! `limit changes`: what people changed, the newest first.

use rampmeter_terminal::Failure;
use rampmeter_terminal::output::{self, Format};

use crate::cli::listing::Arguments;
use crate::client::text;

/// Runs `limit changes`.
pub(super) async fn run(list: Arguments) -> Result<(), Failure> {
    let answer = list.server.client()?.admin(&["v1", "changes"]).await?;
    let items = answer["changes"].as_array().cloned().unwrap_or_default();
    match list.output.format() {
        Format::Json => output::json(&answer)?,
        Format::Jsonl | Format::Id => {
            for item in items {
                output::data(&item.to_string())?;
            }
        }
        Format::Table => {
            let mut table = output::table(["AT", "TARGET", "KIND", "SUBJECT", "CHANGE", "REASON"]);
            for item in items {
                table.add_row(
                    ["at", "target", "kind", "subject", "change", "reason"]
                        .map(|field| text(&item[field])),
                );
            }
            output::print_table(&table)?;
        }
    }
    Ok(())
}
