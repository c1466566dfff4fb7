//! `[functions.NAME]`, which stand in for Lambda functions on one machine, and `[aws]`, the deployment on AWS.

use std::collections::BTreeMap;

use url::Url;

use crate::code::Code;
use crate::problem::Problem;
use crate::reading::Reading;
use crate::section::Section;
use crate::tree::Node;

/// A stand-in for a Lambda function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Name, as in the function's ARN.
    pub name: String,
    /// Where its invocations are posted.
    pub http: Url,
}

/// How the configuration is deployed onto AWS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Aws {
    /// Name of the CloudFormation stack.
    pub stack: Option<String>,
    /// How limits are held.
    pub limiter: Limiter,
}

/// How limits are held on AWS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Limiter {
    /// Leases in a table: exact.
    #[default]
    Lease,
    /// Reserved concurrency of the worker: concurrency limits of 6 and more only.
    Reserved,
}

pub(crate) fn read_all(reading: &Reading<'_>, root: &Section<'_>) -> BTreeMap<String, Function> {
    let mut functions = BTreeMap::new();
    let Some(table) = root.named("functions") else {
        return functions;
    };
    for entry in &table.entries {
        if !is_name(&entry.key, 64) {
            reading.note(
                Problem::new(Code::BadName, "a function's name is malformed")
                    .at(&entry.key_span)
                    .note("it is 1 to 64 letters, digits, - or _"),
            );
        }
        let section = Section::open(reading, &entry.key, &entry.node, "a function", &["http"]);
        let http = section
            .filter(|section| section.requires("http"))
            .and_then(|section| {
                section.parsed("http", Code::BadValue, |text| match Url::parse(text) {
                    Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(url),
                    _ => Err("must be a URL that begins with http:// or https://".to_owned()),
                })
            });
        if let Some(http) = http {
            functions.insert(
                entry.key.clone(),
                Function {
                    name: entry.key.clone(),
                    http,
                },
            );
        }
    }
    functions
}

/// Letters, digits, `-` and `_`: the names of state machines, queues, functions and stacks.
pub(crate) fn is_name(name: &str, longest: usize) -> bool {
    let served = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    !name.is_empty() && name.len() <= longest && name.bytes().all(served)
}

pub(crate) fn read_aws(reading: &Reading<'_>, node: &Node) -> Aws {
    let Some(section) = Section::open(reading, "aws", node, "[aws]", &["stack", "limiter"]) else {
        return Aws::default();
    };
    let stack = section.parsed("stack", Code::BadName, |text| {
        let begins = text.starts_with(|c: char| c.is_ascii_alphabetic());
        if begins && is_name(text, 128) && !text.contains('_') {
            Ok(text.to_owned())
        } else {
            Err("must be a letter, then at most 127 letters, digits or -".to_owned())
        }
    });
    let limiter = section
        .word(
            "limiter",
            &[("lease", Limiter::Lease), ("reserved", Limiter::Reserved)],
        )
        .unwrap_or_default();
    Aws { stack, limiter }
}
