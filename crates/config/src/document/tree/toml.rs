//! TOML into the tree. Parsing, with its bound on nesting, is the `toml` crate's.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeInteger, DeTable, DeValue};

use super::{Entry, Node, Table, Value};
use crate::problem::{Code, Problem};

pub(super) fn parse(text: &str) -> Result<Node, Vec<Problem>> {
    let (root, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        return Err(errors.iter().map(problem).collect());
    }
    let span = root.span();
    Ok(Node {
        span,
        value: Value::Table(table(root.get_ref())),
    })
}

fn problem(error: &toml::de::Error) -> Problem {
    let problem = Problem::new(Code::Syntax, "the file is not valid TOML");
    let problem = match error.span() {
        Some(span) => problem.at(span).label(error.message()),
        None => problem.note(error.message()),
    };
    problem.note("the rest of the file is checked once this is fixed")
}

fn table(entries: &DeTable<'_>) -> Table {
    let mut entries: Vec<Entry> = entries
        .iter()
        .map(|(key, value)| Entry {
            key: key.get_ref().to_string(),
            key_span: key.span(),
            node: node(value),
        })
        .collect();
    // The crate sorts by key; problems and definitions are wanted in the order of the file.
    entries.sort_by_key(|entry| entry.key_span.start);
    Table { entries }
}

fn node(value: &Spanned<DeValue<'_>>) -> Node {
    let span: Range<usize> = value.span();
    let value = match value.get_ref() {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) => integer(number),
        DeValue::Float(_) => Value::Float,
        DeValue::Boolean(truth) => Value::Boolean(*truth),
        DeValue::Datetime(_) => Value::Date,
        DeValue::Array(items) => Value::Array(items.iter().map(node).collect()),
        DeValue::Table(entries) => Value::Table(table(entries)),
    };
    Node { span, value }
}

fn integer(number: &DeInteger<'_>) -> Value {
    match i64::from_str_radix(number.as_str(), number.radix()) {
        Ok(number) => Value::Integer(number),
        Err(_) => Value::Float,
    }
}
