//! `limit changes`: what people changed, the newest first.

use rampmeter_terminal::output::{self, Format};
use rampmeter_terminal::{Failure, Table};

use crate::cli::listing::Arguments;
use crate::client::text;

/// Runs `limit changes`.
pub(super) async fn run(list: Arguments) -> Result<(), Failure> {
    let answer = list.server.client()?.admin(&["v1", "changes"]).await?;
    let items = answer["changes"].as_array().cloned().unwrap_or_default();
    match list.output.format() {
        Format::Json => output::json(&answer)?,
        Format::Jsonl => {
            for item in items {
                output::data(&item.to_string())?;
            }
        }
        Format::Id => {
            for item in items {
                let (target, subject) = (text(&item["target"]), text(&item["subject"]));
                output::data(&match (item["kind"].as_str(), subject.as_str()) {
                    (Some("limit"), limit) => format!("{target}/{limit}"),
                    (_, "") => target,
                    (_, subject) => subject.to_owned(),
                })?;
            }
        }
        Format::Table => {
            let mut table = Table::new(["AT", "TARGET", "KIND", "SUBJECT", "CHANGE", "REASON"]);
            for item in items {
                table.add_row(
                    ["at", "target", "kind", "subject", "change", "reason"]
                        .map(|field| text(&item[field])),
                );
            }
            table.print()?;
        }
    }
    Ok(())
}
