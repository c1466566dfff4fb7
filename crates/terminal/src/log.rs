//! Where the log is written: standard error, a line at a time. What others wrote stands in its fields.

use std::io::{self, Write};

use rampmeter_visible::visible_coloured;

/// Standard error, with everything written out that a terminal would obey, but for the colours of the log itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct LogWriter;

impl Write for LogWriter {
    /// Takes one or more whole lines, as the log writes them.
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
