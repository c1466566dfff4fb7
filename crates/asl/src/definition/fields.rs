//! The fields that states of many types share, read.

use serde_json::Value;

use super::object::Object;
use crate::model::machine::{
    AnyTemplate, Duration, QueryLanguage, ResultPath, Selection, Transition,
};
use rampmeter_expression::jsonata::Query;
use rampmeter_expression::path::{Path, ReferencePath};

/// `InputPath` or `OutputPath`.
pub(super) fn selection(state: &Object<'_>, name: &str) -> Selection {
    match state.value(name) {
        None => Selection::Path(Path::input()),
        Some(Value::Null) => Selection::Nothing,
        Some(_) => state.path(name).map_or(Selection::Nothing, Selection::Path),
    }
}

/// `ResultPath`.
pub(super) fn result_path(object: &Object<'_>) -> ResultPath {
    match object.value("ResultPath") {
        None => ResultPath::Write(ReferencePath::input()),
        Some(Value::Null) => ResultPath::Drop,
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
            // A value of another type has already been noted as a fault.
            let is_open = !state.has("Next") && state.value("End").is_none_or(Value::is_boolean);
            if is_open {
                state.fault("One of these fields is required: [Next, End]".to_owned());
            }
            None
        }
    }
}

/// The expression in a field that may also hold a literal: none if it is not an expression, an inner
/// none if it is a faulty one. `place` is where the object is in its state, such as `ItemBatcher/`.
pub(super) fn query_of(
    object: &Object<'_>,
    name: &str,
    place: &str,
    language: QueryLanguage,
) -> Option<Option<Query>> {
    let is_query = language == QueryLanguage::Jsonata && object.is_query(name);
    is_query.then(|| object.query(name, place))
}

/// A template in the language of its state. `place` is where the object is in its state.
pub(super) fn any_template(
    object: &Object<'_>,
    name: &str,
    place: &str,
    language: QueryLanguage,
) -> Option<AnyTemplate> {
    match language {
        QueryLanguage::JsonPath => object.template(name).map(AnyTemplate::JsonPath),
        QueryLanguage::Jsonata => object.jsonata(name, place).map(AnyTemplate::Jsonata),
    }
}

/// `TimeoutSeconds` or `HeartbeatSeconds`, or its `Path`.
pub(super) fn duration(
    state: &Object<'_>,
    seconds: &'static str,
    path: &'static str,
    language: QueryLanguage,
) -> Duration {
    if let Some(query) = query_of(state, seconds, "", language) {
        return query.map_or(Duration::None, Duration::Query);
    }
    if let Some(seconds) = state.whole(seconds) {
        return Duration::Seconds(seconds);
    }
    state
        .path(path)
        .map_or(Duration::None, |found| Duration::Path(path, found))
}
