//! `version`: which build this is, from which commit, and which formats it reads and writes.

use clap::Args;
use rampmeter_config::VERSION as CONFIGURATION;
use rampmeter_engine::{OLDEST_FORMAT, STORE_FORMAT};
use rampmeter_terminal::Failure;
use rampmeter_terminal::output::{self, Format, OutputArguments};
use serde_json::json;

/// The commit it was built from: set in release builds, unknown otherwise.
const COMMIT: Option<&str> = option_env!("RAMPMETER_COMMIT");

/// Options of `version`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    output: OutputArguments,
}

/// Runs `version`.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let version = env!("CARGO_PKG_VERSION");
    let target = format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS);
    let text = match arguments.output.format() {
        Format::Json | Format::Jsonl => json!({
            "schema": "rampmeter.version/1",
            "version": version,
            "commit": COMMIT,
            "target": target,
            "store_format": { "writes": STORE_FORMAT, "reads_from": OLDEST_FORMAT },
            "configuration_version": CONFIGURATION,
        })
        .to_string(),
        Format::Id => version.to_owned(),
        Format::Table => format!(
            "rampmeter {version} ({}, {target})\nstore       format {STORE_FORMAT}, reads {OLDEST_FORMAT} and later\nrampmeter.toml  version {CONFIGURATION}",
            COMMIT.unwrap_or("commit unknown")
        ),
    };
    Ok(output::data(&text)?)
}
