//! Problems of workflow definitions, in the form of the configuration's: code, place, and AWS's own code.

use annotate_snippets::{AnnotationKind, Level, Origin, Renderer, Snippet};
use rampmeter_asl::{Severity, StateMachine};
use rampmeter_config::Config;
use serde_json::{Value, json};

use super::json_place::locate;

/// The interpreter refuses a definition.
const INVALID: &str = "RM1001";
/// A state uses a part of the language that does not run here.
const UNSERVED: &str = "RM1002";
/// A definition that runs but probably does not do what was meant.
const SUSPECT: &str = "RM1101";

/// One problem of a definition.
#[derive(Debug)]
pub(crate) struct Problem {
    code: &'static str,
    severity: Severity,
    message: String,
    file: String,
    location: String,
    aws_code: Option<&'static str>,
    help: Option<String>,
}

/// The problems of one definition. `text` has its substitutions resolved.
pub(crate) fn problems(file: &str, text: &str) -> Vec<Problem> {
    match StateMachine::parse(text) {
        Ok(machine) => machine
            .unserved()
            .into_iter()
            .map(|unserved| of_unserved(file, unserved))
            .collect(),
        Err(diagnostics) => diagnostics
            .into_iter()
            .map(|diagnostic| of_diagnostic(file, diagnostic))
            .collect(),
    }
}

/// What keeps the workflows of a configuration from running here, as text for people; nothing if they all run.
pub(crate) fn report(config: &Config, color: bool) -> Option<String> {
    let mut rendered = Vec::new();
    for workflow in config.workflows.values() {
        let file = workflow.definition_path.display().to_string();
        for problem in problems(&file, &workflow.definition) {
            if problem.is_error() {
                rendered.push(problem.render(&workflow.definition, color));
            }
        }
    }
    if rendered.is_empty() {
        None
    } else {
        Some(rendered.join("\n\n"))
    }
}

fn of_diagnostic(file: &str, diagnostic: rampmeter_asl::Diagnostic) -> Problem {
    let error = matches!(diagnostic.severity, Severity::Error);
    Problem {
        code: if error { INVALID } else { SUSPECT },
        severity: diagnostic.severity,
        message: diagnostic.message,
        file: file.to_owned(),
        location: diagnostic.location,
        aws_code: Some(diagnostic.code),
        help: None,
    }
}

fn of_unserved(file: &str, unserved: rampmeter_asl::Unserved) -> Problem {
    Problem {
        code: UNSERVED,
        severity: Severity::Error,
        message: format!("this host does not run {}", unserved.what),
        file: file.to_owned(),
        location: unserved.location,
        aws_code: None,
        help: Some(format!(
            "run the state {:?} on AWS, or write it with what is served here",
            unserved.state
        )),
    }
}

impl Problem {
    /// Whether the definition cannot be used because of it.
    pub(crate) fn is_error(&self) -> bool {
        matches!(self.severity, Severity::Error)
    }

    /// As text for people, with the place in `text`.
    pub(crate) fn render(&self, text: &str, color: bool) -> String {
        let renderer = if color {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        let level = if self.is_error() {
            Level::ERROR
        } else {
            Level::WARNING
        };
        let title = match self.aws_code {
            Some(code) => format!("{} (AWS: {code})", self.message),
            None => self.message.clone(),
        };
        let group = level.primary_title(&title).id(self.code);
        let place = locate(text, &self.location).map(|place| first_line(text, place));
        let mut group = match place {
            Some(place) => group.element(
                Snippet::source(text)
                    .path(&self.file)
                    .annotation(AnnotationKind::Primary.span(place).label(&self.location)),
            ),
            None => group.element(Origin::path(&self.file)),
        };
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(help));
        }
        renderer.render(&[group])
    }

    /// For programs. The members are those of a configuration's problem.
    pub(crate) fn to_json(&self, text: &str) -> Value {
        let start = locate(text, &self.location).map(|place| place.start);
        let before = start.and_then(|start| text.get(..start));
        json!({
            "code": self.code,
            "severity": if self.is_error() { "error" } else { "warning" },
            "message": self.message,
            "file": self.file,
            "line": before.map(|before| before.matches('\n').count() + 1),
            "column": before.map(|before| before.rsplit('\n').next().unwrap_or_default().chars().count() + 1),
            "location": self.location,
            "aws_code": self.aws_code,
            "help": self.help,
        })
    }
}

/// A value of many lines is marked on its first only: the rest would hide what matters.
fn first_line(text: &str, place: std::ops::Range<usize>) -> std::ops::Range<usize> {
    let length = text[place.clone()].find('\n').unwrap_or(place.len());
    place.start..place.start + length.max(1)
}
