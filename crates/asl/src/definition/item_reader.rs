//! `ItemReader` and `ResultWriter` of a Distributed Map: their form. This host reads no items from
//! files and writes no results to them; it does carry out what a ResultWriter does to the output
//! alone.

use serde_json::Value;

use super::fields::any_template;
use super::grammar::{self, Owner};
use super::object::Object;
use crate::model::machine::{FileFields, QueryLanguage};
use crate::model::state_kind::StateKind;
use rampmeter_expression::path::Path;

/// Reads both, and notes what is wrong with either.
pub(super) fn read(state: &Object<'_>, language: QueryLanguage) -> Vec<FileFields> {
    let reader = state.object("ItemReader").map(|reader| {
        grammar::check(&reader, Owner::Reader, language);
        let config = reader.object("ReaderConfig");
        if let Some(config) = &config {
            grammar::check(config, Owner::ReaderConfig, language);
        }
        let max_items = config.and_then(|config| config.path("MaxItemsPath"));
        file(&reader, "ItemReader/", "ReaderConfig", max_items, language)
    });
    let writer = state.object("ResultWriter").map(|writer| {
        grammar::check(&writer, Owner::Writer, language);
        if let Some(config) = writer.object("WriterConfig") {
            grammar::check(&config, Owner::WriterConfig, language);
        }
        file(&writer, "ResultWriter/", "WriterConfig", None, language)
    });
    reader.into_iter().chain(writer).collect()
}

/// `place` is where the object is in its state.
fn file(
    object: &Object<'_>,
    place: &str,
    config: &str,
    max_items: Option<Path>,
    language: QueryLanguage,
) -> FileFields {
    let location = match language {
        QueryLanguage::JsonPath => "Parameters",
        QueryLanguage::Jsonata => "Arguments",
    };
    FileFields {
        location: any_template(object, location, place, language),
        config: any_template(object, config, place, language),
        max_items,
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
