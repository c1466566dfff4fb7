//! `ItemReader` and `ResultWriter` of a Distributed Map: their form. This host reads no items from
//! files and writes no results to them; what a ResultWriter does to the output alone, it does.

use serde_json::Value;

use super::object::Object;
use crate::model::state_kind::StateKind;

/// Fields that hold one word of a few.
const READER_WORDS: [(&str, &[&str]); 5] = [
    (
        "InputType",
        &["CSV", "JSON", "JSONL", "PARQUET", "MANIFEST"],
    ),
    ("Transformation", &["NONE", "LOAD_AND_FLATTEN"]),
    ("ManifestType", &["ATHENA_DATA", "S3_INVENTORY"]),
    (
        "CSVDelimiter",
        &["COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB"],
    ),
    ("CSVHeaderLocation", &["FIRST_ROW", "GIVEN"]),
];

const WRITER_WORDS: [(&str, &[&str]); 2] = [
    ("Transformation", &["NONE", "COMPACT", "FLATTEN"]),
    ("OutputType", &["JSON", "JSONL"]),
];

/// Notes what is wrong with either.
pub(super) fn check(state: &Object<'_>) {
    if let Some(reader) = state.object("ItemReader") {
        reader.allow(&["Resource", "Parameters", "Arguments", "ReaderConfig"]);
        reader.require(&["Resource"]);
        reader.text("Resource");
        if let Some(config) = reader.object("ReaderConfig") {
            config.allow(&[
                "InputType",
                "Transformation",
                "ManifestType",
                "CSVDelimiter",
                "CSVHeaderLocation",
                "CSVHeaders",
                "ItemsPointer",
                "MaxItems",
                "MaxItemsPath",
            ]);
            config.one_of(&["MaxItems", "MaxItemsPath"]);
            check_words(&config, &READER_WORDS);
        }
    }
    if let Some(writer) = state.object("ResultWriter") {
        writer.allow(&["Resource", "Parameters", "Arguments", "WriterConfig"]);
        writer.text("Resource");
        if let Some(config) = writer.object("WriterConfig") {
            config.allow(&["Transformation", "OutputType"]);
            check_words(&config, &WRITER_WORDS);
        }
    }
}

/// An expression stands for whatever it gives.
fn check_words(config: &Object<'_>, fields: &[(&str, &[&str])]) {
    for (field, words) in fields {
        let Some(word) = config.text(field).filter(|word| !word.starts_with("{%")) else {
            continue;
        };
        if !words.contains(&word) {
            let message = format!("The value must be one of: [{}]", words.join(", "));
            config.fault_at(field, message);
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
