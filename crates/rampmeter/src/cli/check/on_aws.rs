//! `check --aws` and `aws check`: the same files, checked for AWS.

use std::path::Path;

use rampmeter_template::Emit;
use rampmeter_template::check::of_definition;
use rampmeter_terminal::output::{Color, Format};
use rampmeter_terminal::{Exit, Failure};
use serde_json::Value;

use super::{Findings, Form, Kind, Problem, answer, counted};
use crate::problem::{self, Choices, Planned};

/// Checks one configuration for AWS. The members of `more` are added to a JSON report.
pub(in crate::cli) fn run(
    file: &Path,
    form: Form,
    more: Option<Value>,
    choices: &Choices,
    color: Color,
) -> Result<(), Failure> {
    if !file.exists() {
        let what = format!("there is no file {}", file.display());
        return Err(Failure::new("RM2016", Exit::Usage, what).with_help("rampmeter init"));
    }
    let format = match form {
        Form::Human => Format::Table,
        Form::Json | Form::Sarif => Format::Json,
    };
    let mut findings = Findings::default();
    findings.configuration_on_aws(file, choices, color.for_stdout());
    answer(&[(file, findings)], format, form == Form::Sarif, more)
}

impl Findings {
    /// A configuration and its workflows.
    pub(super) fn configuration_on_aws(&mut self, file: &Path, choices: &Choices, color: bool) {
        let planned = match Planned::read(file, Emit::Sam, choices) {
            Ok(planned) => planned,
            Err(report) => return self.refused(&report, color),
        };
        for problem in planned.problems() {
            self.add(&problem, planned.text_of(&problem), color);
        }
        let (targets, workflows) = planned.counts();
        self.summary = format!(
            "nothing stands against AWS, {}, {}",
            counted(targets, "target"),
            counted(workflows, "workflow")
        );
    }

    /// A definition whose configuration is not known: its substitutions stay as they are.
    pub(super) fn definition_on_aws(&mut self, file: &str, text: &str, kind: Kind, color: bool) {
        for problem in problem::problems_on_aws(file, text, kind == Kind::Express) {
            self.add(&problem, text, color);
        }
        for finding in of_definition("", text) {
            let problem = Problem::in_definition(file, &finding, text);
            self.add(&problem, text, color);
        }
        "a definition that runs on AWS".clone_into(&mut self.summary);
    }
}
