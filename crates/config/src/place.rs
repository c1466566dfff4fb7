//! Where a value comes from: a stretch of the configuration file, or an environment variable that overrides it.

use std::ops::Range;

/// Where a value stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Bytes of the file.
    Span(Range<usize>),
    /// An environment variable, by name.
    Variable(String),
}

impl From<Range<usize>> for Place {
    fn from(span: Range<usize>) -> Place {
        Place::Span(span)
    }
}

impl From<&Range<usize>> for Place {
    fn from(span: &Range<usize>) -> Place {
        Place::Span(span.clone())
    }
}

impl From<&Place> for Place {
    fn from(place: &Place) -> Place {
        place.clone()
    }
}
