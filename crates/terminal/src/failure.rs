//! Why a command ends without success: what the user reads on standard error, and the exit code. Codes
//! 2xxx are those of the run time. Those of the configuration are rendered by the crate `config`.

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::process::ExitCode;

use crate::output;

/// The exit codes of the command line, other than 0. A script may rely on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// The thing asked about failed: an execution, a check.
    Failed,
    /// Usage or configuration.
    Usage,
    /// The server cannot be reached, or does not authorise the request.
    Unreachable,
    /// It took longer than the caller wanted to wait.
    TimedOut,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Unreachable => 3,
            Exit::TimedOut => 4,
        })
    }
}

/// Why a command ends without success.
#[derive(Debug)]
pub enum Failure {
    /// An error with its code.
    Error {
        /// `RMnnnn`.
        code: Cow<'static, str>,
        /// What went wrong, in one sentence without a full stop.
        what: String,
        /// One thing to do about it, a command if there is one.
        help: Option<String>,
        /// The exit code.
        exit: Exit,
    },
    /// Problems that are already in their printed form.
    Report {
        /// The text, without a line break at its end.
        text: String,
        /// The exit code.
        exit: Exit,
    },
    /// What the command printed is the whole report.
    Reported(Exit),
}

impl Failure {
    /// An error with its code.
    pub fn new(code: impl Into<Cow<'static, str>>, exit: Exit, what: impl Into<String>) -> Self {
        Self::Error {
            code: code.into(),
            what: what.into(),
            help: None,
            exit,
        }
    }

    /// The same with one thing to do about it.
    pub fn with_help(self, text: impl Into<String>) -> Self {
        match self {
            Self::Error {
                code, what, exit, ..
            } => Self::Error {
                code,
                what,
                help: Some(text.into()),
                exit,
            },
            other => other,
        }
    }

    /// Writes it to standard error. Only a report has colours.
    pub fn tell(&self) {
        match self {
            Self::Error { .. } => output::note(&self.to_string()),
            Self::Report { text, .. } => output::coloured_note(text),
            Self::Reported(_) => {}
        }
    }

    /// The exit code.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Error { exit, .. } | Self::Report { exit, .. } | Self::Reported(exit) => *exit,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Error {
                code, what, help, ..
            } => {
                write!(out, "error[{code}]: {what}")?;
                match help {
                    Some(help) => write!(out, "\n  = help: {help}"),
                    None => Ok(()),
                }
            }
            Self::Report { text, .. } => out.write_str(text),
            Self::Reported(_) => Ok(()),
        }
    }
}

impl From<io::Error> for Failure {
    /// An error in writing to standard output. If the reader has gone (`| head`), there is nobody
    /// to tell.
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::Reported(Exit::Failed);
        }
        Self::new(
            "RM2012",
            Exit::Failed,
            format!("the output cannot be written: {error}"),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_reads_as_code_what_and_one_help_line() {
        let failure = Failure::new("RM2001", Exit::Usage, "127.0.0.1:4566 is in use")
            .with_help("rampmeter serve --port 0");
        assert_eq!(
            failure.to_string(),
            "error[RM2001]: 127.0.0.1:4566 is in use\n  = help: rampmeter serve --port 0"
        );
        assert_eq!(failure.exit(), Exit::Usage);
    }
}
