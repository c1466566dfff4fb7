//! Responses and errors of the Query protocol, written from those of AWS JSON.

use std::borrow::Cow;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use serde_json::{Map, Value};

use crate::protocol::error::WireError;
use crate::protocol::service::Service;

/// Lists: the member, and the name of each of its items.
const LISTS: &[(&str, &str)] = &[
    ("Failed", "BatchResultErrorEntry"),
    ("Messages", "Message"),
    ("QueueUrls", "QueueUrl"),
    ("Results", "ListMessageMoveTasksResultEntry"),
    ("queueUrls", "QueueUrl"),
];

/// Maps: the member, the name of each entry, and the name of its key.
const MAPS: &[(&str, &str, &str)] = &[
    ("Attributes", "Attribute", "Name"),
    ("MessageAttributes", "MessageAttribute", "Name"),
    ("Tags", "Tag", "Key"),
];

fn namespace(service: Option<Service>) -> &'static str {
    match service {
        Some(Service::Sts) => "https://sts.amazonaws.com/doc/2011-06-15/",
        _ => "http://queue.amazonaws.com/doc/2012-11-05/",
    }
}

/// The response of the operation with this name.
pub(crate) fn answer(service: Service, name: &str, answer: &Value, request_id: &str) -> Vec<u8> {
    let mut document = Document::new();
    let response = format!("{name}Response");
    document.open_in(&response, namespace(Some(service)));
    // Operations that return nothing have no result element.
    if answer
        .as_object()
        .is_some_and(|members| !members.is_empty())
        || answers(name)
    {
        let result = format!("{name}Result");
        document.open(&result);
        document.members(name, answer);
        document.close(&result);
    }
    document.open("ResponseMetadata");
    document.text("RequestId", request_id);
    document.close("ResponseMetadata");
    document.close(&response);
    document.end()
}

/// Whether an operation has a result although it may be empty.
fn answers(operation: &str) -> bool {
    operation.starts_with("List")
        || operation.starts_with("Get")
        || operation == "ReceiveMessage"
        || (operation.ends_with("Batch"))
}

/// An error.
pub(crate) fn error(service: Option<Service>, error: &WireError, request_id: &str) -> Vec<u8> {
    let mut document = Document::new();
    document.open_in("ErrorResponse", namespace(service));
    document.open("Error");
    document.text("Type", error.fault());
    document.text("Code", error.query_code());
    document.text("Message", &error.message);
    document.text("Detail", "");
    document.close("Error");
    document.text("RequestId", request_id);
    document.close("ErrorResponse");
    document.end()
}

struct Document {
    writer: Writer<Vec<u8>>,
}

impl Document {
    fn new() -> Document {
        let mut document = Document {
            writer: Writer::new(Vec::new()),
        };
        document.write(Event::Decl(BytesDecl::new("1.0", None, None)));
        document
    }

    fn write(&mut self, event: Event<'_>) {
        self.writer
            .write_event(event)
            .expect("writing into memory does not fail");
    }

    fn open(&mut self, name: &str) {
        self.write(Event::Start(BytesStart::new(name)));
    }

    fn open_in(&mut self, name: &str, namespace: &str) {
        let start = BytesStart::new(name).with_attributes([("xmlns", namespace)]);
        self.write(Event::Start(start));
    }

    fn close(&mut self, name: &str) {
        self.write(Event::End(BytesEnd::new(name)));
    }

    fn text(&mut self, name: &str, text: &str) {
        self.open(name);
        self.write(Event::Text(BytesText::from_escaped(escaped(text))));
        self.close(name);
    }

    /// The members of an object, each in its spelling.
    fn members(&mut self, operation: &str, object: &Value) {
        let none = Map::new();
        for (member, value) in object.as_object().unwrap_or(&none) {
            self.member(operation, member, value);
        }
    }

    fn member(&mut self, operation: &str, member: &str, value: &Value) {
        match value {
            Value::Array(items) => {
                let listed = LISTS.iter().find(|(name, _)| *name == member);
                let name = match listed {
                    Some((_, name)) => Cow::Borrowed(*name),
                    None => Cow::Owned(format!("{operation}ResultEntry")),
                };
                for item in items {
                    self.value(operation, &name, item);
                }
            }
            Value::Object(entries) => match MAPS.iter().find(|(name, ..)| *name == member) {
                Some((_, name, key)) => {
                    for (entry, value) in entries {
                        self.open(name);
                        self.text(key, entry);
                        self.value(operation, "Value", value);
                        self.close(name);
                    }
                }
                None => self.value(operation, member, value),
            },
            value => self.value(operation, member, value),
        }
    }

    fn value(&mut self, operation: &str, name: &str, value: &Value) {
        match value {
            Value::Object(_) => {
                self.open(name);
                self.members(operation, value);
                self.close(name);
            }
            Value::String(text) => self.text(name, text),
            Value::Null => {}
            value => self.text(name, &value.to_string()),
        }
    }

    fn end(self) -> Vec<u8> {
        self.writer.into_inner()
    }
}

/// Text of an element. A carriage return is written as a reference, for parsers turn a plain one into a line feed, and
/// the body of a message must arrive as it was sent. What XML 1.0 cannot carry becomes U+FFFD.
fn escaped(text: &str) -> Cow<'_, str> {
    let plain = |letter: char| is_xml(letter) && !"<>&\"'\r".contains(letter);
    if text.chars().all(plain) {
        return Cow::Borrowed(text);
    }
    let mut written = String::with_capacity(text.len() + text.len() / 8);
    for letter in text.chars() {
        match letter {
            '<' => written.push_str("&lt;"),
            '>' => written.push_str("&gt;"),
            '&' => written.push_str("&amp;"),
            '"' => written.push_str("&quot;"),
            '\'' => written.push_str("&apos;"),
            '\r' => written.push_str("&#xD;"),
            letter if is_xml(letter) => written.push(letter),
            _ => written.push(char::REPLACEMENT_CHARACTER),
        }
    }
    Cow::Owned(written)
}

/// Whether XML 1.0 has this character. <https://www.w3.org/TR/xml/#charsets>
fn is_xml(letter: char) -> bool {
    matches!(letter, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'..)
}
