//! Problems of workflow definitions, in the same form as the configuration's: code, place, and AWS's own code.

mod absent_target;
pub(crate) mod advice;
mod configuration_change;
mod planned;
pub(crate) mod queued_call;

use std::ops::Range;

use rampmeter_asl::{Severity, StateMachine};
use rampmeter_config::Config;
use rampmeter_template::check::{Finding, Subject};
use rampmeter_terminal::json_place::locate;
use rampmeter_terminal::visible_line;

use annotate_snippets::{AnnotationKind, Level, Origin, Renderer, Snippet};
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use advice::Advice;

pub(crate) use absent_target::{ABSENT_TARGET, absent_target};
pub(crate) use configuration_change::configuration_change;
pub(crate) use planned::{Choices, Planned};

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
    /// The bytes of the text to show, if the problem is at one place.
    place: Option<Range<usize>>,
    aws_code: Option<&'static str>,
    help: Option<String>,
}

/// The problems of one definition, warnings among them. `text` has its substitutions resolved; `express` says that
/// the state machine is to be of that type.
pub(crate) fn problems(file: &str, text: &str, express: bool) -> Vec<Problem> {
    if let Err(error) = serde_json::from_str::<IgnoredAny>(text) {
        return vec![of_syntax(file, text, &error)];
    }
    let machine = match StateMachine::parse(text) {
        Ok(machine) => machine,
        Err(diagnostics) => {
            let diagnostics = diagnostics.into_iter();
            return diagnostics
                .map(|diagnostic| of_diagnostic(file, text, diagnostic))
                .collect();
        }
    };
    let mut diagnostics = machine.warnings();
    if express {
        diagnostics.extend(machine.express_faults());
    }
    let unserved = machine.unserved().into_iter();
    unserved
        .map(|unserved| of_unserved(file, text, unserved))
        .chain(
            diagnostics
                .into_iter()
                .map(|diagnostic| of_diagnostic(file, text, diagnostic)),
        )
        .collect()
}

/// The same for AWS, where every state runs, and where substitutions get their values when the stack is made.
pub(crate) fn problems_on_aws(file: &str, text: &str, express: bool) -> Vec<Problem> {
    let all = problems(file, &substituted(text), express);
    all.into_iter()
        .filter(|problem| problem.code != UNSERVED)
        .collect()
}

/// The text with a filler of the same length for every `${Name}`, so that places stay correct.
fn substituted(text: &str) -> String {
    let mut substituted = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        substituted.push_str(before);
        let name = after
            .find(|c: char| !c.is_ascii_alphanumeric())
            .unwrap_or(after.len());
        if name > 0 && after[name..].starts_with('}') {
            substituted.push_str("__");
            substituted.push_str(&after[..name]);
            substituted.push('_');
            rest = &after[name + 1..];
        } else {
            substituted.push_str("${");
            rest = after;
        }
    }
    substituted.push_str(rest);
    substituted
}

/// What keeps the workflows of a configuration from running here, as text for people; `None` if they all run.
pub(crate) fn report(config: &Config, color: bool) -> Option<String> {
    let mut rendered = Vec::new();
    for workflow in config.workflows.values() {
        let file = workflow.definition_path.display().to_string();
        for problem in problems(&file, &workflow.definition, false) {
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

fn of_syntax(file: &str, text: &str, error: &serde_json::Error) -> Problem {
    // The parser ends its message with the place, which is shown separately here.
    let message = error.to_string();
    let message = message.split(" at line ").next().unwrap_or_default();
    Problem {
        code: INVALID,
        severity: Severity::Error,
        message: format!("the definition is not JSON: {message}"),
        file: file.to_owned(),
        location: String::new(),
        place: letter_at(text, error.line(), error.column()),
        aws_code: Some("INVALID_JSON_DESCRIPTION"),
        help: None,
    }
}

fn of_diagnostic(file: &str, text: &str, diagnostic: rampmeter_asl::Diagnostic) -> Problem {
    let error = matches!(diagnostic.severity, Severity::Error);
    // Substitutions are made by the configuration that names the definition.
    let substitution = diagnostic.message.starts_with("The substitution");
    let configuration = || substitution.then(|| "rampmeter check rampmeter.toml".to_owned());
    let help = diagnostic.hint.or_else(configuration);
    Problem {
        code: if error { INVALID } else { SUSPECT },
        severity: diagnostic.severity,
        message: diagnostic.message,
        file: file.to_owned(),
        place: locate(text, &diagnostic.location).map(|place| first_line(text, place)),
        location: diagnostic.location,
        aws_code: Some(diagnostic.code),
        help,
    }
}

fn of_unserved(file: &str, text: &str, unserved: rampmeter_asl::Unserved) -> Problem {
    Problem {
        code: UNSERVED,
        severity: Severity::Error,
        message: format!("this host does not run {}", unserved.what),
        file: file.to_owned(),
        place: locate(text, &unserved.location).map(|place| first_line(text, place)),
        location: unserved.location,
        aws_code: None,
        help: Some(format!(
            "run the state {:?} on AWS, or write it with what is served here",
            unserved.state
        )),
    }
}

impl Problem {
    /// Advice of our own on a definition.
    pub(crate) fn of_advice(file: &str, text: &str, advice: Advice) -> Self {
        Self {
            code: advice.code,
            severity: if advice.is_error {
                Severity::Error
            } else {
                Severity::Warning
            },
            message: advice.message,
            file: file.to_owned(),
            place: locate(text, &advice.location).map(|place| first_line(text, place)),
            location: advice.location,
            aws_code: None,
            help: Some(advice.help),
        }
    }

    /// A problem of a deployment, at a place in the configuration. A table is marked on its first line.
    pub(crate) fn of_finding(
        file: &str,
        finding: &Finding,
        text: &str,
        place: Range<usize>,
        location: &str,
    ) -> Self {
        let place = (!text.is_empty()).then(|| first_line(text, place));
        Self {
            code: finding.code,
            severity: if finding.is_error {
                Severity::Error
            } else {
                Severity::Warning
            },
            message: finding.message.clone(),
            file: file.to_owned(),
            location: location.to_owned(),
            place,
            aws_code: None,
            help: Some(finding.help.clone()),
        }
    }

    /// A problem of a deployment, at a place in a definition.
    pub(crate) fn in_definition(file: &str, finding: &Finding, text: &str) -> Self {
        let Subject::Definition { pointer, .. } = &finding.place else {
            return Self::of_finding(file, finding, "", 0..0, "");
        };
        let place = locate(text, pointer).unwrap_or_default();
        Self::of_finding(file, finding, text, place, pointer)
    }

    /// The file it is in.
    pub(crate) fn file(&self) -> &str {
        &self.file
    }

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
        let title = visible_line(&title);
        let location = visible_line(&self.location);
        let group = level.primary_title(title).id(self.code);
        let mut group = match &self.place {
            Some(place) => {
                let mut mark = AnnotationKind::Primary.span(place.clone());
                if !location.is_empty() {
                    mark = mark.label(location);
                }
                group.element(Snippet::source(text).path(&self.file).annotation(mark))
            }
            None => group.element(Origin::path(&self.file)),
        };
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(visible_line(help)));
        }
        let see = format!("rampmeter explain {}", self.code);
        group = group.element(Level::HELP.with_name("see").message(&see));
        renderer.render(&[group])
    }

    /// For programs. The members are those of a configuration's problem.
    pub(crate) fn to_json(&self, text: &str) -> Value {
        let start = self.place.as_ref().map(|place| place.start);
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

/// The character at a line and a column in bytes, both from 1; the last character when the text ends before.
fn letter_at(text: &str, line: usize, column: usize) -> Option<Range<usize>> {
    let line_start: usize = text
        .split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum();
    let wanted = line_start + column.saturating_sub(1);
    let mut letters = text
        .char_indices()
        .filter(|(_, letter)| !letter.is_whitespace());
    let at_or_before = |(at, _): &(usize, char)| *at <= wanted;
    let (at, letter) = letters.by_ref().take_while(at_or_before).last()?;
    Some(at..at + letter.len_utf8())
}

/// A value of many lines is marked only on its first line: the rest would hide what matters.
fn first_line(text: &str, place: Range<usize>) -> Range<usize> {
    let length = text[place.clone()].find('\n').unwrap_or(place.len());
    place.start..place.start + length.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_is_not_json_is_shown_at_the_letter_that_breaks_it() {
        let text = "{\n  \"StartAt\": }\n";
        let found = problems("a.asl.json", text, false);
        assert_eq!(found.len(), 1);
        assert_eq!(
            found[0].render(text, false),
            "error[RM1001]: the definition is not JSON: expected value (AWS: INVALID_JSON_DESCRIPTION)\n \
             --> a.asl.json:2:14\n  |\n2 |   \"StartAt\": }\n  |              ^\n  |\n  = see: rampmeter explain RM1001"
        );
    }

    #[test]
    fn substitutions_are_no_problem_on_aws_and_places_stay_true() {
        let text = r#"{"StartAt":"A","States":{"A":{"Type":"Choice","Comment":"${NetsuiteHigh} ${ $${}",
            "Choices":[{"Variable":"$.c","IsPresent":true,"Next":"C"}],"Default":"B"},"C":{"Type":"Succeed"}}}"#;
        assert_eq!(
            substituted(text),
            text.replace("${NetsuiteHigh}", "__NetsuiteHigh_")
        );
        let found = problems_on_aws("a.asl.json", text, false);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(
            found[0].place.clone().map(|place| &text[place]),
            Some("\"B\"")
        );
    }

    #[test]
    fn text_that_ends_too_early_or_is_empty_has_a_problem_all_the_same() {
        for text in ["", "\n\n", "{", "{\"a\": \"\u{e4}", "[1,", "\u{feff}{}"] {
            let found = problems("a.asl.json", text, false);
            assert!(found.iter().any(Problem::is_error), "{text:?}");
            for problem in found {
                assert!(
                    problem.render(text, false).contains("a.asl.json"),
                    "{text:?}"
                );
                assert_eq!(problem.to_json(text)["severity"], "error");
            }
        }
    }
}
