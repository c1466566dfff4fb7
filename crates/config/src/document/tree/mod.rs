//! A file as a tree of values, each with its place: the common form of TOML and JSON. It does not know the
//! meaning of any key.

mod json;
mod toml;

use std::ops::Range;

use crate::problem::Problem;

/// A value and where it is.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) span: Range<usize>,
    pub(crate) value: Value,
}

/// A value of TOML or JSON.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Table(Table),
    Array(Vec<Node>),
    Text(String),
    Integer(i64),
    /// A number that is not a 64-bit integer.
    Float,
    Boolean(bool),
    /// A TOML date or time; no key takes one.
    Date,
    /// JSON's null; no key takes one.
    Null,
}

/// Entries in the order of the file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    pub(crate) entries: Vec<Entry>,
}

/// A key, where it is, and its value.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_span: Range<usize>,
    pub(crate) node: Node,
}

impl Table {
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.entries
            .iter()
            .find(|entry| entry.key == key)
            .map(|entry| &entry.node)
    }
}

impl Value {
    /// The type in words, with its article.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Value::Table(_) => "a table",
            Value::Array(_) => "a list",
            Value::Text(_) => "a text",
            Value::Integer(_) => "an integer",
            Value::Float => "a number with a fraction or beyond 64 bits",
            Value::Boolean(_) => "true or false",
            Value::Date => "a date",
            Value::Null => "null",
        }
    }
}

/// The notation of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Notation {
    Toml,
    Json,
}

/// Reads a file into a tree whose root is a table.
pub(crate) fn parse(text: &str, notation: Notation) -> Result<Node, Vec<Problem>> {
    match notation {
        Notation::Toml => toml::parse(text),
        Notation::Json => json::parse(text).map_err(|fault| vec![fault.into()]),
    }
}
