//! The command line: which commands there are, and what they share.
//! Commands talk to a running server only through its two ports.

use std::future::Future;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use rampmeter_lab::{bench, demo, mock, trial};
use rampmeter_terminal::output::{self, Color};
use rampmeter_terminal::{Exit, Failure};

use crate::serve;

mod answer;
mod aws;
mod backup;
mod bulk;
mod call;
mod check;
mod dev;
mod dlq;
mod env;
mod exec;
mod explain;
mod follow;
mod health;
mod init;
mod limit;
mod listing;
mod man;
mod monitoring;
mod rate;
mod start;
mod target;
mod user;
mod version;

/// Durable workflows that call rate-limited APIs: Step Functions, SQS and exact limits in one binary.
#[derive(Debug, Parser)]
#[command(name = "rampmeter", version, propagate_version = true)]
pub(crate) struct Cli {
    /// Colour in texts for people.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    color: Color,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run thousands of executions against a strict stand-in vendor, and print what was measured.
    Demo(demo::Arguments),
    /// Put the limits on trial: more work than they let through, while the engine is killed, limits change and the clock
    /// is set back. A strict stand-in vendor counts.
    Trial(trial::Arguments),
    /// Serve the order-sync example with a stand-in vendor and arriving orders: something to look at.
    Dev(dev::Arguments),
    /// Run the embedded engine and serve both ports, with the dashboard.
    Serve(serve::Arguments),
    /// Start executions of a workflow.
    Start(start::Arguments),
    /// List, show, stop and redrive executions.
    #[command(subcommand)]
    Exec(exec::Command),
    /// Make a call without a workflow, list the calls that have not ended, say what holds them, show how they ended.
    #[command(subcommand)]
    Call(call::Command),
    /// List the limits and how full they are, and change them.
    #[command(subcommand)]
    Limit(limit::Command),
    /// List the targets, pause and resume them.
    #[command(subcommand)]
    Target(target::Command),
    /// List the calls that failed for good, redrive them, discard them.
    #[command(subcommand)]
    Dlq(dlq::Command),
    /// Say who may log in at the admin port.
    #[command(subcommand)]
    User(user::Command),
    /// Say whether work is flowing and succeeding, and what holds it if it is not.
    Health(health::Arguments),
    /// Check configurations and definitions without running them.
    Check(check::Arguments),
    /// Write a configuration, a workflow and a sample input for a vendor.
    Init(init::Arguments),
    /// Print alert rules for Prometheus, with the objectives of [slo].
    Rules(monitoring::Arguments),
    /// Print a dashboard for Grafana, with the objectives of [slo].
    Grafana(monitoring::Arguments),
    /// Print the variables that point AWS tools at the server: eval "$(rampmeter env)".
    Env(env::Arguments),
    /// Print the page about the AWS API that is served.
    #[command(hide = true)]
    AwsApi,
    /// Say what an error code means.
    Explain(explain::Arguments),
    /// Serve a strict stand-in of a vendor.
    Mock(Box<mock::Arguments>),
    /// Copy the data directory as of one moment, while the server runs or not.
    Backup(backup::BackupArguments),
    /// Put a backup into a new data directory, with every target paused.
    Restore(backup::RestoreArguments),
    /// Measure how many executions this machine runs in a second.
    Bench(bench::Arguments),
    /// Deploy onto AWS: Step Functions, SQS, Lambda and DynamoDB.
    #[command(subcommand)]
    Aws(aws::Command),
    /// Print the completions for a shell: source <(rampmeter completions bash).
    Completions {
        /// The shell.
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Write the manual pages into a directory.
    Man(man::Arguments),
    /// Say which build this is, and which formats it reads and writes.
    Version(version::Arguments),
    /// Simulate a target's limits under a workload, with the same code that decides in production.
    Simulate(Box<rampmeter_simulate::Arguments>),
}

impl Cli {
    /// What the log shows unless the user says otherwise.
    pub(crate) fn default_log_level(&self) -> &'static str {
        match self.command {
            Command::Serve(_) => "info",
            _ => "warn",
        }
    }

    /// When to colour.
    pub(crate) fn color(&self) -> Color {
        self.color
    }
}

/// Runs the command and says how it went.
pub(crate) fn run(arguments: Cli) -> ExitCode {
    let color = arguments.color;
    let result = match arguments.command {
        Command::Demo(command) => block_on(demo::run(command)),
        Command::Trial(command) => block_on(trial::run(command)),
        Command::Dev(command) => block_on(dev::run(command, color)),
        Command::Serve(command) => block_on(serve::run(command, color)),
        Command::Start(command) => block_on(start::run(command)),
        Command::Exec(command) => block_on(exec::run(command)),
        Command::Call(command) => block_on(call::run(command)),
        Command::Limit(command) => block_on(limit::run(command, color)),
        Command::Target(command) => block_on(target::run(command, color)),
        Command::Dlq(command) => block_on(dlq::run(command)),
        Command::User(command) => user::run(&command),
        Command::Health(command) => block_on(health::run(command)),
        Command::Check(command) => block_on(check::run(command, color)),
        Command::Init(command) => init::run(&command),
        Command::Rules(command) => monitoring::run_rules(&command, color),
        Command::Grafana(command) => monitoring::run_grafana(&command, color),
        Command::Env(command) => env::run(&command),
        Command::AwsApi => {
            output::data(rampmeter_wire::reference().trim_end()).map_err(Failure::from)
        }
        Command::Explain(command) => explain::run(&command),
        Command::Mock(command) => block_on(mock::run(*command)),
        Command::Backup(command) => backup::run_backup(&command),
        Command::Restore(command) => backup::run_restore(&command),
        Command::Bench(command) => block_on(bench::run(command)),
        Command::Aws(command) => block_on(aws::run(&command, color)),
        Command::Completions { shell } => completions(shell),
        Command::Man(command) => man::run(&command),
        Command::Version(command) => version::run(&command),
        Command::Simulate(command) => rampmeter_simulate::run(&command, color),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.tell();
            failure.exit().into()
        }
    }
}

fn completions(shell: clap_complete::Shell) -> Result<(), Failure> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "rampmeter", &mut text);
    Ok(output::data(String::from_utf8_lossy(&text).trim_end())?)
}

fn block_on(command: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => runtime.block_on(Box::pin(command)),
        Err(why) => Err(Failure::new(
            "RM2013",
            Exit::Failed,
            format!("no thread can be started: {why}"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, ValueEnum};

    #[test]
    fn every_shell_has_completions_for_every_command() {
        for shell in clap_complete::Shell::value_variants() {
            let mut text = Vec::new();
            clap_complete::generate(*shell, &mut super::Cli::command(), "rampmeter", &mut text);
            let text = String::from_utf8(text).unwrap();
            for command in super::Cli::command()
                .get_subcommands()
                .filter(|command| !command.is_hide_set())
            {
                assert!(
                    text.contains(command.get_name()),
                    "{shell} {}",
                    command.get_name()
                );
            }
        }
    }

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
