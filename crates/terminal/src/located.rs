//! Messages about a place in a file.

use std::ops::Range;

/// A message preceded by the place it is about, counted from 1 in characters.
#[must_use]
pub fn located(name: &str, text: &str, span: Range<usize>, what: &str) -> String {
    let before = text.get(..span.start).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before
        .rsplit('\n')
        .next()
        .unwrap_or_default()
        .chars()
        .count()
        + 1;
    format!("{name}:{line}:{column}: {}", what.trim_end())
}
