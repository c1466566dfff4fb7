//! The binary: the command line and, behind `serve`, the two ports of the embedded host.
//! This file only chooses the command, the log and the exit code.

use std::process::ExitCode;

use clap::Parser;

mod log;
mod serve;
mod client;
mod cli;
mod problem;

fn main() -> ExitCode {
    let arguments = cli::Cli::parse();
    // reqwest is built without a TLS provider of its own; ring is the only one that is linked.
    if rustls::crypto::ring::default_provider()
        .install_default()
        .is_err()
    {
        rampmeter_terminal::output::note("warning: a TLS provider was already installed");
    }
    log::install(arguments.default_log_level(), arguments.color());
    cli::run(arguments)
}
