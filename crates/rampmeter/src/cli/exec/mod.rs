//! `exec`: list, show, stop and redrive executions.

use clap::Subcommand;
use rampmeter_terminal::Failure;

mod failure;
mod history;
mod list;
mod show;
mod waiting;
mod stop;
mod redrive;

/// The commands under `exec`.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List executions, newest first.
    List(list::Arguments),
    /// Show one execution: its status, where it waits and why, its input and output.
    Show(show::Arguments),
    /// Stop an execution that runs.
    Stop(stop::Arguments),
    /// Let executions that ended badly go on at the state that failed: one, or all of a workflow with the same error.
    Redrive(redrive::Arguments),
}

/// Runs a command under `exec`.
pub(crate) async fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::List(arguments) => list::run(arguments).await,
        Command::Show(arguments) => show::run(arguments).await,
        Command::Stop(arguments) => stop::run(arguments).await,
        Command::Redrive(arguments) => redrive::run(arguments).await,
    }
}
