//! What commands print: data on standard output in the form the user chose, everything else on standard error.

use std::io::{self, IsTerminal, Write};

use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::visible::{visible, visible_coloured};

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

/// Writes one line of data, or several. What a terminal would obey is escaped, wherever the data goes.
///
/// # Errors
/// Those of writing.
pub fn data(line: &str) -> io::Result<()> {
    write_data(&visible(line))
}

/// Likewise, keeping the colours that we gave it.
///
/// # Errors
/// Those of writing.
pub fn coloured(text: &str) -> io::Result<()> {
    write_data(&visible_coloured(text))
}

/// Writes a text that somebody else wrote and that is the data itself, such as the body of a vendor's answer: as it is to
/// a file or a program, and as `data` to a terminal.
///
/// # Errors
/// Those of writing.
pub fn text(text: &str) -> io::Result<()> {
    if io::stdout().is_terminal() {
        data(text)
    } else {
        write_data(text)
    }
}

/// Standard output for bytes that arrive piece by piece, written as `text` writes them.
#[derive(Debug)]
pub struct Body {
    /// The beginning of a character that the last piece cut in two; empty if bytes are written as they
    /// are.
    cut: Vec<u8>,
    is_terminal: bool,
}

impl Default for Body {
    fn default() -> Self {
        Self {
            cut: Vec::new(),
            is_terminal: io::stdout().is_terminal(),
        }
    }
}

impl Write for Body {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        let mut out = io::stdout().lock();
        if self.is_terminal {
            out.write_all(shown(&mut self.cut, piece).as_bytes())?;
        } else {
            out.write_all(piece)?;
        }
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stdout().flush()
    }
}

/// A piece of a text as a terminal may receive it; a character that continues in the next piece waits
/// in `cut`.
fn shown(cut: &mut Vec<u8>, piece: &[u8]) -> String {
    cut.extend_from_slice(piece);
    let whole = match std::str::from_utf8(cut) {
        Err(why) if why.error_len().is_none() => why.valid_up_to(),
        _ => cut.len(),
    };
    let rest = cut.split_off(whole);
    let text = String::from_utf8_lossy(cut).into_owned();
    *cut = rest;
    visible(&text).into_owned()
}

fn write_data(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}

/// Writes one JSON object: indented on a terminal, on one line otherwise.
///
/// # Errors
/// Those of writing.
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
    let _ = writeln!(io::stderr().lock(), "{}", visible(line));
}

/// Likewise, keeping the colours that we gave it.
pub fn coloured_note(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", visible_coloured(text));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_that_two_pieces_share_is_seen_whole() {
        let mut cut = Vec::new();
        // U+009B is 0xC2 0x9B: either half alone would not be recognised.
        assert_eq!(shown(&mut cut, b"a\xc2"), "a");
        assert_eq!(shown(&mut cut, b"\x9b31m"), r"\u009b31m");
        assert_eq!(shown(&mut cut, b"\x9b\xff"), "\u{fffd}\u{fffd}");
    }
}
