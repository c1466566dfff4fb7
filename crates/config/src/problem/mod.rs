//! One thing that is wrong: what, where, why, and what to do about it. How it looks on a terminal is `report`.

mod code;
mod lines;
mod location;
mod report;

use std::ops::Range;

pub use code::Code;
pub use location::SourceLocation;
pub use report::Report;

/// What a problem means for the configuration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Severity {
    /// It cannot be used.
    #[default]
    Error,
    /// It can be used, but probably not as intended.
    Warning,
}

/// One thing that is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Stable code.
    pub code: Code,
    /// What it means for the configuration.
    pub severity: Severity,
    /// What is wrong, in one line.
    pub message: String,
    /// File the problem is in, as it was named.
    pub file: String,
    /// Bytes of that file, if the problem is at one place.
    pub span: Option<Range<usize>>,
    /// What to say about that place.
    pub label: Option<String>,
    /// Other places that explain this one.
    pub related: Vec<Label>,
    /// Why it is wrong.
    pub note: Option<String>,
    /// What to do.
    pub help: Option<String>,
}

/// A second place in the same file, with what to say about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Bytes of the file.
    pub span: Range<usize>,
    /// What to say about it.
    pub text: String,
}

impl Problem {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Problem {
        Problem {
            code,
            severity: Severity::Error,
            message: message.into(),
            file: String::new(),
            span: None,
            label: None,
            related: Vec::new(),
            note: None,
            help: None,
        }
    }

    /// One that leaves the configuration usable.
    pub(crate) fn warning(code: Code, message: impl Into<String>) -> Problem {
        Problem {
            severity: Severity::Warning,
            ..Problem::new(code, message)
        }
    }

    pub(crate) fn at(mut self, location: impl Into<SourceLocation>) -> Problem {
        match location.into() {
            SourceLocation::Span(span) => self.span = Some(span),
            SourceLocation::Variable(name) => {
                self.note = Some(format!(
                    "the value comes from the environment variable {name}"
                ));
            }
        }
        self
    }

    pub(crate) fn label(mut self, text: impl Into<String>) -> Problem {
        self.label = Some(text.into());
        self
    }

    pub(crate) fn related(mut self, span: &Range<usize>, text: impl Into<String>) -> Problem {
        self.related.push(Label {
            span: span.clone(),
            text: text.into(),
        });
        self
    }

    pub(crate) fn note(mut self, text: impl Into<String>) -> Problem {
        self.note = Some(text.into());
        self
    }

    pub(crate) fn help(mut self, text: impl Into<String>) -> Problem {
        self.help = Some(text.into());
        self
    }

    pub(crate) fn file(mut self, name: impl Into<String>) -> Problem {
        self.file = name.into();
        self
    }
}

/// A name from the file, short enough for a message.
pub(crate) fn clipped(name: &str) -> String {
    if name.chars().count() <= 60 {
        return name.to_owned();
    }
    name.chars().take(60).chain("...".chars()).collect()
}
