//! The token of whoever uses the command line: `RAMPMETER_TOKEN`, or the file that `RAMPMETER_TOKEN_FILE` names. There
//! is no option for it, since everybody on the machine can read a command line.

use rampmeter_terminal::{Exit, Failure};
use secrecy::SecretString;

/// The token in the environment, if there is one.
pub(super) fn of(
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Option<SecretString>, Failure> {
    if let Some(token) = environment("RAMPMETER_TOKEN") {
        return Ok(given(&token));
    }
    let Some(file) = environment("RAMPMETER_TOKEN_FILE") else {
        return Ok(None);
    };
    let token = std::fs::read_to_string(&file).map_err(|why| {
        let what = format!("RAMPMETER_TOKEN_FILE names {file}, which cannot be read: {why}");
        Failure::new("RM2029", Exit::Usage, what)
    })?;
    Ok(given(&token))
}

fn given(token: &str) -> Option<SecretString> {
    let token = token.trim();
    (!token.is_empty()).then(|| token.into())
}
