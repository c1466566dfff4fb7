//! `Retry` and `Catch`.

use serde_json::Value;

use super::fields::result_path;
use super::grammar::{self, Owner};
use super::object::Object;
use super::{assign, jsonata};
use crate::model::machine::{Catcher, Leaving, QueryLanguage, ResultPath, Retrier};

/// The retriers of a state.
pub(super) fn retriers(state: &Object<'_>, language: QueryLanguage) -> Vec<Retrier> {
    let listed = state.objects("Retry");
    let last = listed.len().saturating_sub(1);
    let read = |(index, retrier)| read_retrier(retrier, language, index == last);
    listed.iter().enumerate().map(read).collect()
}

fn read_retrier(retrier: &Object<'_>, language: QueryLanguage, is_last: bool) -> Retrier {
    grammar::check(retrier, Owner::Retrier, language);
    let attempts = retrier.whole("MaxAttempts").unwrap_or(3);
    let rate = retrier.value("BackoffRate").and_then(Value::as_f64);
    Retrier {
        errors: errors(retrier, is_last),
        interval_seconds: retrier.whole("IntervalSeconds").unwrap_or(1),
        max_attempts: u32::try_from(attempts).unwrap_or(u32::MAX),
        backoff_rate: rate.unwrap_or(2.0),
        max_delay_seconds: retrier.whole("MaxDelaySeconds"),
        full_jitter: retrier.text("JitterStrategy") == Some("FULL"),
    }
}

/// The catchers of a state.
pub(super) fn catchers(state: &Object<'_>, language: QueryLanguage) -> Vec<Catcher> {
    let listed = state.objects("Catch");
    let last = listed.len().saturating_sub(1);
    let read = |(index, catcher)| read_catcher(catcher, language, index, index == last);
    listed.iter().enumerate().filter_map(read).collect()
}

fn read_catcher(
    catcher: &Object<'_>,
    language: QueryLanguage,
    index: usize,
    is_last: bool,
) -> Option<Catcher> {
    grammar::check(catcher, Owner::Catcher, language);
    let errors = errors(catcher, is_last);
    let result_path = match language {
        QueryLanguage::JsonPath => result_path(catcher),
        QueryLanguage::Jsonata => ResultPath::Drop,
    };
    let (assign, leaving) = match language {
        QueryLanguage::JsonPath => (assign::variables(catcher), Leaving::default()),
        QueryLanguage::Jsonata => (None, jsonata::leaving(catcher, &format!("Catch[{index}]/"))),
    };
    Some(Catcher {
        errors,
        result_path,
        assign,
        leaving,
        next: catcher.text("Next")?.to_owned(),
    })
}

/// `ErrorEquals`. `States.ALL` must be alone and in the last retrier or catcher.
fn errors(object: &Object<'_>, is_last: bool) -> Vec<String> {
    let listed = object.value("ErrorEquals").and_then(Value::as_array);
    let names: Vec<String> = listed
        .into_iter()
        .flatten()
        .filter_map(|name| name.as_str().map(str::to_owned))
        .collect();
    if names.iter().any(|name| name == "States.ALL") && !(is_last && names.len() == 1) {
        let message = "States.ALL must appear alone and in the last retrier or catcher".to_owned();
        object.fault_at("ErrorEquals", message);
    }
    names
}
