//! Map states: the item processor, where the items come from, and how many may run and fail.

use serde_json::Value;

use super::grammar::{self, Owner};
use super::object::Object;
use super::{fields, item_reader, state};
use crate::model::machine::{
    Amount, Batcher, Body, Distributed, Items, MapBody, Notes, QueryLanguage,
};
use rampmeter_expression::path::Path;

/// Parses the body of a Map state.
pub(super) fn body(
    state: &Object<'_>,
    language: QueryLanguage,
    machine_language: QueryLanguage,
    notes: &mut Notes,
) -> Option<Body> {
    let name = ["ItemProcessor", "Iterator"]
        .into_iter()
        .find(|name| state.has(name))?;
    let mut processor = None;
    let mut distributed = None;
    if let Some(object) = state.object(name) {
        grammar::check(&object, Owner::Processor, machine_language);
        distributed = read_distributed(state, &object, language);
        processor = state::nested(&object, machine_language, notes);
    }
    let next = fields::transition(state)?;
    let processor = processor?;
    let selector = ["ItemSelector", "Parameters"]
        .into_iter()
        .find(|name| state.has(name));
    Some(Body::Map(Box::new(MapBody {
        processor,
        distributed,
        items: items(state, language)?,
        item_selector: selector.and_then(|name| fields::any_template(state, name, "", language)),
        max_concurrency: whole(state, "MaxConcurrency", "MaxConcurrencyPath", "", language),
        tolerated_count: whole(
            state,
            "ToleratedFailureCount",
            "ToleratedFailureCountPath",
            "",
            language,
        ),
        tolerated_percentage: percentage(state, language),
        next,
    })))
}

/// Where the items come from.
fn items(state: &Object<'_>, language: QueryLanguage) -> Option<Items> {
    match language {
        QueryLanguage::JsonPath if state.has("ItemsPath") => {
            state.path("ItemsPath").map(Items::Path)
        }
        QueryLanguage::JsonPath => Some(Items::Path(Path::input())),
        QueryLanguage::Jsonata if state.has("Items") => {
            state.jsonata("Items", "").map(Items::Query)
        }
        QueryLanguage::Jsonata => Some(Items::Input),
    }
}

/// `ProcessorConfig`, and the fields of the state that only a Distributed Map has.
fn read_distributed(
    state: &Object<'_>,
    processor: &Object<'_>,
    language: QueryLanguage,
) -> Option<Distributed> {
    let config = processor.object("ProcessorConfig")?;
    grammar::check(&config, Owner::ProcessorConfig, language);
    let mode = config.text("Mode").unwrap_or("INLINE");
    let execution_type = config.text("ExecutionType");
    if mode != "DISTRIBUTED" {
        return None;
    }
    config.require(&["ExecutionType"]);
    Some(Distributed {
        files: item_reader::read(state, language),
        label: state.text("Label").map(str::to_owned),
        is_express: execution_type == Some("EXPRESS"),
        batcher: batcher(state, language),
        flattens: item_reader::flattens(state),
    })
}

/// Where the fields of an `ItemBatcher` are in their state.
const BATCHER: &str = "ItemBatcher/";

fn batcher(state: &Object<'_>, language: QueryLanguage) -> Option<Batcher> {
    let batcher = state.object("ItemBatcher")?;
    grammar::check(&batcher, Owner::Batcher, language);
    let max_items = whole(
        &batcher,
        "MaxItemsPerBatch",
        "MaxItemsPerBatchPath",
        BATCHER,
        language,
    );
    let max_bytes = whole(
        &batcher,
        "MaxInputBytesPerBatch",
        "MaxInputBytesPerBatchPath",
        BATCHER,
        language,
    );
    if (&max_items, &max_bytes) == (&Amount::None, &Amount::None) {
        batcher.fault(
            "One of these fields is required: [MaxItemsPerBatch, MaxItemsPerBatchPath, \
             MaxInputBytesPerBatch, MaxInputBytesPerBatchPath]"
                .to_owned(),
        );
    }
    Some(Batcher {
        max_items,
        max_bytes,
        batch_input: fields::any_template(&batcher, "BatchInput", BATCHER, language),
    })
}

/// A whole number that is not negative, or the path to one. `place` is where the object is in its state.
fn whole(
    object: &Object<'_>,
    field: &'static str,
    path: &'static str,
    place: &str,
    language: QueryLanguage,
) -> Amount {
    if let Some(found) = object.path(path) {
        return Amount::Path(field, found);
    }
    if let Some(query) = fields::query_of(object, field, place, language) {
        return query.map_or(Amount::None, Amount::Query);
    }
    let number = object.whole(field);
    number.map_or(Amount::None, |number| Amount::Number(number.into()))
}

fn percentage(state: &Object<'_>, language: QueryLanguage) -> Amount {
    const FIELD: &str = "ToleratedFailurePercentage";
    const PATH: &str = "ToleratedFailurePercentagePath";
    if let Some(found) = state.path(PATH) {
        return Amount::Path(FIELD, found);
    }
    if let Some(query) = fields::query_of(state, FIELD, "", language) {
        return query.map_or(Amount::None, Amount::Query);
    }
    let number = state.value(FIELD).and_then(Value::as_number);
    number.map_or(Amount::None, |number| Amount::Number(number.clone()))
}
