//! Configuration files as people write them: right, wrong in every way that has a code, and hostile.

#![allow(
    clippy::unwrap_used,
    reason = "a failure of a helper is the test's report"
)]

mod cases;
mod endpoints;
mod hostile;
mod job_cases;
mod lost_answers;
mod on_aws;
mod pauses;
mod problems;
mod rendering;
mod presets;
mod sample;
mod server;
mod sign_in;
mod tariffs;
mod warned;
mod secrets;

use std::io;
use std::path::Path;

use rampmeter_config::{Code, Config, Report};

/// The files and variables that the tests refer to.
fn environment(name: &str) -> Option<String> {
    match name {
        "TOKEN" => Some("canary-env".to_owned()),
        "BROKEN" => Some("canary\nbroken".to_owned()),
        "EMPTY" => Some(String::new()),
        "SCHEME" => Some("Bearer canary".to_owned()),
        "BLANK" => Some("canary ".to_owned()),
        "QUOTED" => Some("\"canary\"".to_owned()),
        "PLACEHOLDER" => Some("replace-me".to_owned()),
        "ONE_LINE_KEY" => Some(format!("\u{feff}{}", RSA.trim().replace('\n', "\\n"))),
        "URL" => Some("https://vendor.test".to_owned()),
        _ => None,
    }
}

fn read_file(path: &Path) -> io::Result<String> {
    match path.to_str() {
        Some("/etc/rm/secret.txt") => Ok("canary-file\r\n".to_owned()),
        Some("/etc/rm/rsa.pem") => Ok(RSA.to_owned()),
        Some("/etc/rm/p256.pem") => Ok(P256.to_owned()),
        Some("/etc/rm/order.asl.json") => Ok(DEFINITION.to_owned()),
        Some("/etc/rm/typo.asl.json") => Ok(DEFINITION.replace("NetsuiteHigh", "NetsuteHigh")),
        _ => Err(io::Error::from(io::ErrorKind::NotFound)),
    }
}

/// The private keys printed in RFC 7515.
const RSA: &str = include_str!("../../../caller/tests/keys/rfc7515-rsa.pem");
const P256: &str = include_str!("../../../caller/tests/keys/rfc7515-p256.pem");

const DEFINITION: &str = r#"{
  "StartAt": "Call",
  "States": { "Call": { "Parameters": { "QueueUrl": "${NetsuiteHigh}" } } }
}"#;

fn toml(text: &str) -> Result<Config, Report> {
    Config::parse(
        text,
        Path::new("/etc/rm/rampmeter.toml"),
        &environment,
        &read_file,
    )
}

fn json(text: &str) -> Result<Config, Report> {
    Config::parse(
        text,
        Path::new("/etc/rm/rampmeter.json"),
        &environment,
        &read_file,
    )
}

/// The code of each problem with the text at its place.
fn problems(text: &str) -> Vec<(Code, &str)> {
    let report = toml(text).unwrap_err();
    report
        .problems()
        .iter()
        .map(|problem| {
            (
                problem.code,
                problem.span.clone().map_or("", |span| &text[span]),
            )
        })
        .collect()
}

/// A target `netsuite` with these lines in its table.
fn target(lines: &str) -> String {
    format!("[targets.netsuite]\nbase_url = \"https://vendor.test\"\n{lines}\n")
}

/// A target with one limit, which has these lines.
fn limit(lines: &str) -> String {
    target(&format!(
        "[[targets.netsuite.limits]]\nname = \"a\"\n{lines}"
    ))
}
