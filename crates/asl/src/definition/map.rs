//! Map states: the item processor, where the items come from, and how many may run and fail.

use serde_json::Value;

use super::object::Object;
use super::{fields, item_reader, state};
use crate::model::machine::{
    Amount, AnyTemplate, Batcher, Body, Distributed, Items, MapBody, Notes, QueryLanguage,
};
use rampmeter_expression::path::Path;

/// AWS's longest `Label`, in characters.
const LABEL_LIMIT: usize = 40;

/// AWS's largest `MaxInputBytesPerBatch`.
const BATCH_BYTES_LIMIT: u64 = 262_144;

/// Parses the body of a Map state.
pub(super) fn body(
    state: &Object<'_>,
    language: QueryLanguage,
    machine_language: QueryLanguage,
    notes: &mut Notes,
) -> Option<Body> {
    let name = state.one_of(&["ItemProcessor", "Iterator"]);
    if name.is_none() {
        state.require(&["ItemProcessor"]);
    }
    let mut processor = None;
    let mut distributed = None;
    if let Some(object) = state.object(name?) {
        object.allow(&["Comment", "StartAt", "States", "ProcessorConfig"]);
        distributed = read_distributed(state, &object, language);
        processor = state::nested(&object, machine_language, notes);
    }
    let next = fields::transition(state)?;
    let processor = processor?;
    let selector = state.one_of(&["ItemSelector", "Parameters"]);
    Some(Body::Map(Box::new(MapBody {
        processor,
        distributed,
        items: items(state, language)?,
        item_selector: selector.and_then(|name| any_template(state, name, language)),
        max_concurrency: whole(state, "MaxConcurrency", "MaxConcurrencyPath", language),
        tolerated_count: whole(
            state,
            "ToleratedFailureCount",
            "ToleratedFailureCountPath",
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
            state.definite_path("ItemsPath").map(Items::Path)
        }
        QueryLanguage::JsonPath => Some(Items::Path(Path::input())),
        QueryLanguage::Jsonata if state.has("Items") => {
            if !state.is_query("Items") && !state.value("Items").is_some_and(Value::is_array) {
                let message = "Expected value of type Array or a JSONata expression";
                state.fault_at("Items", message.to_owned());
            }
            state.jsonata("Items", "").map(Items::Query)
        }
        QueryLanguage::Jsonata => Some(Items::Input),
    }
}

fn any_template(object: &Object<'_>, name: &str, language: QueryLanguage) -> Option<AnyTemplate> {
    match language {
        QueryLanguage::JsonPath => object.template(name).map(AnyTemplate::JsonPath),
        QueryLanguage::Jsonata => object.jsonata(name, "").map(AnyTemplate::Jsonata),
    }
}

/// `ProcessorConfig`, and the fields of the state that only a Distributed Map has.
fn read_distributed(
    state: &Object<'_>,
    processor: &Object<'_>,
    language: QueryLanguage,
) -> Option<Distributed> {
    let config = processor.object("ProcessorConfig")?;
    config.allow(&["Mode", "ExecutionType"]);
    let mode = config.text("Mode").unwrap_or("INLINE");
    let execution_type = config.text("ExecutionType");
    for (field, value, allowed) in [
        ("Mode", Some(mode), ["INLINE", "DISTRIBUTED"]),
        ("ExecutionType", execution_type, ["STANDARD", "EXPRESS"]),
    ] {
        if value.is_some_and(|value| !allowed.contains(&value)) {
            let message = format!("The value must be {} or {}", allowed[0], allowed[1]);
            config.fault_at(field, message);
        }
    }
    if mode != "DISTRIBUTED" {
        return None;
    }
    config.require(&["ExecutionType"]);
    item_reader::check(state);
    Some(Distributed {
        label: label(state),
        is_express: execution_type == Some("EXPRESS"),
        batcher: batcher(state, language),
        flattens: item_reader::flattens(state),
    })
}

fn label(state: &Object<'_>) -> Option<String> {
    let label = state.text("Label")?;
    let is_sound = (1..=LABEL_LIMIT).contains(&label.chars().count())
        && !label.contains(|char: char| {
            char.is_whitespace() || char.is_control() || "?*<>{}[]:;,\\|^~$#%&`\"/".contains(char)
        });
    if !is_sound {
        let message = format!(
            "A label has 1 to {LABEL_LIMIT} characters, without blanks and special characters"
        );
        state.fault_at("Label", message);
    }
    Some(label.to_owned())
}

fn batcher(state: &Object<'_>, language: QueryLanguage) -> Option<Batcher> {
    let batcher = state.object("ItemBatcher")?;
    fields::check_owner(&batcher, "ItemBatcher", language);
    let max_items = whole(
        &batcher,
        "MaxItemsPerBatch",
        "MaxItemsPerBatchPath",
        language,
    );
    let max_bytes = whole(
        &batcher,
        "MaxInputBytesPerBatch",
        "MaxInputBytesPerBatchPath",
        language,
    );
    if (&max_items, &max_bytes) == (&Amount::None, &Amount::None) {
        batcher.fault(
            "One of these fields is required: [MaxItemsPerBatch, MaxItemsPerBatchPath, \
             MaxInputBytesPerBatch, MaxInputBytesPerBatchPath]"
                .to_owned(),
        );
    }
    for (field, least, most) in [
        ("MaxItemsPerBatch", 1, fields::SECONDS_LIMIT),
        ("MaxInputBytesPerBatch", 1, BATCH_BYTES_LIMIT),
    ] {
        if batcher.value(field).is_some_and(Value::is_number) {
            batcher.integer(field, least..=most);
        }
    }
    Some(Batcher {
        max_items,
        max_bytes,
        batch_input: any_template(&batcher, "BatchInput", language),
    })
}

/// A whole number that is not negative, or the path to one.
fn whole(
    object: &Object<'_>,
    field: &'static str,
    path: &'static str,
    language: QueryLanguage,
) -> Amount {
    object.one_of(&[field, path]);
    if let Some(found) = object.definite_path(path) {
        return Amount::Path(field, found);
    }
    if let Some(query) = fields::query_of(object, field, language) {
        return query.map_or(Amount::None, Amount::Query);
    }
    match object.integer(field, 0..=u64::from(u32::MAX)) {
        Some(number) => Amount::Number(number.into()),
        None => Amount::None,
    }
}

fn percentage(state: &Object<'_>, language: QueryLanguage) -> Amount {
    const FIELD: &str = "ToleratedFailurePercentage";
    const PATH: &str = "ToleratedFailurePercentagePath";
    state.one_of(&[FIELD, PATH]);
    if let Some(found) = state.definite_path(PATH) {
        return Amount::Path(FIELD, found);
    }
    if let Some(query) = fields::query_of(state, FIELD, language) {
        return query.map_or(Amount::None, Amount::Query);
    }
    let Some(value) = state.value(FIELD) else {
        return Amount::None;
    };
    let share = value.as_f64().filter(|share| (0.0..=100.0).contains(share));
    match (value.as_number(), share) {
        (Some(number), Some(_)) => Amount::Number(number.clone()),
        _ => {
            state.fault_at(FIELD, "The value must be from 0 to 100".to_owned());
            Amount::None
        }
    }
}
