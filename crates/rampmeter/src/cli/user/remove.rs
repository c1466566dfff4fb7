//! `user remove`: takes a user's tokens away.

use clap::Args;
use rampmeter_terminal::Failure;
use rampmeter_terminal::output;

use super::file::{self, FileArguments, refused};

/// Options of `user remove`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The user's name.
    name: String,
    /// Only the token with this id, as `user list` shows it.
    #[arg(long, value_name = "ID")]
    token: Option<String>,
    #[command(flatten)]
    file: FileArguments,
}

/// Runs `user remove`.
pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let path = arguments.file.path()?;
    let mut users = file::read(&path)?;
    let removed = users.remove(&arguments.name, arguments.token.as_deref());
    if removed == 0 {
        return Err(refused(format!(
            "{} has no such token of {}",
            path.display(),
            arguments.name
        )));
    }
    file::write(&path, &users)?;
    let tokens = if removed == 1 {
        "1 token".to_owned()
    } else {
        format!("{removed} tokens")
    };
    output::note(&format!("{tokens} of {} removed", arguments.name));
    Ok(())
}
