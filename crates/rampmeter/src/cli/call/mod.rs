//! `call`: the calls that have not ended and those that have, one by one.

use rampmeter_terminal::Failure;

mod cancel;
mod list;
mod move_call;
mod show;
mod submit;
mod why;

use clap::Subcommand;

/// The commands under `call`.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make one call through the gate, without a workflow, and print its answer.
    Submit(Box<submit::Arguments>),
    /// Show one call: its status, or how it ended.
    Show(show::Arguments),
    /// Print the whole body of the answer of a call that has ended.
    Body(show::BodyArguments),
    /// List the calls that have not ended, those in flight first, and what holds each of the others.
    List(list::Arguments),
    /// Say why a call waits: which limit or which lane holds it, how many are ahead, when it should start.
    Why(why::Arguments),
    /// Cancel a call that has not ended: its task fails, with an unknown outcome if the call is in flight.
    Cancel(cancel::Arguments),
    /// Move a waiting call to another priority.
    Move(move_call::Arguments),
}

/// Runs a command under `call`.
pub(crate) async fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Submit(call) => submit::run(*call).await,
        Command::Show(call) => show::run(call).await,
        Command::Body(call) => show::body(call).await,
        Command::List(list) => list::run(list).await,
        Command::Why(call) => why::run(call).await,
        Command::Cancel(call) => cancel::run(call).await,
        Command::Move(call) => move_call::run(call).await,
    }
}
