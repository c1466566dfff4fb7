//! All problems of a configuration, and how they are shown: on a terminal in the form of a compiler's errors, or
//! as JSON. The sources it holds have their secrets blanked, so no rendering can show one.

use std::collections::BTreeMap;
use std::fmt;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use serde_json::{Value, json};

use super::{Problem, Severity};

/// All that is wrong with a configuration, or all that it is warned of. `Default` is nothing. `Display` is [`Report::render`] without colour.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Report {
    problems: Vec<Problem>,
    /// Text of each file by name, secrets blanked.
    sources: BTreeMap<String, String>,
}

/// Problems shown by a rendering; a file with more is broken as a whole.
const MAX_SHOWN_PROBLEMS: usize = 50;

impl Report {
    pub(crate) fn new(problems: Vec<Problem>, sources: BTreeMap<String, String>) -> Report {
        Report { problems, sources }
    }

    /// The problems, in the order of the file.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The problems as text for people.
    #[must_use]
    pub fn render(&self, color: bool) -> String {
        let renderer = if color {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        let shown = self.problems.iter().take(MAX_SHOWN_PROBLEMS);
        let mut parts: Vec<String> = shown
            .map(|problem| renderer.render(&[self.group(problem)]))
            .collect();
        if self.problems.len() > MAX_SHOWN_PROBLEMS {
            parts.push(format!(
                "... and {} more problems",
                self.problems.len() - MAX_SHOWN_PROBLEMS
            ));
        }
        parts.join("\n\n")
    }

    /// The problems for programs: code, message, file, line and column (from 1, in characters), note and help.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let problems: Vec<Value> = self
            .problems
            .iter()
            .map(|problem| self.json(problem))
            .collect();
        json!({ "schema": "rampmeter.problems.v1", "problems": problems })
    }

    fn json(&self, problem: &Problem) -> Value {
        let position = problem.span.as_ref().and_then(|span| {
            self.sources
                .get(&problem.file)
                .map(|text| line_and_column(text, span.start))
        });
        json!({
            "code": problem.code.as_str(),
            "severity": match problem.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
            },
            "message": problem.message,
            "file": problem.file,
            "line": position.map(|(line, _)| line),
            "column": position.map(|(_, column)| column),
            "label": problem.label,
            "note": problem.note,
            "help": problem.help,
        })
    }

    fn group<'a>(&'a self, problem: &'a Problem) -> Group<'a> {
        let level = match problem.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let title = level
            .primary_title(&problem.message)
            .id(problem.code.as_str());
        let mut group = Group::with_title(title);
        group = match (&problem.span, self.sources.get(&problem.file)) {
            (Some(span), Some(text)) => {
                let mut main = AnnotationKind::Primary.span(span.clone());
                if let Some(label) = &problem.label {
                    main = main.label(label);
                }
                let others = problem.related.iter().map(|other| {
                    AnnotationKind::Context
                        .span(other.span.clone())
                        .label(&other.text)
                });
                let snippet = Snippet::source(text).path(&problem.file);
                group.element(snippet.annotation(main).annotations(others))
            }
            _ if problem.file.is_empty() => group,
            _ => group.element(Origin::path(&problem.file)),
        };
        if let Some(note) = &problem.note {
            group = group.element(Level::NOTE.message(note));
        }
        if let Some(help) = &problem.help {
            group = group.element(Level::HELP.message(help));
        }
        group.element(
            Level::HELP
                .with_name("see")
                .message(format!("rampmeter explain {}", problem.code)),
        )
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.problems).finish()
    }
}

impl std::error::Error for Report {}

fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before
        .rsplit('\n')
        .next()
        .unwrap_or_default()
        .chars()
        .count()
        + 1;
    (line, column)
}
