//! A table without borders: columns stay apart, the text can be cut with ordinary tools, and on a terminal it is no wider
//! than that. What stands in a cell is one line, whatever characters it has.

use std::io::{self, IsTerminal};

use comfy_table::{ContentArrangement, presets};

use crate::output::data;
use rampmeter_visible::visible_line;

/// The narrowest width that a table is fitted to, in columns: below, cells would be torn into single letters.
const NARROWEST: u16 = 60;

/// Rows of cells below a header.
#[derive(Debug)]
pub struct Table {
    rows: comfy_table::Table,
}

impl Table {
    /// A table of these columns, without rows yet.
    #[must_use]
    pub fn new<const COLUMNS: usize>(header: [&str; COLUMNS]) -> Self {
        let mut rows = comfy_table::Table::new();
        rows.load_style(presets::NOTHING)
            .set_content_arrangement(ContentArrangement::Disabled);
        rows.set_header(header);
        Self { rows }
    }

    /// Adds a row. Its cells may hold any text.
    pub fn add_row<Cell: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = Cell>) {
        let cells = cells.into_iter();
        self.rows
            .add_row(cells.map(|cell| visible_line(cell.as_ref()).into_owned()));
    }

    /// The lines, without blanks at either end: as wide as the cells are, or in no more than `width` columns, where long
    /// cells go on below.
    pub fn lines(&mut self, width: Option<u16>) -> Vec<String> {
        if let Some(width) = width {
            self.rows
                .set_content_arrangement(ContentArrangement::Dynamic)
                .set_width(width.max(NARROWEST));
        }
        let lines = self.rows.lines();
        lines
            .map(|line| {
                let line = line.trim_end();
                line.strip_prefix(' ').unwrap_or(line).to_owned()
            })
            .collect()
    }

    /// Writes it to standard output.
    ///
    /// # Errors
    /// Those of writing.
    pub fn print(&mut self) -> io::Result<()> {
        for line in self.lines(width()) {
            data(&line)?;
        }
        Ok(())
    }
}

/// How many columns there are to fill: those of the terminal. A file or a program gets every cell in one line, unless
/// `COLUMNS` asks otherwise.
fn width() -> Option<u16> {
    let asked = std::env::var("COLUMNS").ok();
    let asked = asked.and_then(|columns| columns.parse().ok());
    let of_terminal = || {
        let out = io::stdout();
        let size = out
            .is_terminal()
            .then(|| rustix::termios::tcgetwinsize(out));
        size?.ok().map(|size| size.ws_col)
    };
    asked.or_else(of_terminal).filter(|columns| *columns > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calls() -> Table {
        let mut table = Table::new(["CALL", "TARGET", "KEY", "HELD BY"]);
        let held =
            "the limit \"account\" is full: 12 of 12 calls are in flight, the oldest for 3 s";
        table.add_row(["c-1", "netsuite", "SO-1042", held]);
        table.add_row([
            "c-2",
            "salesforce",
            "a-key-of-sixty-letters-that-has-no-blank-where-it-could-be-cut",
            "",
        ]);
        table
    }

    #[test]
    fn tables_are_plain_columns() {
        let mut table = Table::new(["NAME", "STATUS"]);
        table.add_row(["a", "RUNNING"]);
        let lines = table.lines(None);
        assert_eq!(lines.len(), 2);
        assert!(
            lines[0].starts_with("NAME") && lines[0].ends_with("STATUS"),
            "{lines:?}"
        );
        assert_eq!(calls().lines(None).len(), 3);
    }

    #[test]
    fn a_table_fits_every_width_from_60_to_200_columns() {
        for width in 60..=200 {
            for line in calls().lines(Some(width)) {
                assert!(
                    line.chars().count() <= usize::from(width),
                    "{width}: {line}"
                );
            }
        }
    }

    #[test]
    fn a_cell_is_one_line_and_obeys_nobody() {
        let mut table = Table::new(["NAME", "CAUSE"]);
        table.add_row(["a", "x\nb  FORGED\u{1b}[2J"]);
        let lines = table.lines(None);
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(
            lines[1].ends_with(r"x\u000ab  FORGED\u001b[2J"),
            "{lines:?}"
        );
    }
}
