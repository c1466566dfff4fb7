//! `user add`: a new token. It is printed once; the file of users holds only its digest.

use clap::Args;
use jiff::{SignedDuration, Timestamp};
use rampmeter_admin::{RANDOM_BYTES, Role, Token};
use rampmeter_terminal::output;
use rampmeter_terminal::{Exit, Failure};
use rampmeter_time::duration;

use super::file::{self, FileArguments, refused};

/// Options of `user add`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The user's name, as the audit trail will show it.
    name: String,
    /// What they may do: metrics, viewer, operator or admin; each role includes those before it.
    #[arg(long)]
    role: Role,
    /// How long the token is valid, such as 90d.
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    expires_in: Option<std::time::Duration>,
    #[command(flatten)]
    file: FileArguments,
}

/// Runs `user add`.
pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let path = arguments.file.path()?;
    let mut users = file::read(&path)?;
    let mut random = [0; RANDOM_BYTES];
    getrandom::fill(&mut random)
        .map_err(|why| Failure::new("RM2013", Exit::Failed, format!("no random bytes: {why}")))?;
    let token = Token::new(&random);
    let now = Timestamp::now();
    let expires_at = arguments
        .expires_in
        .map(|lasting| {
            SignedDuration::try_from(lasting)
                .ok()
                .and_then(|lasting| now.checked_add(lasting).ok())
                .ok_or_else(|| {
                    refused("the token would be good for longer than time is counted".to_owned())
                })
        })
        .transpose()?;
    users
        .add(&arguments.name, arguments.role, &token, now, expires_at)
        .map_err(|why| refused(why.to_string()))?;
    file::write(&path, &users)?;
    output::data(token.expose())?;
    output::note(&format!(
        "{} may log in as {} with this token, {}. It is not shown again: keep it as RAMPMETER_TOKEN, or in a file named by RAMPMETER_TOKEN_FILE.",
        arguments.name,
        arguments.role,
        match expires_at {
            Some(end) => format!("until {end:.0}"),
            None => "until it is removed".to_owned(),
        }
    ));
    Ok(())
}
