//! All problems of a configuration, and how they are shown: on a terminal in the form of a compiler's errors, or
//! as JSON. The sources it holds have their secrets blanked, so no rendering can show one.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use serde_json::{Value, json};

use super::lines::Lines;
use super::{Problem, Severity};

/// All that is wrong with a configuration, or all warnings about it. `Default` is nothing. `Display` is [`Report::render`]
/// without colour.
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
        let lines = self.lines();
        let shown = self.problems.iter().take(MAX_SHOWN_PROBLEMS);
        let mut parts: Vec<String> = shown
            .map(|problem| renderer.render(&[self.group(problem, &lines)]))
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
        let lines = self.lines();
        let problems: Vec<Value> = self
            .problems
            .iter()
            .map(|problem| json(problem, lines.get(problem.file.as_str())))
            .collect();
        json!({ "schema": "rampmeter.problems.v1", "problems": problems })
    }

    /// The lines of each file.
    fn lines(&self) -> BTreeMap<&str, Lines<'_>> {
        let sources = self.sources.iter();
        sources
            .map(|(file, text)| (file.as_str(), Lines::of(text)))
            .collect()
    }

    fn group<'a>(&'a self, problem: &'a Problem, lines: &BTreeMap<&str, Lines<'a>>) -> Group<'a> {
        let level = match problem.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let title = level
            .primary_title(&problem.message)
            .id(problem.code.as_str());
        let mut group = Group::with_title(title);
        group = match (&problem.span, lines.get(problem.file.as_str())) {
            (Some(span), Some(lines)) => {
                // The renderer scans everything that it is given, so it is given only the lines that it
                // shows.
                let spans = problem
                    .related
                    .iter()
                    .map(|other| &other.span)
                    .chain([span]);
                let shown = lines.around(spans);
                let moved = |span: &Range<usize>| {
                    span.start.saturating_sub(shown.offset)..span.end.saturating_sub(shown.offset)
                };
                let mut main = AnnotationKind::Primary.span(moved(span));
                if let Some(label) = &problem.label {
                    main = main.label(without_escapes(label));
                }
                let others = problem.related.iter().map(|other| {
                    AnnotationKind::Context
                        .span(moved(&other.span))
                        .label(without_escapes(&other.text))
                });
                let snippet = Snippet::source(shown.text)
                    .line_start(shown.line)
                    .path(&problem.file);
                group.element(snippet.annotation(main).annotations(others))
            }
            _ if problem.file.is_empty() => group,
            _ => group.element(Origin::path(&problem.file)),
        };
        if let Some(note) = &problem.note {
            group = group.element(Level::NOTE.message(without_escapes(note)));
        }
        if let Some(help) = &problem.help {
            group = group.element(Level::HELP.message(without_escapes(help)));
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

/// A message that may quote the file. The renderer lets a message contain its own colours, which a file must
/// not do.
fn without_escapes(message: &str) -> String {
    message.replace('\u{1b}', "\\u001b")
}

fn json(problem: &Problem, lines: Option<&Lines<'_>>) -> Value {
    let span = problem.span.as_ref();
    let position = span.and_then(|span| Some(lines?.line_and_column(span.start)));
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
