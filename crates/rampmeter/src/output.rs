//! What commands print: data on standard output in the form the user chose, everything else on standard error.

use std::io::{self, IsTerminal, Write};

use clap::{Args, ValueEnum};
use comfy_table::{ContentArrangement, Table, presets};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

/// Forms of the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Table,
    /// One JSON object with a `schema` field.
    Json,
    /// One JSON object a line, one line an item.
    Jsonl,
    /// Only the names to go on with, one a line.
    Id,
}

/// The options with which a user chooses the form.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct OutputArguments {
    /// Form of the data on standard output.
    #[arg(short = 'o', long = "output", value_enum, default_value_t = Format::Table)]
    output: Format,
    /// The same as --output json.
    #[arg(long, conflicts_with = "output")]
    json: bool,
}

impl OutputArguments {
    /// The form the user chose.
    pub(crate) fn format(self) -> Format {
        if self.json { Format::Json } else { self.output }
    }
}

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// When it goes to a terminal and NO_COLOR is not set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Color {
    /// Whether to colour standard error.
    pub(crate) fn for_stderr(self) -> bool {
        self.applies(io::stderr().is_terminal())
    }

    /// Whether to colour standard output.
    pub(crate) fn for_stdout(self) -> bool {
        self.applies(io::stdout().is_terminal())
    }

    fn applies(self, terminal: bool) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            // https://no-color.org: any value but the empty one.
            Self::Auto => {
                terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
            }
        }
    }
}

/// Writes one line of data.
pub(crate) fn data(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

/// Writes one JSON object: laid out for people on a terminal, on one line otherwise.
pub(crate) fn json<T: Serialize>(value: &T) -> io::Result<()> {
    let text = if io::stdout().is_terminal() {
        serde_json::to_string_pretty(value)
    } else {
        serde_json::to_string(value)
    };
    data(&text.map_err(io::Error::other)?)
}

/// Writes one line that is not data. A closed standard error is no reason to stop.
pub(crate) fn note(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// A table without borders: columns stay apart, and the text can be cut with ordinary tools.
pub(crate) fn table<const COLUMNS: usize>(header: [&str; COLUMNS]) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(header);
    table
}

/// Writes a table without the blanks that fill its last column.
pub(crate) fn print_table(table: &Table) -> io::Result<()> {
    for line in table.lines() {
        data(line.trim_end().trim_start_matches(' '))?;
    }
    Ok(())
}

/// A time in RFC 3339, UTC, with milliseconds; for a number out of range the number itself.
pub(crate) fn rfc3339(milliseconds: i64) -> String {
    match Timestamp::from_millisecond(milliseconds) {
        Ok(time) => format!("{time:.3}"),
        Err(_) => milliseconds.to_string(),
    }
}

/// Text of JSON as a value; text that is not JSON stays text.
pub(crate) fn json_or_text(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::from(text))
}

/// A span of time as people read it: the two largest units.
pub(crate) fn span(milliseconds: i64) -> String {
    let total = milliseconds.max(0);
    let seconds = total / 1000;
    match seconds {
        0 => format!("{total} ms"),
        1..60 => format!("{}.{} s", seconds, total % 1000 / 100),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rfc_3339_in_utc_with_milliseconds() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(rfc3339(1_795_397_061_120), "2026-11-23T01:24:21.120Z");
    }

    #[test]
    fn spans_show_their_two_largest_units() {
        assert_eq!(span(-5), "0 ms");
        assert_eq!(span(999), "999 ms");
        assert_eq!(span(4_150), "4.1 s");
        assert_eq!(span(61_000), "1 min 1 s");
        assert_eq!(span(3_660_000), "1 h 1 min");
        assert_eq!(span(90_000_000), "1 d 1 h");
    }

    #[test]
    fn tables_are_plain_columns() {
        let mut table = table(["NAME", "STATUS"]);
        table.add_row(["a", "RUNNING"]);
        let lines: Vec<_> = table.lines().map(|line| line.trim().to_owned()).collect();
        assert_eq!(lines.len(), 2);
        assert!(
            lines[0].starts_with("NAME") && lines[0].ends_with("STATUS"),
            "{lines:?}"
        );
    }
}
