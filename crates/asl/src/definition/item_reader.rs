//! `ItemReader` and `ResultWriter` of a Distributed Map: their form. This host reads no items from
//! files and writes no results to them; what a ResultWriter does to the output alone, it does.

use serde_json::Value;

use super::grammar::{self, Owner};
use super::object::Object;
use crate::model::machine::QueryLanguage;
use crate::model::state_kind::StateKind;

/// Notes what is wrong with either.
pub(super) fn check(state: &Object<'_>, language: QueryLanguage) {
    if let Some(reader) = state.object("ItemReader") {
        grammar::check(&reader, Owner::Reader, language);
        if let Some(config) = reader.object("ReaderConfig") {
            grammar::check(&config, Owner::ReaderConfig, language);
        }
    }
    if let Some(writer) = state.object("ResultWriter") {
        grammar::check(&writer, Owner::Writer, language);
        if let Some(config) = writer.object("WriterConfig") {
            grammar::check(&config, Owner::WriterConfig, language);
        }
    }
}

fn transformation<'v>(state: &Object<'v>) -> Option<&'v str> {
    let config = state.value("ResultWriter")?.get("WriterConfig")?;
    config.get("Transformation").and_then(Value::as_str)
}

/// Whether results that are arrays are put together into one.
pub(super) fn flattens(state: &Object<'_>) -> bool {
    transformation(state) == Some("FLATTEN")
}

/// Why this host cannot run a Map state, if it cannot.
pub(super) fn unserved(state: &Object<'_>, kind: StateKind) -> Option<String> {
    if kind != StateKind::Map {
        return None;
    }
    if state.has("ItemReader") {
        return Some("Map states that read their items from a file (ItemReader)".to_owned());
    }
    let writer = state.value("ResultWriter")?;
    if writer.get("Resource").is_some() {
        return Some("Map states that write their results to a file (ResultWriter)".to_owned());
    }
    (transformation(state) == Some("NONE"))
        .then(|| "a ResultWriter with the Transformation NONE".to_owned())
}
