//! The lines of a text in which many places are to be shown: finding the line and column of each is cheap, however long the
//! text and its lines are.

use std::ops::Range;

/// Bytes between two counts of characters.
const STRIDE: usize = 1 << 10;

/// A text, with the places where its lines begin and with counts of its characters.
#[derive(Debug)]
pub(super) struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
    /// Characters before each multiple of `STRIDE` bytes.
    counts: Vec<usize>,
}

/// Some whole lines of a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Shown<'a> {
    pub(super) text: &'a str,
    /// Where they begin in the whole text, in bytes.
    pub(super) offset: usize,
    /// The number of the first of them, from 1.
    pub(super) line: usize,
}

impl<'a> Lines<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        let breaks = text.match_indices('\n').map(|(at, _)| at + 1);
        let mut counts = vec![0];
        for piece in text.as_bytes().chunks(STRIDE) {
            let before = counts.last().copied().unwrap_or_default();
            counts.push(before + characters(piece));
        }
        Self {
            text,
            starts: std::iter::once(0).chain(breaks).collect(),
            counts,
        }
    }

    /// The line and the column of a place, from 1, the column in characters.
    pub(super) fn line_and_column(&self, at: usize) -> (usize, usize) {
        let at = at.min(self.text.len());
        let line = self.starts.partition_point(|start| *start <= at);
        let before = self.characters_before(at) - self.characters_before(self.starts[line - 1]);
        (line, before + 1)
    }

    /// The lines in which places lie.
    pub(super) fn around<'b>(&self, spans: impl Iterator<Item = &'b Range<usize>>) -> Shown<'a> {
        let (mut first, mut last) = (self.text.len(), 0);
        for span in spans {
            first = first.min(span.start);
            last = last.max(span.end);
        }
        let line = self.starts.partition_point(|start| *start <= first);
        let offset = self.starts[line - 1];
        let after = self
            .starts
            .partition_point(|start| *start < last.max(first + 1));
        let end = self.starts.get(after).copied().unwrap_or(self.text.len());
        Shown {
            text: self.text.get(offset..end).unwrap_or(self.text),
            offset,
            line,
        }
    }

    fn characters_before(&self, at: usize) -> usize {
        let counted = at / STRIDE;
        let rest = &self.text.as_bytes()[counted * STRIDE..at];
        self.counts[counted] + characters(rest)
    }
}

/// The characters that begin in these bytes.
fn characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte & 0xc0 != 0x80).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_has_the_line_and_the_column_that_counting_gives() {
        let text = "größe = 1\n\näö = \"é\"\n".repeat(300) + "end";
        let lines = Lines::of(&text);
        for (at, _) in text.char_indices().chain([(text.len(), ' ')]) {
            let before = &text[..at];
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().unwrap().chars().count() + 1;
            assert_eq!(lines.line_and_column(at), (line, column), "{at}");
        }
    }

    #[test]
    fn what_is_shown_are_the_whole_lines_of_all_places() {
        let lines = Lines::of("a = 1\nb = 2\nc = 3\nd = 4");
        let shown = |spans: &[(usize, usize)]| {
            let spans: Vec<_> = spans.iter().map(|(start, end)| *start..*end).collect();
            let shown = lines.around(spans.iter());
            (shown.text, shown.offset, shown.line)
        };
        assert_eq!(shown(&[(6, 7)]), ("b = 2\n", 6, 2));
        assert_eq!(shown(&[(6, 7), (12, 13)]), ("b = 2\nc = 3\n", 6, 2));
        assert_eq!(shown(&[(22, 23)]), ("d = 4", 18, 4));
        assert_eq!(shown(&[(23, 23)]), ("d = 4", 18, 4));
        assert_eq!(shown(&[(0, 23)]), ("a = 1\nb = 2\nc = 3\nd = 4", 0, 1));
    }
}
