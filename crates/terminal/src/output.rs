//! What commands print: data on standard output in the form the user chose, everything else on standard error.

use std::io::{self, IsTerminal, Write};

use clap::{Args, ValueEnum};
use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;

/// Forms of the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
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
pub struct OutputArguments {
    /// Form of the data on standard output.
    #[arg(short = 'o', long = "output", value_enum, default_value_t = Format::Table)]
    output: Format,
    /// The same as --output json.
    #[arg(long, conflicts_with = "output")]
    json: bool,
}

impl OutputArguments {
    /// The form the user chose.
    pub fn format(self) -> Format {
        if self.json { Format::Json } else { self.output }
    }
}

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// When it goes to a terminal and NO_COLOR is not set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Color {
    /// Whether to colour standard error.
    pub fn for_stderr(self) -> bool {
        self.applies(io::stderr().is_terminal())
    }

    /// Whether to colour standard output.
    pub fn for_stdout(self) -> bool {
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
pub fn data(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

/// Writes one JSON object: laid out for people on a terminal, on one line otherwise.
pub fn json<T: Serialize>(value: &T) -> io::Result<()> {
    let text = if io::stdout().is_terminal() {
        serde_json::to_string_pretty(value)
    } else {
        serde_json::to_string(value)
    };
    data(&text.map_err(io::Error::other)?)
}

/// Writes one line that is not data. A closed standard error is no reason to stop.
pub fn note(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// A table without borders: columns stay apart, and the text can be cut with ordinary tools.
pub fn table<const COLUMNS: usize>(header: [&str; COLUMNS]) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(header);
    table
}

/// Writes a table without the blanks that fill its last column.
pub fn print_table(table: &Table) -> io::Result<()> {
    for line in table.lines() {
        data(line.trim_end().trim_start_matches(' '))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

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
