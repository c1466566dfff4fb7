//! A configuration read for AWS, and its problems with their places.

use std::path::{Path, PathBuf};

use rampmeter_config::aws::{self, Plan};
use rampmeter_config::{Report, WorkflowType};
use rampmeter_template::check::{self, Finding, Subject};
use rampmeter_template::{Deployment, Emit};

use super::{Problem, advice, problems_on_aws, queued_call};

/// Advice that has an error code of its own on AWS: a queued call without a timeout, data that is too large.
const ERRORS_ON_AWS: [(&str, &str); 2] = [("RM1102", "RM3011"), ("RM1105", "RM3013")];

/// What the command line says of a deployment in place of the file.
#[derive(Debug, Clone, Default)]
pub(crate) struct Choices {
    /// The stage, instead of the file's.
    pub(crate) stage: Option<String>,
    /// Concurrent executions that the account allows.
    pub(crate) account_concurrency: Option<u32>,
}

/// A configuration for AWS.
#[derive(Debug)]
pub(crate) struct Planned {
    file: PathBuf,
    plan: Plan,
    emit: Emit,
    account_concurrency: Option<u32>,
}

impl Planned {
    /// Reads a configuration, which must exist.
    ///
    /// # Errors
    /// A report with places when it is not a configuration for AWS.
    pub(crate) fn read(file: &Path, emit: Emit, choices: &Choices) -> Result<Planned, Report> {
        let environment = |name: &str| std::env::var(name).ok();
        let read_file = |path: &Path| std::fs::read_to_string(path);
        let mut plan = aws::load(file, &environment, &read_file)?;
        if choices.stage.is_some() {
            plan.config.aws.stage.clone_from(&choices.stage);
        }
        Ok(Planned {
            file: file.to_owned(),
            plan,
            emit,
            account_concurrency: choices.account_concurrency,
        })
    }

    /// The file's text as it is, to be deployed.
    pub(crate) fn text(&self) -> &str {
        &self.plan.original
    }

    /// What is deployed.
    pub(crate) fn deployment(&self) -> Deployment<'_> {
        Deployment {
            plan: &self.plan,
            emit: self.emit,
            is_json: is_json(&self.file),
        }
    }

    /// All problems: AWS's own diagnostics of the definitions, advice, and the findings about the deployment.
    pub(crate) fn problems(&self) -> Vec<Problem> {
        let mut findings = check::findings(&self.deployment());
        let concurrency = self.account_concurrency.into_iter();
        findings
            .extend(concurrency.filter_map(|concurrency| {
                check::account_findings(&self.deployment(), concurrency)
            }));
        let mut problems = Vec::new();
        for workflow in self.plan.config.workflows.values() {
            let file = workflow.definition_path.display().to_string();
            let express = workflow.workflow_type == WorkflowType::Express;
            problems.extend(problems_on_aws(&file, &workflow.definition, express));
            let Ok(value) = serde_json::from_str(&workflow.definition) else {
                continue;
            };
            let config = &self.plan.config;
            // The findings already say what is wrong with a key.
            let calls = queued_call::on(&value, Some(config)).into_iter();
            let calls = calls.filter(|advice| advice.code != queued_call::COLLIDING_KEY);
            for advice in advice::on(&value).into_iter().chain(calls) {
                let is_told = findings.iter().any(|finding| {
                    ERRORS_ON_AWS.contains(&(advice.code, finding.code))
                        && matches!(&finding.place, Subject::Definition { workflow: of, pointer }
                            if *of == workflow.name && *pointer == advice.location)
                });
                if !is_told {
                    problems.push(Problem::of_advice(&file, &workflow.definition, advice));
                }
            }
        }
        problems.extend(findings.iter().map(|finding| self.shown(finding)));
        problems
    }

    fn shown(&self, finding: &Finding) -> Problem {
        match &finding.place {
            Subject::Configuration(keys) => {
                let file = self.file.display().to_string();
                let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
                let place = self.plan.source.place(&keys);
                Problem::of_finding(
                    &file,
                    finding,
                    self.plan.source.text(),
                    place,
                    &keys.join("."),
                )
            }
            Subject::Definition { workflow, .. } => {
                let workflow = &self.plan.config.workflows[workflow];
                let file = workflow.definition_path.display().to_string();
                Problem::in_definition(&file, finding, &workflow.definition)
            }
        }
    }

    /// A problem as text for people.
    pub(crate) fn render(&self, problem: &Problem, color: bool) -> String {
        problem.render(self.text_of(problem), color)
    }

    /// The text to which a problem's place refers.
    pub(crate) fn text_of(&self, problem: &Problem) -> &str {
        if problem.file() == self.file.display().to_string() {
            return self.plan.source.text();
        }
        let workflows = self.plan.config.workflows.values();
        let mut of_file = workflows
            .filter(|workflow| workflow.definition_path.display().to_string() == problem.file());
        of_file.next().map_or("", |workflow| &workflow.definition)
    }

    /// Targets and workflows, for a summary.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let config = &self.plan.config;
        (config.targets.len(), config.workflows.len())
    }
}

/// Whether a configuration is JSON.
fn is_json(file: &Path) -> bool {
    file.extension()
        .is_some_and(|end| end.eq_ignore_ascii_case("json"))
}
