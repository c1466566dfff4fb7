//! `check`: what is wrong with a configuration and its workflows, or with a single definition, without running
//! anything. A file whose name ends in `.asl.json` is a definition; any other is a configuration. Errors make it
//! fail; warnings do not.

mod lost_answers;
mod on_aws;
mod rates;
mod sarif;

use std::path::{Path, PathBuf};

use rampmeter_config::{Config, Report, WorkflowType};
use rampmeter_engine::Reader;
use rampmeter_terminal::output::{self, Color, Format, OutputArguments};
use rampmeter_terminal::{Exit, Failure};

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::explain;
use crate::problem::{self, Choices, Problem, advice, queued_call};
pub(super) use on_aws::run as run_on_aws;

/// Options of `check`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Configurations (rampmeter.toml) and definitions (*.asl.json).
    #[arg(default_value = "rampmeter.toml")]
    files: Vec<PathBuf>,
    /// Type of the state machines that the definitions are for.
    #[arg(long = "type", value_enum, default_value_t = Kind::Standard)]
    kind: Kind,
    /// Check them for AWS: what it cannot do, and what the workers there need.
    #[arg(long)]
    aws: bool,
    /// Form of the report; sarif is what code hosts and editors read.
    #[arg(long, value_enum, conflicts_with_all = ["output", "json"])]
    format: Option<Form>,
    /// Do not ask a running server how long calls take.
    #[arg(long)]
    offline: bool,
    #[command(flatten)]
    output: OutputArguments,
}

/// Types of state machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// Durable, with task tokens.
    Standard,
    /// Short, without task tokens.
    Express,
}

/// Forms of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Form {
    /// For people, with the lines of the files.
    Human,
    /// The same as --output json.
    Json,
    /// SARIF 2.1.0.
    Sarif,
}

/// What was found in one file.
#[derive(Debug, Default)]
struct Findings {
    /// For people.
    texts: Vec<String>,
    /// For programs.
    problems: Vec<Value>,
    errors: usize,
    warnings: usize,
    /// What each limit reaches, for programs.
    rates: Vec<Value>,
    /// The same for people.
    rate_lines: Vec<String>,
    /// What happens to a lost POST of each target, for people and for programs.
    lost_answers: Vec<(String, Value)>,
    /// What the file holds, when it has no errors.
    summary: String,
}

/// Runs `check`.
pub(crate) async fn run(arguments: Arguments, color: Color) -> Result<(), Failure> {
    let color = color.for_stdout();
    let format = match arguments.format {
        Some(Form::Human) => Format::Table,
        Some(Form::Json | Form::Sarif) => Format::Json,
        None => arguments.output.format(),
    };
    let mut all = Vec::new();
    for file in &arguments.files {
        all.push((file.as_path(), check(file, &arguments, color).await?));
    }
    let is_sarif = arguments.format == Some(Form::Sarif);
    answer(&all, format, is_sarif, None)
}

/// Prints what was found in all files. The members of `more` are added to a JSON report.
fn answer(
    all: &[(&Path, Findings)],
    format: Format,
    is_sarif: bool,
    more: Option<Value>,
) -> Result<(), Failure> {
    let (mut errors, mut warnings) = (0, 0);
    let (mut problems, mut rates): (Vec<Value>, Vec<Value>) = (Vec::new(), Vec::new());
    let mut lost_answers: Vec<Value> = Vec::new();
    for (file, findings) in all {
        errors += findings.errors;
        warnings += findings.warnings;
        match format {
            Format::Table => print(file, findings)?,
            Format::Jsonl => {
                for problem in &findings.problems {
                    output::data(&problem.to_string())?;
                }
            }
            Format::Id if findings.errors > 0 => output::data(&file.display().to_string())?,
            Format::Id => {}
            Format::Json => {
                problems.extend(findings.problems.iter().cloned());
                rates.extend(findings.rates.iter().cloned());
                let rules = findings.lost_answers.iter();
                lost_answers.extend(rules.map(|(_, rule)| rule.clone()));
            }
        }
    }
    if is_sarif {
        output::json(&sarif::log(&problems, explain::meaning))?;
    } else if format == Format::Json {
        let mut answer = json!({
            "schema": "rampmeter.check/1",
            "errors": errors,
            "warnings": warnings,
            "problems": problems,
            "rates": rates,
            "lost_answers": lost_answers,
        });
        if let (Value::Object(answer), Some(Value::Object(more))) = (&mut answer, more) {
            answer.extend(more);
        }
        output::json(&answer)?;
    }
    if errors == 0 {
        Ok(())
    } else {
        Err(Failure::Reported(Exit::Failed))
    }
}

fn print(file: &Path, findings: &Findings) -> std::io::Result<()> {
    for text in &findings.texts {
        output::coloured(text)?;
        output::data("")?;
    }
    let mut told = match findings.errors {
        0 => findings.summary.clone(),
        count => counted(count, "error"),
    };
    if findings.warnings > 0 {
        told = format!("{told}, {}", counted(findings.warnings, "warning"));
    }
    output::data(&format!("{}: {told}", file.display()))?;
    let rules = findings.lost_answers.iter().map(|(line, _)| line);
    findings
        .rate_lines
        .iter()
        .chain(rules)
        .try_for_each(|line| output::data(line))
}

async fn check(file: &Path, arguments: &Arguments, color: bool) -> Result<Findings, Failure> {
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
        let name = file.display().to_string();
        if arguments.aws {
            findings.definition_on_aws(&name, &text, arguments.kind, color);
        } else {
            findings.definition(&name, &text, arguments.kind, None, color);
            "a definition that runs here".clone_into(&mut findings.summary);
        }
        return Ok(findings);
    }
    if arguments.aws {
        findings.configuration_on_aws(file, &Choices::default(), color);
        return Ok(findings);
    }
    match Config::load(file, &|name| std::env::var(name).ok()) {
        Ok(config) => {
            let measured = if arguments.offline {
                rates::Measured::default()
            } else {
                rates::measured(&config).await
            };
            findings.configuration(&config, color);
            findings.limits(&rates::of(&config, &measured));
        }
        Err(report) => findings.refused(&report, color),
    }
    Ok(findings)
}

impl Findings {
    /// A configuration that cannot be read.
    fn refused(&mut self, report: &Report, color: bool) {
        self.errors = report.problems().len();
        self.texts.push(report.render(color));
        if let Value::Array(problems) = report.to_json()["problems"].take() {
            self.problems = problems;
        }
    }

    fn add(&mut self, problem: &Problem, text: &str, color: bool) {
        self.errors += usize::from(problem.is_error());
        self.warnings += usize::from(!problem.is_error());
        self.texts.push(problem.render(text, color));
        self.problems.push(problem.to_json(text));
    }

    fn configuration(&mut self, config: &Config, color: bool) {
        let warnings = &config.warnings;
        if !warnings.problems().is_empty() {
            self.warnings += warnings.problems().len();
            self.texts.push(warnings.render(color));
            if let Value::Array(problems) = warnings.to_json()["problems"].take() {
                self.problems.extend(problems);
            }
        }
        self.lost_answers = lost_answers::of(config);
        for workflow in config.workflows.values() {
            let file = workflow.definition_path.display().to_string();
            let kind = match workflow.workflow_type {
                WorkflowType::Standard => Kind::Standard,
                WorkflowType::Express => Kind::Express,
            };
            self.definition(&file, &workflow.definition, kind, Some(config), color);
        }
        self.absent_targets(config);
        self.summary = format!(
            "no errors, {}, {}",
            counted(config.targets.len(), "target"),
            counted(config.workflows.len(), "workflow")
        );
    }

    /// Warns of calls in the store for targets that were removed or renamed. A store that is missing or cannot be read
    /// is not reported: it is not what is checked here.
    fn absent_targets(&mut self, config: &Config) {
        let server = &config.server;
        let reader = Reader::open(&server.data_dir, &server.account, &server.region);
        let is_configured = |name: &str| config.targets.contains_key(name);
        let absent = reader.and_then(|reader| reader.absent_targets(is_configured));
        for target in absent.unwrap_or_default() {
            let message = problem::absent_target(&target);
            self.problems.push(json!({
                "code": problem::ABSENT_TARGET,
                "severity": "warning",
                "message": message,
                "target": target.name,
                "messages": target.messages,
            }));
            self.warnings += 1;
            self.texts.push(message);
        }
    }

    /// What each limit reaches, and a warning where that is low.
    fn limits(&mut self, reaches: &[rates::Reach]) {
        let mut told = String::new();
        for reach in reaches {
            let assumption = reach.assumption();
            if assumption != told {
                self.rate_lines.push(assumption.clone());
                told = assumption;
            }
            self.rate_lines.push(reach.line());
            self.rates.push(reach.to_json());
            let Some(warning) = reach.warning() else {
                continue;
            };
            self.problems.push(json!({
                "code": rates::SLOW_WINDOW,
                "severity": "warning",
                "message": warning,
            }));
            self.warnings += 1;
            self.texts.push(warning);
        }
    }

    fn definition(
        &mut self,
        file: &str,
        text: &str,
        kind: Kind,
        config: Option<&Config>,
        color: bool,
    ) {
        let mut problems = problem::problems(file, text, kind == Kind::Express);
        if let Ok(definition) = serde_json::from_str(text) {
            let calls = queued_call::on(&definition, config);
            let advice = advice::on(&definition).into_iter().chain(calls);
            problems.extend(advice.map(|advice| Problem::of_advice(file, text, advice)));
        }
        for problem in &problems {
            self.add(problem, text, color);
        }
    }
}

fn counted(count: usize, noun: &str) -> String {
    if count == 1 {
        format!("1 {noun}")
    } else {
        format!("{count} {noun}s")
    }
}
