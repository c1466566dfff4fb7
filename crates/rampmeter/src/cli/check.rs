//! `check`: what is wrong with a configuration and its workflows, or with a single definition, without running
//! anything. A file whose name ends in `.asl.json` is a definition; any other is a configuration.

use std::path::{Path, PathBuf};

use clap::Args;
use rampmeter_config::Config;
use rampmeter_engine::{AbsentTarget, Reader};
use serde_json::{Value, json};

use super::definition;
use crate::failure::{Exit, Failure};
use crate::output::{self, Color, Format, OutputArguments};

/// Options of `check`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Configurations (rampmeter.toml) and definitions (*.asl.json).
    #[arg(required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    output: OutputArguments,
}

/// What was found in one file.
#[derive(Debug, Default)]
struct Findings {
    /// For people.
    texts: Vec<String>,
    /// For programs.
    problems: Vec<Value>,
    errors: usize,
    /// What the file holds, when it is good.
    summary: String,
}

/// Runs `check`.
pub(crate) fn run(arguments: &Arguments, color: Color) -> Result<(), Failure> {
    let color = color.for_stdout();
    let mut errors = 0;
    let mut problems = Vec::new();
    let format = arguments.output.format();
    for file in &arguments.files {
        let findings = check(file, color)?;
        errors += findings.errors;
        match format {
            Format::Table => print(file, &findings)?,
            Format::Jsonl => {
                for problem in &findings.problems {
                    output::data(&problem.to_string())?;
                }
            }
            Format::Id if findings.errors > 0 => output::data(&file.display().to_string())?,
            Format::Id => {}
            Format::Json => problems.extend(findings.problems),
        }
    }
    if format == Format::Json {
        let answer =
            json!({ "schema": "rampmeter.check/1", "errors": errors, "problems": problems });
        output::json(&answer)?;
    }
    if errors == 0 {
        Ok(())
    } else {
        Err(Failure::Told(Exit::Failed))
    }
}

fn print(file: &Path, findings: &Findings) -> std::io::Result<()> {
    for text in &findings.texts {
        output::data(text)?;
        output::data("")?;
    }
    match findings.errors {
        0 => output::data(&format!("{}: {}", file.display(), findings.summary)),
        1 => output::data(&format!("{}: 1 error", file.display())),
        count => output::data(&format!("{}: {count} errors", file.display())),
    }
}

fn check(file: &Path, color: bool) -> Result<Findings, Failure> {
    if !file.exists() {
        let what = format!("there is no file {}", file.display());
        return Err(Failure::new("RM2016", Exit::Usage, what));
    }
    let is_definition = file
        .to_str()
        .is_some_and(|name| name.ends_with(".asl.json"));
    let mut findings = Findings::default();
    if is_definition {
        let text = std::fs::read_to_string(file).map_err(|why| {
            let what = format!("{} cannot be read: {why}", file.display());
            Failure::new("RM2016", Exit::Usage, what)
        })?;
        findings.definition(&file.display().to_string(), &text, color);
        "a definition that runs here".clone_into(&mut findings.summary);
        return Ok(findings);
    }
    match Config::load(file, &|name| std::env::var(name).ok()) {
        Ok(config) => findings.configuration(&config, color),
        Err(report) => {
            findings.errors = report.problems().len();
            findings.texts.push(report.render(color));
            if let Value::Array(problems) = report.to_json()["problems"].take() {
                findings.problems = problems;
            }
        }
    }
    Ok(findings)
}

impl Findings {
    fn configuration(&mut self, config: &Config, color: bool) {
        for workflow in config.workflows.values() {
            let file = workflow.definition_path.display().to_string();
            self.definition(&file, &workflow.definition, color);
        }
        self.absent_targets(config);
        self.summary = format!(
            "no errors, {}, {}",
            counted(config.targets.len(), "target"),
            counted(config.workflows.len(), "workflow")
        );
    }

    /// Calls in the store of targets that were removed or renamed. A store that is not there, or that cannot be read, is
    /// not what is checked here.
    fn absent_targets(&mut self, config: &Config) {
        let server = &config.server;
        let reader = Reader::open(&server.data_dir, &server.account, &server.region);
        let is_configured = |name: &str| config.targets.contains_key(name);
        let absent = reader.and_then(|reader| reader.absent_targets(is_configured));
        for target in absent.unwrap_or_default() {
            let message = absent_target(&target);
            self.problems.push(json!({
                "code": ABSENT_TARGET,
                "severity": "warning",
                "message": message,
                "target": target.name,
                "messages": target.messages,
            }));
            self.texts.push(message);
        }
    }

    fn definition(&mut self, file: &str, text: &str, color: bool) {
        for problem in definition::problems(file, text) {
            self.errors += usize::from(problem.is_error());
            self.texts.push(problem.render(text, color));
            self.problems.push(problem.to_json(text));
        }
    }
}

const ABSENT_TARGET: &str = "RM2035";

/// A warning about a target that the configuration no longer has.
pub(crate) fn absent_target(target: &AbsentTarget) -> String {
    let AbsentTarget { name, messages } = target;
    let calls = counted(usize::try_from(*messages).unwrap_or(usize::MAX), "call");
    format!(
        "warning[{ABSENT_TARGET}]: {calls} wait for the target {name:?}, which the configuration does not have\n\
         \x20 help: they wait until it is configured again; name it [targets.{name}], if it was renamed"
    )
}

fn counted(count: usize, noun: &str) -> String {
    if count == 1 {
        format!("1 {noun}")
    } else {
        format!("{count} {noun}s")
    }
}
