//! `limit`: how full the limits are, and their change while the server runs.

use rampmeter_terminal::Failure;
use rampmeter_terminal::output::Color;

mod change;
mod changes;
mod list;
mod probe;

use clap::Subcommand;

use crate::cli::listing;

/// The commands under `limit`.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List every limit of every target, and how full it is.
    List(listing::Arguments),
    /// Give a limit another maximum, at once.
    Set(change::SetArguments),
    /// Give a limit its configured maximum back.
    Reset(change::ResetArguments),
    /// List what people changed, newest first: limits, pauses, calls moved.
    Changes(listing::Arguments),
    /// Ask the vendor what it allows, and compare that with the configuration.
    Probe(probe::Arguments),
}

/// Runs a command under `limit`.
pub(crate) async fn run(command: Command, color: Color) -> Result<(), Failure> {
    match command {
        Command::List(list) => list::run(list).await,
        Command::Set(set) => change::set(set).await,
        Command::Reset(reset) => change::reset(reset).await,
        Command::Changes(list) => changes::run(list).await,
        Command::Probe(asked) => Box::pin(probe::run(asked, color)).await,
    }
}
