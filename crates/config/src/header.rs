//! `headers` of a target: sent with every call. A value may hold an API key, so it is treated as a secret once it
//! is read; unlike a credential it may also stand in the file.

use rampmeter_caller::{Secret, header};

use crate::code::Code;
use crate::place::Place;
use crate::problem::Problem;
use crate::reading::Reading;
use crate::section::Section;
use crate::tree::Value;

/// The headers of a target, names in lower case, references resolved.
pub(crate) fn read(reading: &Reading<'_>, section: &Section<'_>) -> Vec<(String, Secret)> {
    let Some(table) = section.named("headers") else {
        return Vec::new();
    };
    let mut headers: Vec<(String, Secret)> = Vec::new();
    let refuse = |code, reason: String, place: &Place| {
        reading.note(Problem::new(code, reason).at(place));
    };
    for entry in &table.entries {
        let place = Place::from(&entry.node.span);
        let Value::Text(text) = &entry.node.value else {
            refuse(
                Code::WrongType,
                "the value of a header must be a text".to_owned(),
                &place,
            );
            continue;
        };
        let Some(value) = section.resolve(text, &place) else {
            continue;
        };
        let name = entry.key.to_ascii_lowercase();
        if let Err(error) = header::typed(&name, &value) {
            refuse(
                Code::BadHeader,
                error.to_string(),
                &Place::from(&entry.key_span),
            );
        } else if headers.iter().any(|(other, _)| *other == name) {
            let reason = format!("the header {name} is given twice");
            refuse(Code::BadHeader, reason, &Place::from(&entry.key_span));
        } else {
            headers.push((name, Secret::new(value)));
        }
    }
    headers
}
