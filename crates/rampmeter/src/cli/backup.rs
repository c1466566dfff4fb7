//! `backup` and `restore`: make a copy of a data directory, whether or not a server runs on it, and restore it into a
//! new one. They work on the directories themselves, for what is restored has no server yet.

use std::path::{Path, PathBuf};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use rampmeter_config::Config;
use rampmeter_engine::{Backup, BackupError, back_up, restore};
use rampmeter_terminal::output::{self, Format, OutputArguments};
use rampmeter_terminal::{Exit, Failure};
use rampmeter_time::{UnixMillis, rfc3339};
use serde_json::{Value, json};

use crate::serve::privacy::own_files;

/// The file that is taken when none is named, and the directory when there is none.
const DEFAULT_FILE: &str = "rampmeter.toml";
const DEFAULT_DIRECTORY: &str = ".rampmeter";

/// Which data directory is meant.
#[derive(Debug, Args)]
struct Data {
    /// Configuration that names the data directory. Without it: rampmeter.toml in this directory if there is one.
    #[arg(long, short = 'c', value_name = "FILE")]
    config: Option<PathBuf>,
    /// The data directory, instead of server.data_dir.
    #[arg(long, value_name = "DIRECTORY", conflicts_with = "config")]
    data_dir: Option<PathBuf>,
}

/// Options of `backup`.
#[derive(Debug, Args)]
pub(crate) struct BackupArguments {
    /// A new or empty directory for the backup.
    to: PathBuf,
    #[command(flatten)]
    data: Data,
    #[command(flatten)]
    output: OutputArguments,
}

/// Options of `restore`.
#[derive(Debug, Args)]
pub(crate) struct RestoreArguments {
    /// The backup.
    from: PathBuf,
    #[command(flatten)]
    data: Data,
    #[command(flatten)]
    output: OutputArguments,
}

/// Runs `backup`. Exit status 1 when a body is not what was written: the backup has the rest.
pub(super) fn run_backup(arguments: &BackupArguments) -> Result<(), Failure> {
    own_files();
    let data_dir = arguments.data.directory()?;
    let bar = bar("bodies");
    let now = UnixMillis(Timestamp::now().as_millisecond());
    let made = back_up(
        &data_dir,
        &arguments.to,
        now,
        env!("CARGO_PKG_VERSION"),
        &mut |done, all| told(&bar, done, all),
    );
    bar.finish_and_clear();
    let backup = made.map_err(|error| failed(&error))?;
    let to = arguments.to.display().to_string();
    let words = format!(
        "{} backed up into {to}\n  the store {}, {} bodies {}\n  rampmeter restore {to} --data-dir NEW",
        data_dir.display(),
        bytes(backup.store_bytes),
        backup.bodies,
        bytes(backup.body_bytes),
    );
    print(arguments.output, &backup, "rampmeter.backup/1", &to, &words)?;
    if backup.damaged.is_empty() {
        return Ok(());
    }
    let what = format!(
        "{} bodies are not what was written: the disk has changed them ({})",
        backup.damaged.len(),
        listed(backup.damaged.iter()),
    );
    Err(Failure::new("RM2047", Exit::Failed, what)
        .with_help("check the disk; the backup has everything else, and these bodies as they are"))
}

/// Runs `restore`.
pub(super) fn run_restore(arguments: &RestoreArguments) -> Result<(), Failure> {
    own_files();
    let data_dir = arguments.data.directory()?;
    let bar = bar("bodies");
    let restored = restore(&arguments.from, &data_dir, &mut |done, all| {
        told(&bar, done, all);
    });
    bar.finish_and_clear();
    let backup = restored.map_err(|error| failed(&error))?;
    let place = data_dir.display().to_string();
    let words = format!(
        "{place} is as of {}\n  \
         What happened since then is not in it and happens again: calls under the same idempotency keys.\n  \
         The vendors have counted calls since then that no limit here knows. So every target is paused:\n  \
         start the server, wait for as long as the longest window of a limit, then\n  \
         rampmeter target resume NAME --reason \"restored\"",
        rfc3339(backup.made_at),
    );
    print(
        arguments.output,
        &backup,
        "rampmeter.restored/1",
        &place,
        &words,
    )?;
    Ok(())
}

impl Data {
    fn directory(&self) -> Result<PathBuf, Failure> {
        if let Some(directory) = &self.data_dir {
            return Ok(directory.clone());
        }
        let file = match &self.config {
            Some(file) => file.as_path(),
            None if Path::new(DEFAULT_FILE).exists() => Path::new(DEFAULT_FILE),
            None => return Ok(DEFAULT_DIRECTORY.into()),
        };
        let config = Config::load(file, &|name| std::env::var(name).ok());
        let config = config.map_err(|report| Failure::Report {
            text: report.render(false),
            exit: Exit::Usage,
        })?;
        Ok(config.server.data_dir)
    }
}

fn print(
    output: OutputArguments,
    backup: &Backup,
    schema: &str,
    id: &str,
    words: &str,
) -> std::io::Result<()> {
    let mut value = json!(backup);
    value["schema"] = schema.into();
    value["made_at"] = Value::from(rfc3339(backup.made_at));
    match output.format() {
        Format::Table => output::data(words),
        Format::Id => output::data(id),
        Format::Json => output::json(&value),
        Format::Jsonl => output::data(&value.to_string()),
    }
}

fn failed(error: &BackupError) -> Failure {
    let (exit, help) = match error {
        BackupError::NotEmpty(_) => (Exit::Usage, "name a new directory"),
        BackupError::NoStore(_) => (Exit::Usage, "name the data directory with --data-dir"),
        BackupError::NoBackup(..) => (
            Exit::Usage,
            "name the directory that `rampmeter backup` made",
        ),
        BackupError::NewerFormat(_) => (Exit::Usage, "use the newer version"),
        BackupError::Damaged(..) => (Exit::Failed, "use another backup, and check the disk"),
        _ => (Exit::Failed, "check the disk and its room"),
    };
    Failure::new("RM2048", exit, error.to_string()).with_help(help)
}

fn bar(what: &'static str) -> ProgressBar {
    let bar = ProgressBar::new(0);
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_message(what);
    bar
}

fn told(bar: &ProgressBar, done: u64, all: u64) {
    bar.set_length(all);
    bar.set_position(done);
}

fn listed<'a>(ids: impl Iterator<Item = &'a i64>) -> String {
    let ids: Vec<_> = ids.take(10).map(i64::to_string).collect();
    ids.join(", ")
}

/// A size in the unit that people would choose.
fn bytes(length: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "a length for people")]
    let length = length as f64;
    match length {
        0.0..1e3 => format!("{length} bytes"),
        1e3..1e6 => format!("{:.1} kB", length / 1e3),
        1e6..1e9 => format!("{:.1} MB", length / 1e6),
        _ => format!("{:.1} GB", length / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_the_unit_that_people_would_choose() {
        assert_eq!(bytes(999), "999 bytes");
        assert_eq!(bytes(1_500), "1.5 kB");
        assert_eq!(bytes(2_000_000), "2.0 MB");
        assert_eq!(bytes(3_210_000_000), "3.2 GB");
    }
}
