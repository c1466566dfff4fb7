//! Which fields a state may have: a table, one row for each field, by type and query language. Then the fields that
//! many states share.

use super::object::Object;
use crate::model::machine::{Duration, QueryLanguage, ResultPath, Selection, Transition};
use crate::model::state_kind::StateKind;
use rampmeter_expression::jsonata::Query;
use rampmeter_expression::path::Path;

/// AWS's longest time: 99,999,999 seconds.
pub(super) const SECONDS_LIMIT: u64 = 99_999_999;

/// A field of states: which types of state have it, and in which language.
struct Row(&'static str, &'static str, Language);

/// The languages that have a field.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Language {
    Both,
    JsonPath,
    Jsonata,
}

/// All fields of all states.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/statemachine-structure.html>
#[rustfmt::skip]
const FIELDS: [Row; 54] = [
    Row("Type", EVERY, Language::Both),
    Row("Comment", EVERY, Language::Both),
    Row("QueryLanguage", EVERY, Language::Both),
    Row("Next", LEADING_ON, Language::Both),
    Row("End", LEADING_ON, Language::Both),
    Row("Assign", "Task Pass Choice Wait Parallel Map", Language::Both),
    Row("Retry", "Task Parallel Map", Language::Both),
    Row("Catch", "Task Parallel Map", Language::Both),
    Row("InputPath", "Task Pass Choice Wait Succeed Parallel Map", Language::JsonPath),
    Row("OutputPath", "Task Pass Choice Wait Succeed Parallel Map", Language::JsonPath),
    Row("ResultPath", "Task Pass Parallel Map", Language::JsonPath),
    Row("ResultSelector", "Task Parallel Map", Language::JsonPath),
    Row("Output", "Task Pass Choice Wait Succeed Parallel Map", Language::Jsonata),
    Row("Arguments", "Task Parallel", Language::Jsonata),
    Row("Parameters", "Task Pass Parallel", Language::JsonPath),
    Row("Parameters", "Map", Language::Both),
    Row("Resource", "Task", Language::Both),
    Row("Credentials", "Task", Language::Both),
    Row("TimeoutSeconds", "Task", Language::Both),
    Row("TimeoutSecondsPath", "Task", Language::JsonPath),
    Row("HeartbeatSeconds", "Task", Language::Both),
    Row("HeartbeatSecondsPath", "Task", Language::JsonPath),
    Row("Result", "Pass", Language::JsonPath),
    Row("Choices", "Choice", Language::Both),
    Row("Default", "Choice", Language::Both),
    Row("Seconds", "Wait", Language::Both),
    Row("SecondsPath", "Wait", Language::JsonPath),
    Row("Timestamp", "Wait", Language::Both),
    Row("TimestampPath", "Wait", Language::JsonPath),
    Row("Error", "Fail", Language::Both),
    Row("ErrorPath", "Fail", Language::JsonPath),
    Row("Cause", "Fail", Language::Both),
    Row("CausePath", "Fail", Language::JsonPath),
    Row("Branches", "Parallel", Language::Both),
    Row("ItemProcessor", "Map", Language::Both),
    Row("Iterator", "Map", Language::Both),
    Row("ItemSelector", "Map", Language::Both),
    Row("Items", "Map", Language::Jsonata),
    Row("ItemsPath", "Map", Language::JsonPath),
    Row("ItemReader", "Map", Language::Both),
    Row("ItemBatcher", "Map", Language::Both),
    Row("ResultWriter", "Map", Language::Both),
    Row("Label", "Map", Language::Both),
    Row("MaxConcurrency", "Map", Language::Both),
    Row("MaxConcurrencyPath", "Map", Language::JsonPath),
    Row("ToleratedFailureCount", "Map", Language::Both),
    Row("ToleratedFailureCountPath", "Map", Language::JsonPath),
    Row("ToleratedFailurePercentage", "Map", Language::Both),
    Row("ToleratedFailurePercentagePath", "Map", Language::JsonPath),
    // The fields of batches, which share the rule.
    Row("MaxItemsPerBatch", "ItemBatcher", Language::Both),
    Row("MaxItemsPerBatchPath", "ItemBatcher", Language::JsonPath),
    Row("MaxInputBytesPerBatch", "ItemBatcher", Language::Both),
    Row("MaxInputBytesPerBatchPath", "ItemBatcher", Language::JsonPath),
    Row("BatchInput", "ItemBatcher", Language::Both),
];

const EVERY: &str = "Task Pass Choice Wait Succeed Fail Parallel Map";
const LEADING_ON: &str = "Task Pass Wait Parallel Map";

/// Notes the fields that a state of this kind and language does not have.
pub(super) fn check(state: &Object<'_>, kind: StateKind, language: QueryLanguage) {
    check_owner(state, kind.as_str(), language);
}

/// Notes the fields that an object does not have; the owner is a type of state or the field that holds the object.
pub(super) fn check_owner(object: &Object<'_>, owner: &str, language: QueryLanguage) {
    for name in object.names() {
        let row = FIELDS
            .iter()
            .find(|row| row.0 == name && row.1.split(' ').any(|one| one == owner));
        match (row.map(|row| row.2), language) {
            (None, _) => object.unsupported(name),
            (Some(Language::Jsonata), QueryLanguage::JsonPath) => {
                object.fault_at(name, of_other_language(name, "JSONPath", "JSONata"));
            }
            (Some(Language::JsonPath), QueryLanguage::Jsonata) => {
                object.fault_at(name, of_other_language(name, "JSONata", "JSONPath"));
            }
            _ => {}
        }
    }
}

fn of_other_language(name: &str, own: &str, other: &str) -> String {
    format!(
        "The QueryLanguage is set to '{own}', but field '{name}' is only supported for the '{other}' \
         QueryLanguage"
    )
}

/// `InputPath` or `OutputPath`.
pub(super) fn selection(state: &Object<'_>, name: &str) -> Selection {
    match state.value(name) {
        None => Selection::Path(Path::input()),
        Some(serde_json::Value::Null) => Selection::Nothing,
        Some(_) => state.path(name).map_or(Selection::Nothing, Selection::Path),
    }
}

/// `ResultPath`.
pub(super) fn result_path(object: &Object<'_>) -> ResultPath {
    match object.value("ResultPath") {
        None => ResultPath::Write(rampmeter_expression::path::ReferencePath::input()),
        Some(serde_json::Value::Null) => ResultPath::Drop,
        Some(_) => object
            .reference_path("ResultPath")
            .map_or(ResultPath::Drop, ResultPath::Write),
    }
}

/// `Next` or `End`, exactly one of them.
pub(super) fn transition(state: &Object<'_>) -> Option<Transition> {
    let (next, end) = (state.text("Next"), state.boolean("End"));
    match (next, end.unwrap_or(false)) {
        (Some(_), true) => {
            state.fault("Only one of these fields is allowed: [Next, End]".to_owned());
            None
        }
        (Some(next), false) => Some(Transition::Next(next.to_owned())),
        (None, true) => Some(Transition::End),
        (None, false) => {
            if !state.has("Next") {
                state.fault("One of these fields is required: [Next, End]".to_owned());
            }
            None
        }
    }
}

/// The expression in a field that may also hold a literal: none when it is no expression, an inner none
/// when it is a faulty one.
pub(super) fn query_of(
    state: &Object<'_>,
    name: &str,
    language: QueryLanguage,
) -> Option<Option<Query>> {
    let is_query = language == QueryLanguage::Jsonata && state.is_query(name);
    is_query.then(|| state.query(name))
}

/// `TimeoutSeconds` or `HeartbeatSeconds`, or its `Path`.
pub(super) fn duration(
    state: &Object<'_>,
    seconds: &'static str,
    path: &'static str,
    language: QueryLanguage,
) -> Duration {
    state.one_of(&[seconds, path]);
    if let Some(query) = query_of(state, seconds, language) {
        return query.map_or(Duration::None, Duration::Query);
    }
    if let Some(seconds) = state.integer(seconds, 1..=SECONDS_LIMIT) {
        return Duration::Seconds(seconds);
    }
    state
        .definite_path(path)
        .map_or(Duration::None, |found| Duration::Path(path, found))
}
