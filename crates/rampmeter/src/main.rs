//! The binary: the command line and, behind `serve`, the two ports of the embedded host.
//! This file only chooses the command, the log and the exit code.

use std::process::ExitCode;

use clap::Parser;
use rampmeter_terminal::output;

mod log;
mod serve;
mod client;
mod cli;
mod problem;

fn main() -> ExitCode {
    let arguments = match cli::Cli::try_parse() {
        Ok(arguments) => arguments,
        Err(why) => return not_understood(&why),
    };
    // reqwest is built without a TLS provider of its own; ring is the only one that is linked.
    if rustls::crypto::ring::default_provider()
        .install_default()
        .is_err()
    {
        output::note("warning: a TLS provider was already installed");
    }
    log::install(arguments.default_log_level(), arguments.color());
    cli::run(arguments)
}

/// Arguments that are no command line. They are repeated, and whoever starts a command may have them from elsewhere; help and version
/// come here too and are ours alone.
fn not_understood(why: &clap::Error) -> ExitCode {
    if !why.use_stderr() {
        why.exit();
    }
    output::note(why.render().to_string().trim_end());
    ExitCode::from(2)
}
