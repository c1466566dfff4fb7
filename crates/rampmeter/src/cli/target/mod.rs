//! `target`: the accounts that are called: their status, their pauses, and a ping.

use rampmeter_terminal::Failure;
use rampmeter_terminal::output::Color;

mod list;
mod pause;
pub(super) mod ping;
mod show;

use clap::Subcommand;

use crate::cli::listing;

/// The commands under `target`.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the targets: what waits, what is in flight, what the vendor refused.
    List(listing::Arguments),
    /// Show one target: what waits, what holds it, what the vendor's answers taught.
    Show(show::Arguments),
    /// Start no more calls of a target, or of one priority; those in flight go on.
    Pause(pause::Arguments),
    /// End a pause.
    Resume(pause::ResumeArguments),
    /// Pause, and wait until no call is in flight.
    Drain(pause::Arguments),
    /// Sign in and make one harmless call.
    Ping(ping::Arguments),
}

/// Runs a command under `target`.
pub(crate) async fn run(command: Command, color: Color) -> Result<(), Failure> {
    match command {
        Command::List(list) => list::run(list).await,
        Command::Show(target) => show::run(target).await,
        Command::Pause(target) => pause::pause(target).await,
        Command::Resume(target) => pause::resume(target).await,
        Command::Drain(target) => pause::drain(target).await,
        Command::Ping(asked) => Box::pin(ping::run(asked, color)).await,
    }
}
