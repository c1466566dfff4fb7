//! `aws`: the deployment on AWS. `synth` writes its template and `check` reports its problems; both say what to expect
//! of it, and send nothing to AWS: AWS's own command line deploys it. `status`, `pause`, `resume` and `limit` operate a
//! running stack.

mod change;
mod files;
mod item;
mod stack;
mod status;

use std::path::PathBuf;
use std::time::Duration;

use rampmeter_simulate::Span;
use rampmeter_template::bill::Prices;
use rampmeter_template::report::{self, Assumed, Report};
use rampmeter_template::{Deployment, Emit, Notation, Template};
use rampmeter_terminal::output::{self, Color, coloured_note, note};
use rampmeter_terminal::{Exit, Failure};

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use super::check;
use crate::problem::{Choices, Planned, Problem};

/// Commands of `aws`.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write the template of the deployment, and say what to expect of it.
    Synth(Synth),
    /// Report the problems of the deployment, and what to expect of it.
    Check(CheckArguments),
    /// Show what each target of a stack does, what waits, what holds it and what was ordered.
    Status(status::StatusArguments),
    /// Start no calls of a target or of one priority, from the next start of its drainers on.
    Pause(change::PauseArguments),
    /// End a pause.
    Resume(change::PauseArguments),
    /// Lower a limit while workers run, or go back to the configuration.
    #[command(subcommand)]
    Limit(change::LimitCommand),
}

/// Options of `aws synth`.
#[derive(Debug, Args)]
pub(crate) struct Synth {
    /// The configuration.
    #[arg(long, value_name = "FILE", default_value = "rampmeter.toml")]
    config: PathBuf,
    /// Folder for the template and the files it names; without it the template goes to standard output.
    #[arg(short, long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Form of the template.
    #[arg(long, value_enum, default_value_t = Emit::Sam)]
    emit: Emit,
    /// Prefix of every name, so that several stacks fit into one account; instead of `stage` in [aws].
    #[arg(long, value_parser = rampmeter_config::stage)]
    stage: Option<String>,
    /// Notation of the template; only YAML has comments.
    #[arg(long, value_enum, default_value_t = Notation::Yaml)]
    notation: Notation,
    /// Print the deploy report on standard error.
    #[arg(long, value_enum, value_name = "FORM", num_args = 0..=1, default_missing_value = "human", require_equals = true)]
    report: Option<Form>,
    #[command(flatten)]
    assumed: AssumedArguments,
}

/// Options of `aws check`.
#[derive(Debug, Args)]
pub(crate) struct CheckArguments {
    /// The configuration.
    #[arg(long, value_name = "FILE", default_value = "rampmeter.toml")]
    config: PathBuf,
    /// Form of the answer; sarif is what code hosts and editors read, and has no report.
    #[arg(long, value_enum, default_value_t = check::Form::Human)]
    format: check::Form,
    /// Prefix of every name, so that several stacks fit into one account; instead of `stage` in [aws].
    #[arg(long, value_parser = rampmeter_config::stage)]
    stage: Option<String>,
    /// Concurrent executions that the account allows (aws lambda get-account-settings), to see whether they suffice.
    #[arg(long, value_name = "N")]
    account_concurrency: Option<u32>,
    #[command(flatten)]
    assumed: AssumedArguments,
}

/// Forms of the deploy report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For a terminal.
    Human,
    /// For a pull request.
    Markdown,
    /// For programs.
    Json,
}

/// What the report assumes.
#[derive(Debug, Args)]
struct AssumedArguments {
    /// Calls in a month, for the cost.
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    calls: u64,
    /// How long a call takes, for the cost and the rates; what is assumed for each target's preset if not given.
    #[arg(long, value_name = "DURATION")]
    latency: Option<Span>,
    /// AWS prices in a TOML file, over the built-in ones.
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,
}

impl AssumedArguments {
    fn read(&self) -> Result<Assumed, Failure> {
        let prices = Prices::read(self.prices.as_deref())
            .map_err(|why| Failure::new("RM2052", Exit::Usage, why))?;
        Ok(Assumed {
            calls: self.calls,
            // A call that took no time would have no rate.
            latency: self
                .latency
                .map(|span| span.0.max(Duration::from_millis(1))),
            prices,
        })
    }
}

/// Runs a command of `aws`.
pub(crate) async fn run(command: &Command, color: Color) -> Result<(), Failure> {
    match command {
        Command::Synth(arguments) => synth(arguments, color),
        Command::Check(arguments) => check(arguments, color),
        Command::Status(arguments) => status::run(arguments).await,
        Command::Pause(arguments) => change::pause(arguments).await,
        Command::Resume(arguments) => change::resume(arguments).await,
        Command::Limit(command) => change::limit(command).await,
    }
}

fn synth(arguments: &Synth, color: Color) -> Result<(), Failure> {
    let assumed = arguments.assumed.read()?;
    let choices = Choices {
        stage: arguments.stage.clone(),
        account_concurrency: None,
    };
    let planned = Planned::read(&arguments.config, arguments.emit, &choices).map_err(|report| {
        Failure::Report {
            text: report.render(color.for_stderr()),
            exit: Exit::Usage,
        }
    })?;
    let problems = planned.problems();
    for problem in &problems {
        coloured_note(&format!(
            "{}\n",
            planned.render(problem, color.for_stderr())
        ));
    }
    if problems.iter().any(Problem::is_error) {
        return Err(Failure::Reported(Exit::Usage));
    }
    let deployment = planned.deployment();
    let template = rampmeter_template::template(&deployment);
    match &arguments.out {
        None => output::data(template.text(arguments.notation).trim_end())?,
        Some(out) => {
            let files = files::of(&deployment, &template, arguments.notation, planned.text());
            for file in &files {
                file.write(out)?;
                note(&format!("wrote {}", out.join(&file.path).display()));
            }
        }
    }
    if let Some(form) = arguments.report {
        let report = Report::of(&deployment, template.resource_count(), assumed);
        note("");
        note(
            match form {
                Form::Human => report::text(&report),
                Form::Markdown => report::markdown(&report).trim_end().to_owned(),
                Form::Json => report.json().to_string(),
            }
            .as_str(),
        );
    }
    if let Some(out) = &arguments.out {
        let folder = out.display().to_string();
        next(&deployment, &template, arguments.notation, &folder);
    }
    Ok(())
}

/// Prints what to do next.
fn next(deployment: &Deployment<'_>, template: &Template, notation: Notation, folder: &str) {
    note("\nNext:");
    for step in report::steps(deployment, template, notation, folder) {
        note(&format!("# {}", step.what));
        for command in step.commands {
            note(&command);
        }
    }
    if let Some(warning) = report::endpoint_warning(&|name| std::env::var(name).ok()) {
        note(&format!("\nwarning: {warning}"));
    }
}

fn check(arguments: &CheckArguments, color: Color) -> Result<(), Failure> {
    let assumed = arguments.assumed.read()?;
    let choices = Choices {
        stage: arguments.stage.clone(),
        account_concurrency: arguments.account_concurrency,
    };
    let mut report = None;
    if let Ok(planned) = Planned::read(&arguments.config, Emit::Sam, &choices) {
        let deployment = planned.deployment();
        // A deployment with errors may have no template, for example when two things have the same name.
        if !planned.problems().iter().any(Problem::is_error) {
            let resources = rampmeter_template::template(&deployment).resource_count();
            report = Some(Report::of(&deployment, resources, assumed));
        }
    }
    let more = report
        .as_ref()
        .map(|report| json!({ "report": report.json() }));
    check::run_on_aws(&arguments.config, arguments.format, more, &choices, color)?;
    if let Some(report) = report.filter(|_| arguments.format == check::Form::Human) {
        output::data("")?;
        output::data(&report::text(&report))?;
        output::data("\nNext: rampmeter aws synth --out build")?;
    }
    Ok(())
}
