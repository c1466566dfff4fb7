//! `env`: the variables that point AWS tools and SDKs at the server. Only the services that are served are named, so
//! that everything else still reaches the real cloud.

use clap::{Args, ValueEnum};
use rampmeter_terminal::Failure;
use rampmeter_terminal::output;
use serde_json::{Map, Value};

/// Options of `env`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// URL of the AWS port.
    #[arg(
        long,
        env = "RAMPMETER_SERVER__AWS",
        default_value = crate::client::DEFAULT_SERVER
    )]
    server: String,
    /// Region for the tools.
    #[arg(long, env = "RAMPMETER_SERVER__REGION", default_value = "us-east-1")]
    region: String,
    /// Form of the lines.
    #[arg(long, value_enum, default_value_t = Form::Sh)]
    format: Form,
    /// Set AWS_ENDPOINT_URL, so that every AWS service is asked of this server.
    #[arg(long)]
    all: bool,
}

/// Forms of the lines.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Form {
    /// For `eval "$(rampmeter env)"`.
    Sh,
    /// For a `.env` file or `docker run --env-file`.
    Dotenv,
    /// One JSON object.
    Json,
    /// For `rampmeter env --format powershell | Invoke-Expression`.
    Powershell,
}

/// Runs `env`.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let server = &arguments.server;
    let url = if server.contains("://") {
        server.clone()
    } else {
        format!("http://{server}")
    };
    let variables = variables(url.trim_end_matches('/'), &arguments.region, arguments.all);
    if matches!(arguments.format, Form::Json) {
        let object: Map<_, _> = variables
            .into_iter()
            .map(|(name, value)| (name.to_owned(), Value::from(value)))
            .collect();
        return Ok(output::json(&object)?);
    }
    for (name, value) in variables {
        output::data(&match arguments.format {
            Form::Sh => format!("export {name}={}", quoted(&value)),
            Form::Powershell => format!("$env:{name} = '{}'", value.replace('\'', "''")),
            Form::Dotenv | Form::Json => format!("{name}={value}"),
        })?;
    }
    Ok(())
}

/// The variables in the order in which people read them.
pub(crate) fn variables(url: &str, region: &str, all: bool) -> Vec<(&'static str, String)> {
    let endpoints: &[_] = if all {
        &["AWS_ENDPOINT_URL"]
    } else {
        &["AWS_ENDPOINT_URL_SFN", "AWS_ENDPOINT_URL_SQS"]
    };
    let mut variables: Vec<_> = endpoints
        .iter()
        .map(|name| (*name, url.to_owned()))
        .collect();
    variables.push(("AWS_ACCESS_KEY_ID", "test".to_owned()));
    variables.push(("AWS_SECRET_ACCESS_KEY", "test".to_owned()));
    variables.push(("AWS_REGION", region.to_owned()));
    variables
}

/// A word for a shell: as it is when that is safe, in single quotes otherwise.
fn quoted(value: &str) -> String {
    let safe = |letter: u8| letter.is_ascii_alphanumeric() || b":/.-_".contains(&letter);
    if !value.is_empty() && value.bytes().all(safe) {
        value.to_owned()
    } else {
        format!("'{}'", value.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_leave_its_quotes() {
        assert_eq!(quoted("http://127.0.0.1:4566"), "http://127.0.0.1:4566");
        assert_eq!(quoted("x; rm -rf ~"), "'x; rm -rf ~'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted("http://[::1]:4566"), "'http://[::1]:4566'");
    }

    #[test]
    fn other_services_keep_their_endpoints_unless_asked() {
        let names = |all| {
            variables("http://x", "us-east-1", all)
                .into_iter()
                .map(|(name, _)| name)
        };
        assert!(!names(false).any(|name| name == "AWS_ENDPOINT_URL"));
        assert!(names(true).any(|name| name == "AWS_ENDPOINT_URL"));
    }
}
