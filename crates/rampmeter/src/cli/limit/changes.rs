//! `limit changes`: what was changed, by whom and why, the newest first. As JSON lines it is the whole audit trail.

use rampmeter_terminal::output::{self, Format};
use rampmeter_terminal::{Failure, Table};

use crate::cli::listing::Arguments;
use crate::client::{Client, text};

/// Runs `limit changes`.
pub(super) async fn run(list: Arguments) -> Result<(), Failure> {
    let client = list.server.client()?;
    let format = list.output.format();
    if matches!(format, Format::Jsonl) {
        return export(&client).await;
    }
    let answer = client.admin(&["v1", "changes"]).await?;
    let items = answer["changes"].as_array().cloned().unwrap_or_default();
    match format {
        Format::Json | Format::Jsonl => output::json(&answer)?,
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
            let mut table =
                Table::new(["AT", "WHO", "TARGET", "KIND", "SUBJECT", "CHANGE", "REASON"]);
            for item in items {
                table.add_row([
                    text(&item["at"]),
                    text(&item["by"]["text"]),
                    text(&item["target"]),
                    text(&item["kind"]),
                    text(&item["subject"]),
                    text(&item["change"]),
                    text(&item["reason"]),
                ]);
            }
            table.print()?;
        }
    }
    Ok(())
}

/// Prints every entry, page after page, one on each line.
async fn export(client: &Client) -> Result<(), Failure> {
    let mut next: Option<String> = None;
    loop {
        let mut query = vec![("limit", "1000")];
        query.extend(next.as_deref().map(|next| ("next_token", next)));
        let page = client.admin_with(&["v1", "changes"], &query).await?;
        for item in page["changes"].as_array().into_iter().flatten() {
            output::data(&item.to_string())?;
        }
        next = page["next_token"].as_str().map(str::to_owned);
        if next.is_none() {
            return Ok(());
        }
    }
}
