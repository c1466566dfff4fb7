//! `aws`: the deployment on AWS. `synth` writes its template, `check` says what stands against it.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use rampmeter_config::aws::{Plan, plan};

use crate::aws::{self, Deployment, Emit, Notation};
use crate::failure::{Exit, Failure};
use crate::output::{self, Color};

mod files;

/// Commands of `aws`.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write the template of the deployment.
    Synth(Synth),
}

/// Options of `aws synth`.
#[derive(Debug, Args)]
pub(crate) struct Synth {
    /// The configuration.
    #[arg(long, default_value = "rampmeter.toml")]
    config: PathBuf,
    /// Folder for the template and the files it names; without it the template goes to standard output.
    #[arg(short, long)]
    out: Option<PathBuf>,
    /// Form of the template.
    #[arg(long, value_enum, default_value_t = Emit::Sam)]
    emit: Emit,
    /// Notation of the template.
    #[arg(long, value_enum, default_value_t = Notation::Yaml)]
    notation: Notation,
}

/// Runs a command of `aws`.
pub(crate) fn run(command: &Command, color: Color) -> Result<(), Failure> {
    match command {
        Command::Synth(arguments) => synth(arguments, color),
    }
}

fn synth(arguments: &Synth, color: Color) -> Result<(), Failure> {
    let text = read(&arguments.config)?;
    let plan = planned(&arguments.config, &text, color)?;
    let deployment = Deployment {
        plan: &plan,
        emit: arguments.emit,
        is_json: is_json(&arguments.config),
    };
    let template = aws::template(&deployment);
    let Some(out) = &arguments.out else {
        output::data(template.text(arguments.notation).trim_end())?;
        return Ok(());
    };
    for file in files::of(&deployment, &template, arguments.notation, &text) {
        file.write(out)?;
    }
    Ok(())
}

fn is_json(file: &Path) -> bool {
    file.extension()
        .is_some_and(|end| end.eq_ignore_ascii_case("json"))
}

fn read(file: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(file).map_err(|why| {
        let what = format!("{} cannot be read: {why}", file.display());
        Failure::new("RM2016", Exit::Usage, what).with_help("rampmeter init")
    })
}

fn planned(file: &Path, text: &str, color: Color) -> Result<Plan, Failure> {
    let environment = |name: &str| std::env::var(name).ok();
    let read_file = |path: &Path| std::fs::read_to_string(path);
    plan(text, file, &environment, &read_file).map_err(|report| Failure::Report {
        text: report.render(color.for_stderr()),
        exit: Exit::Usage,
    })
}
