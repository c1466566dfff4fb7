//! `Retry` and `Catch`.

use super::fields::{SECONDS_LIMIT, result_path};
use super::object::Object;
use super::{assign, jsonata};
use crate::model::machine::{Catcher, Leaving, QueryLanguage, ResultPath, Retrier};

/// AWS's longest `MaxDelaySeconds`.
const MAX_DELAY_LIMIT: u64 = 31_622_400;

/// The retriers of a state.
pub(super) fn retriers(state: &Object<'_>) -> Vec<Retrier> {
    let Some(listed) = state
        .has("Retry")
        .then(|| state.objects_or_none("Retry"))
        .flatten()
    else {
        return Vec::new();
    };
    let last = listed.len().saturating_sub(1);
    listed
        .iter()
        .enumerate()
        .map(|(index, retrier)| read_retrier(retrier, index == last))
        .collect()
}

fn read_retrier(retrier: &Object<'_>, is_last: bool) -> Retrier {
    retrier.allow(&[
        "ErrorEquals",
        "IntervalSeconds",
        "MaxAttempts",
        "BackoffRate",
        "MaxDelaySeconds",
        "JitterStrategy",
        "Comment",
    ]);
    let attempts = retrier
        .integer("MaxAttempts", 0..=SECONDS_LIMIT)
        .unwrap_or(3);
    let jitter = retrier.text("JitterStrategy").unwrap_or("NONE");
    retrier.one_of_values("JitterStrategy", jitter, &["NONE", "FULL"]);
    Retrier {
        errors: errors(retrier, is_last),
        interval_seconds: retrier
            .integer("IntervalSeconds", 1..=SECONDS_LIMIT)
            .unwrap_or(1),
        max_attempts: u32::try_from(attempts).unwrap_or(u32::MAX),
        backoff_rate: backoff_rate(retrier),
        max_delay_seconds: retrier.integer("MaxDelaySeconds", 1..=MAX_DELAY_LIMIT),
        full_jitter: jitter == "FULL",
    }
}

fn backoff_rate(retrier: &Object<'_>) -> f64 {
    let Some(value) = retrier.value("BackoffRate") else {
        return 2.0;
    };
    match value.as_f64().filter(|rate| *rate >= 1.0) {
        Some(rate) => rate,
        None => {
            retrier.fault_at("BackoffRate", "The value must be at least 1.0".to_owned());
            2.0
        }
    }
}

/// The catchers of a state.
pub(super) fn catchers(state: &Object<'_>, language: QueryLanguage) -> Vec<Catcher> {
    let Some(listed) = state
        .has("Catch")
        .then(|| state.objects_or_none("Catch"))
        .flatten()
    else {
        return Vec::new();
    };
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
    let own = if language == QueryLanguage::JsonPath {
        "ResultPath"
    } else {
        "Output"
    };
    catcher.allow(&["ErrorEquals", "Next", "Comment", "Assign", own]);
    catcher.require(&["Next"]);
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

/// `ErrorEquals`. `States.ALL` stands alone and in the last place.
fn errors(object: &Object<'_>, is_last: bool) -> Vec<String> {
    object.require(&["ErrorEquals"]);
    let Some(value) = object.value("ErrorEquals") else {
        return Vec::new();
    };
    let names: Option<Vec<String>> = value.as_array().and_then(|items| {
        items
            .iter()
            .map(|item| item.as_str().map(str::to_owned))
            .collect()
    });
    let Some(names) = names.filter(|names| !names.is_empty()) else {
        object.fault_at("ErrorEquals", "Expected a list of error names".to_owned());
        return Vec::new();
    };
    if names.iter().any(|name| name == "States.ALL") && !(is_last && names.len() == 1) {
        let message = "States.ALL must appear alone and in the last retrier or catcher".to_owned();
        object.fault_at("ErrorEquals", message);
    }
    names
}
