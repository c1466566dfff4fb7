//! `headers` of a target: sent with every call. A value may hold an API key, so it is treated as a secret once it
//! is read; unlike a credential, it may also be written in the file.

use rampmeter_caller::{Secret, typed_header};

use crate::document::{Reading, Section, Value};
use crate::problem::{Code, Problem, SourceLocation};

/// The headers of a target, names in lower case, references resolved.
pub(crate) fn read(reading: &Reading<'_>, section: &Section<'_>) -> Vec<(String, Secret)> {
    let Some(table) = section.named("headers") else {
        return Vec::new();
    };
    let mut headers: Vec<(String, Secret)> = Vec::new();
    let refuse = |code, reason: String, location: &SourceLocation| {
        reading.note(Problem::new(code, reason).at(location));
    };
    for entry in &table.entries {
        let location = SourceLocation::from(&entry.node.span);
        let Value::Text(text) = &entry.node.value else {
            refuse(
                Code::WrongType,
                "the value of a header must be a text".to_owned(),
                &location,
            );
            continue;
        };
        let Some(value) = section.resolve(text, &location) else {
            continue;
        };
        let name = entry.key.to_ascii_lowercase();
        if let Err(error) = typed_header(&name, &value) {
            refuse(
                Code::BadHeader,
                error.to_string(),
                &SourceLocation::from(&entry.key_span),
            );
        } else if headers.iter().any(|(other, _)| *other == name) {
            let reason = format!("the header {name} is given twice");
            refuse(
                Code::BadHeader,
                reason,
                &SourceLocation::from(&entry.key_span),
            );
        } else {
            headers.push((name, Secret::new(value)));
        }
    }
    headers
}
