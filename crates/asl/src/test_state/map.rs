//! What is special about a test of a Map state: items that nobody reads, and iterations that
//! failed.

use serde_json::Value;

use super::definition::Subject;
use super::mock::MockResult;
use super::{Configuration, Test};
use crate::execution::join::ChildFailure;
use crate::model::state_kind::StateKind;
use rampmeter_expression::Payload;

/// The items of a Map state with an `ItemReader`: those that the client gives, in JSON. Nothing is read in
/// a test.
pub(super) fn items_read(subject: &Subject, configuration: &Configuration) -> Option<Payload> {
    if !subject.fields.contains_key("ItemReader") {
        return None;
    }
    let given = configuration.map_item_reader_data.as_deref();
    let items = given.and_then(|text| Payload::parse(text).ok());
    let is_list = |items: &Payload| items.value().is_array();
    let none = || Payload::from_value(Value::Array(Vec::new()));
    Some(items.filter(is_list).unwrap_or_else(none))
}

impl Test<'_> {
    /// What the branches or iterations of the state fail with, if they do. Without a limit on failures
    /// AWS was recorded to tolerate all of them in a test.
    pub(super) fn failure_below(
        &self,
        answer: &MockResult,
        configuration: &Configuration,
    ) -> Option<ChildFailure> {
        let result = match answer {
            MockResult::Result(result) => result.value(),
            MockResult::Error(mock) => {
                return Some(ChildFailure {
                    error: mock.error.clone(),
                    cause: mock.cause.clone(),
                });
            }
        };
        let tolerance = &self.probe.tolerance;
        let is_limited = tolerance.count.is_some() || tolerance.percentage.is_some();
        let failed = configuration.map_iteration_failure_count.unwrap_or(0);
        let total = result.as_array().map_or(0, Vec::len);
        let total = u32::try_from(total).unwrap_or(u32::MAX);
        let is_exceeded = self.subject.kind() == StateKind::Map
            && is_limited
            && tolerance.is_exceeded(failed, total);
        is_exceeded.then(|| ChildFailure {
            error: Some("States.ExceedToleratedFailureThreshold".to_owned()),
            cause: Some("The specified tolerated failure threshold was exceeded".to_owned()),
        })
    }
}
