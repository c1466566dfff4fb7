//! `user list`: who may log in, and with which tokens.

use clap::Args;
use jiff::Timestamp;
use rampmeter_terminal::output::{self, Format, OutputArguments};
use rampmeter_terminal::{Failure, Table};
use serde_json::json;

use super::file::{self, FileArguments};

/// Options of `user list`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    output: OutputArguments,
    #[command(flatten)]
    file: FileArguments,
}

/// Runs `user list`.
pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let users = file::read(&arguments.file.path()?)?;
    let now = Timestamp::now();
    match arguments.output.format() {
        Format::Json => {
            let users: Vec<_> = users.iter().map(|user| user.to_json(now)).collect();
            output::json(&json!({ "schema": "rampmeter.user-list/1", "users": users }))?;
        }
        Format::Jsonl => {
            for user in users.iter() {
                output::data(&user.to_json(now).to_string())?;
            }
        }
        Format::Id => {
            for user in users.iter() {
                output::data(&user.name)?;
            }
        }
        Format::Table => {
            let mut table = Table::new(["NAME", "ROLE", "TOKEN", "MADE", "GOOD UNTIL"]);
            for user in users.iter() {
                table.add_row([
                    user.name.clone(),
                    user.role.to_string(),
                    user.token_id.clone(),
                    format!("{:.0}", user.created_at),
                    match user.expires_at {
                        Some(end) if user.is_expired(now) => format!("{end:.0} (over)"),
                        Some(end) => format!("{end:.0}"),
                        None => "removed".to_owned(),
                    },
                ]);
            }
            table.print()?;
        }
    }
    Ok(())
}
