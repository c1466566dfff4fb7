//! `when` of a signal: what else an answer must contain, in a header, at a place in JSON or XML, or in its
//! text.

use std::borrow::Cow;

use rampmeter_caller::typed_header;
use rampmeter_caller::vendor::{Condition, Test};

use crate::document::{Node, Reading, Section, Value};
use crate::problem::{Code, Problem};

const PLACES: [&str; 3] = ["header", "json", "xml"];
const TESTS: [&str; 5] = ["is", "starts_with", "ends_with", "contains", "present"];
const KEYS: &[&str] = &[
    "header",
    "json",
    "xml",
    "is",
    "starts_with",
    "ends_with",
    "contains",
    "present",
];

/// `when = { header = "x-ratelimit-remaining", is = "0" }`, or a list of conditions that must all hold. None if one of them
/// is wrong: a signal that lacks a condition would match too much.
pub(super) fn read(reading: &Reading<'_>, signal: &Section<'_>) -> Option<Vec<Condition>> {
    let Some(node) = signal.get("when") else {
        return Some(Vec::new());
    };
    let nodes = match &node.value {
        Value::Array(items) if !items.is_empty() => items.as_slice(),
        _ => std::slice::from_ref(node),
    };
    let conditions = nodes.iter().map(|node| condition(reading, node));
    // Every one of them is read, so that everything wrong is reported at once.
    conditions.collect::<Vec<_>>().into_iter().collect()
}

fn condition(reading: &Reading<'_>, node: &Node) -> Option<Condition> {
    let section = Section::open(reading, "when", node, "a condition", KEYS)?;
    let given = |keys: &[&'static str]| -> Vec<&'static str> {
        let mut given = keys.to_vec();
        given.retain(|key| section.get(key).is_some());
        given
    };
    let value = match given(&TESTS)[..] {
        [] if !given(&PLACES).is_empty() => Some(Test::Present),
        ["present"] => section.flag("present").map(|_| Test::Present),
        [key] => test(&section, key),
        _ => {
            refuse(
                reading,
                node,
                format!(
                    "a condition says one thing of a value: {}",
                    TESTS.join(", ")
                ),
            );
            None
        }
    };
    match given(&PLACES)[..] {
        [] => value.map(Condition::Text),
        ["header"] => {
            let name = section.parsed("header", Code::BadHeader, header_name)?;
            let name = Cow::Owned(name);
            value.map(|value| Condition::Header { name, value })
        }
        ["json"] => {
            let pointer = section.parsed("json", Code::BadValue, json_pointer)?;
            let pointer = Cow::Owned(pointer);
            value.map(|value| Condition::Json { pointer, value })
        }
        ["xml"] => {
            let place = Cow::Owned(section.parsed("xml", Code::BadValue, xml_place)?);
            value.map(|value| Condition::Xml { place, value })
        }
        _ => {
            refuse(
                reading,
                node,
                "a condition is about one place: header, json or xml, or none of them for the text of the body"
                    .to_owned(),
            );
            None
        }
    }
}

fn refuse(reading: &Reading<'_>, node: &Node, message: String) {
    reading.note(
        Problem::new(Code::BadValue, message)
            .at(&node.span)
            .help("write when = { json = \"/error/reason\", is = \"quotaExceeded\" }; two conditions stand in a list"),
    );
}

/// Numbers are compared as they are written, so a number may be written without quotes.
fn test(section: &Section<'_>, key: &str) -> Option<Test> {
    let text = match section.get(key) {
        Some(Node {
            value: Value::Integer(number),
            ..
        }) => number.to_string(),
        Some(Node {
            value: Value::Boolean(truth),
            ..
        }) => truth.to_string(),
        _ => section.text(key)?.value,
    };
    let text = Cow::Owned(text);
    Some(match key {
        "starts_with" => Test::StartsWith(text),
        "ends_with" => Test::EndsWith(text),
        "contains" => Test::Contains(text),
        _ => Test::Is(text),
    })
}

fn header_name(name: &str) -> Result<String, String> {
    let name = name.to_ascii_lowercase();
    match typed_header(&name, "") {
        Err(rampmeter_call::HeaderError::BadName(_)) => {
            Err("is not the name of a header".to_owned())
        }
        _ => Ok(name),
    }
}

fn json_pointer(text: &str) -> Result<String, String> {
    if text.starts_with('/') {
        return Ok(text.to_owned());
    }
    let pointer = text.trim_start_matches('$').replace(['.', '['], "/");
    let pointer = pointer.replace(['\'', '"', ']'], "");
    let pointer = format!("/{}", pointer.trim_start_matches('/'));
    Err(format!(
        "must be a JSON pointer, in which * stands for every element: write \"{pointer}\""
    ))
}

fn xml_place(text: &str) -> Result<String, String> {
    let is_name = |name: &str| {
        !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || "</>:@".contains(c))
    };
    let (element, attribute) = text.split_once('@').unwrap_or((text, "a"));
    if is_name(element) && is_name(attribute) {
        return Ok(text.to_owned());
    }
    Err("must be the name of an element, such as \"errorCode\", or of its attribute, such as \"Error@code\"; without namespaces".to_owned())
}
