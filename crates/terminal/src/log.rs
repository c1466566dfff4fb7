//! Where the log is written: standard error, a line at a time. Text from outside appears in its
//! fields.

use std::io::{self, Write};

use crate::visible::visible_coloured;

/// Standard error, with everything that a terminal would obey escaped, except for the colours of the log itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct LogWriter;

impl Write for LogWriter {
    /// Writes one or more whole lines, as the log produces them.
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(lines);
        io::stderr()
            .lock()
            .write_all(visible_coloured(&text).as_bytes())?;
        Ok(lines.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
