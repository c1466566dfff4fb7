//! `user`: who may log in at the admin port. The commands write the file of users and do not involve the server:
//! whoever may write the file may add users, and nobody else.

mod add;
mod file;
mod list;
mod remove;

use clap::Subcommand;
use rampmeter_terminal::Failure;

/// What is done to users.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Add a user, and print their token, once.
    Add(add::Arguments),
    /// List who may log in, and what they may do.
    List(list::Arguments),
    /// Remove a user's tokens, or one of them. A running server notices within a second.
    Remove(remove::Arguments),
}

/// Runs the command.
pub(crate) fn run(command: &Command) -> Result<(), Failure> {
    match command {
        Command::Add(arguments) => add::run(arguments),
        Command::List(arguments) => list::run(arguments),
        Command::Remove(arguments) => remove::run(arguments),
    }
}
