//! Where a value comes from: a stretch of the configuration file, or an environment variable that overrides it.

use std::ops::Range;

/// Where a value is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceLocation {
    /// Bytes of the file.
    Span(Range<usize>),
    /// An environment variable, by name.
    Variable(String),
}

impl From<Range<usize>> for SourceLocation {
    fn from(span: Range<usize>) -> SourceLocation {
        SourceLocation::Span(span)
    }
}

impl From<&Range<usize>> for SourceLocation {
    fn from(span: &Range<usize>) -> SourceLocation {
        SourceLocation::Span(span.clone())
    }
}

impl From<&SourceLocation> for SourceLocation {
    fn from(location: &SourceLocation) -> SourceLocation {
        location.clone()
    }
}
