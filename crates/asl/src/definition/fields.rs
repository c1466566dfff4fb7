//! Which fields a state may have: a table by type and query language. Then the fields that many
//! states share.

use super::object::Object;
use crate::model::machine::{Duration, QueryLanguage, ResultPath, Selection, Transition};
use crate::model::state_kind::StateKind;
use rampmeter_expression::jsonata::Query;
use rampmeter_expression::path::Path;

/// AWS's longest time: 99,999,999 seconds.
pub(super) const SECONDS_LIMIT: u64 = 99_999_999;

const EVERY: &str = "Type Comment QueryLanguage";

/// The fields of a state beyond those that every state has: in both languages, in JSONPath only and
/// in JSONata only.
fn table(kind: StateKind) -> [&'static str; 3] {
    match kind {
        StateKind::Task => [
            "Next End Resource TimeoutSeconds HeartbeatSeconds Retry Catch Credentials Assign",
            "InputPath Parameters ResultSelector ResultPath OutputPath TimeoutSecondsPath \
             HeartbeatSecondsPath",
            "Arguments Output",
        ],
        StateKind::Pass => [
            "Next End Assign",
            "InputPath Parameters Result ResultPath OutputPath",
            "Output",
        ],
        StateKind::Choice => ["Choices Default Assign", "InputPath OutputPath", "Output"],
        StateKind::Wait => [
            "Next End Assign Seconds Timestamp",
            "SecondsPath TimestampPath InputPath OutputPath",
            "Output",
        ],
        StateKind::Succeed => ["", "InputPath OutputPath", "Output"],
        StateKind::Fail => ["Error Cause", "ErrorPath CausePath", ""],
        StateKind::Parallel => [
            "Next End Branches Retry Catch Assign",
            "InputPath Parameters ResultSelector ResultPath OutputPath",
            "Arguments Output",
        ],
        StateKind::Map => [
            "Next End ItemProcessor Iterator ItemSelector Parameters MaxConcurrency ItemReader \
             ItemBatcher ResultWriter ToleratedFailureCount ToleratedFailurePercentage Label Retry \
             Catch Assign",
            "InputPath ItemsPath ResultSelector ResultPath OutputPath MaxConcurrencyPath \
             ToleratedFailureCountPath ToleratedFailurePercentagePath",
            "Items Output",
        ],
    }
}

/// Notes the fields that a state of this kind and language does not have.
pub(super) fn check(state: &Object<'_>, kind: StateKind, language: QueryLanguage) {
    let [both, json_path, jsonata] = table(kind);
    let own = if language == QueryLanguage::JsonPath {
        json_path
    } else {
        jsonata
    };
    let names: Vec<_> = [EVERY, both, own]
        .iter()
        .flat_map(|list| list.split(' '))
        .collect();
    state.allow(&names);
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
        .path(path)
        .map_or(Duration::None, |found| Duration::Path(path, found))
}
