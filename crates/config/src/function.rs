//! `[functions.NAME]`, stand-ins for Lambda functions on one machine. On AWS they are the functions with that name.

use std::collections::BTreeMap;

use url::Url;

use crate::document::{Reading, Section};
use crate::problem::{Code, Problem};

/// A stand-in for a Lambda function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Name, as in the function's ARN.
    pub name: String,
    /// Where its invocations are posted.
    pub http: Url,
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
            .map(Section::used_here)
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
