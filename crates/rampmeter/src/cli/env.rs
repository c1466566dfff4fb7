//! `env`: the variables that point AWS tools and SDKs at the server. Only the services that are served are named, so
//! that everything else still reaches the real cloud.

use std::net::ToSocketAddrs;
use std::sync::mpsc;
use std::time::Duration;

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
    /// Set AWS_ENDPOINT_URL, so that requests to every AWS service go to this server.
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

/// A name of this machine (RFC 6761). For StartSyncExecution and TestState, SDKs put `sync-` before the host. Before an
/// IP address that makes no valid host; before this name it makes one that is this machine again, wherever `.localhost`
/// is resolved.
const NAME: &str = "rampmeter.localhost";

/// How long the lookup of names may take. Without an answer, the IP address serves all but two operations.
const MAX_LOOKUP: Duration = Duration::from_millis(500);

/// What the variables cannot tell the aws CLI of version 1: it sends `sqs` to AWS whatever `AWS_ENDPOINT_URL_SQS` says,
/// unless the command line has an endpoint.
const CLI_VERSION_1: &str = r#"aws() { case " $* " in *" --endpoint-url"*) command aws "$@" ;; *" sqs "*) command aws --endpoint-url "${AWS_ENDPOINT_URL_SQS:-$AWS_ENDPOINT_URL}" "$@" ;; *) command aws "$@" ;; esac; }"#;

/// Variables by which another profile or temporary credentials in the shell would override ours.
const IN_THE_WAY: [&str; 2] = ["AWS_PROFILE", "AWS_SESSION_TOKEN"];

/// Runs `env`.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let server = &arguments.server;
    let url = if server.contains("://") {
        server.clone()
    } else {
        format!("http://{server}")
    };
    let url = url.trim_end_matches('/');
    let named = under_its_name(url);
    let resolved = named.is_some() && resolves_within(MAX_LOOKUP);
    if named.is_some() && !resolved {
        output::note(&format!(
            "StartSyncExecution and TestState: SDKs that do not know AWS_DISABLE_HOST_PREFIX_INJECTION ask the host sync-..., and \
             no name under .localhost is resolved on this machine. They need the line \"127.0.0.1 {NAME} sync-{NAME}\" in \
             /etc/hosts; then run this again."
        ));
    }
    let states = named.filter(|_| resolved);
    let variables = variables(
        url,
        states.as_deref().unwrap_or(url),
        &arguments.region,
        arguments.all,
    );
    if matches!(arguments.format, Form::Json) {
        let object: Map<_, _> = variables
            .into_iter()
            .map(|(name, value)| (name.to_owned(), Value::from(value)))
            .collect();
        return Ok(output::json(&object)?);
    }
    for name in IN_THE_WAY {
        match arguments.format {
            Form::Sh => output::data(&format!("unset {name}"))?,
            Form::Powershell => output::data(&format!("$env:{name} = $null"))?,
            Form::Dotenv | Form::Json => {}
        }
    }
    for (name, value) in variables {
        output::data(&match arguments.format {
            Form::Sh => format!("export {name}={}", quoted(&value)),
            Form::Powershell => format!("$env:{name} = '{}'", value.replace('\'', "''")),
            Form::Dotenv | Form::Json => format!("{name}={value}"),
        })?;
    }
    if matches!(arguments.format, Form::Sh) {
        output::data(CLI_VERSION_1)?;
    }
    Ok(())
}

/// The same port under `NAME`, for a URL of this machine.
fn under_its_name(url: &str) -> Option<String> {
    let authority = url.strip_prefix("http://")?;
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, format!(":{port}")),
        _ => (authority, String::new()),
    };
    ["127.0.0.1", "localhost", "[::1]"]
        .contains(&host)
        .then(|| format!("http://{NAME}{port}"))
}

/// Whether `NAME`, and the name that SDKs make of it, lead to this machine.
fn resolves_within(longest: Duration) -> bool {
    let (answer, answered) = mpsc::channel();
    std::thread::spawn(move || {
        let here = |name: String| {
            (name.as_str(), 0)
                .to_socket_addrs()
                .is_ok_and(|mut addresses| addresses.all(|address| address.ip().is_loopback()))
        };
        // After the wait is over, nobody listens any more.
        let _ = answer.send(here(format!("sync-{NAME}")) && here(NAME.to_owned()));
    });
    answered.recv_timeout(longest).unwrap_or(false)
}

/// The variables in the order in which people read them. `states` is the URL for Step Functions.
fn variables(url: &str, states: &str, region: &str, all: bool) -> Vec<(&'static str, String)> {
    let endpoints: &[_] = if all {
        &[("AWS_ENDPOINT_URL", states)]
    } else {
        &[
            ("AWS_ENDPOINT_URL_SFN", states),
            ("AWS_ENDPOINT_URL_SQS", url),
            ("AWS_ENDPOINT_URL_STS", url),
        ]
    };
    let others = [
        // Some configuration files and shells say the opposite.
        ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "false"),
        ("AWS_DISABLE_HOST_PREFIX_INJECTION", "true"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        // Newer SDKs read the first; boto3 and version 1 of the CLI read the second.
        ("AWS_REGION", region),
        ("AWS_DEFAULT_REGION", region),
    ];
    endpoints
        .iter()
        .chain(&others)
        .map(|(name, value)| (*name, (*value).to_owned()))
        .collect()
}

/// A word for a shell: unchanged if that is safe, otherwise in single quotes.
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
            variables("http://x", "http://x", "us-east-1", all)
                .into_iter()
                .map(|(name, _)| name)
        };
        assert!(!names(false).any(|name| name == "AWS_ENDPOINT_URL"));
        assert!(names(true).any(|name| name == "AWS_ENDPOINT_URL"));
    }

    #[test]
    fn only_an_address_of_this_machine_has_a_name_before_which_sync_may_stand() {
        for (url, named) in [
            (
                "http://127.0.0.1:4566",
                Some("http://rampmeter.localhost:4566"),
            ),
            ("http://localhost", Some("http://rampmeter.localhost")),
            ("http://[::1]:4566", Some("http://rampmeter.localhost:4566")),
            ("http://[::1]", Some("http://rampmeter.localhost")),
            ("http://queues.example:4566", None),
            ("https://127.0.0.1:4566", None),
        ] {
            assert_eq!(under_its_name(url).as_deref(), named, "{url}");
        }
    }
}
