//! What happens to a POST whose answer is lost: the one default of a target that a person should know before it
//! matters.

use rampmeter_call::{OnUnknown, RepeatSafety, Request};
use rampmeter_config::{Config, Target, Worker};
use serde_json::{Value, json};

/// One line for each target, in words, and the same for programs.
pub(super) fn of(config: &Config) -> Vec<(String, Value)> {
    let ours = config.targets.values();
    ours.filter(|target| target.worker == Worker::Embedded)
        .map(|target| {
            let (rule, words) = rule(target);
            let line = format!("{}: a POST whose answer is lost {words}", target.name);
            (line, json!({ "target": target.name, "lost_post": rule }))
        })
        .collect()
}

fn rule(target: &Target) -> (&'static str, String) {
    match target.on_unknown {
        Some(OnUnknown::Retry) => ("retry", "is sent again, as on_unknown says".to_owned()),
        Some(OnUnknown::Fail) => (
            "fail",
            "fails with Rampmeter.OutcomeUnknown, as on_unknown says".to_owned(),
        ),
        Some(OnUnknown::Reconcile) => ("reconcile", "is asked about first".to_owned()),
        None if target.profile.reconcile.is_some() => (
            "reconcile",
            "is asked about first, by `reconcile`".to_owned(),
        ),
        None => by_default(target),
    }
}

fn by_default(target: &Target) -> (&'static str, String) {
    let insert = Request {
        method: "POST".to_owned(),
        idempotency_key: "key".to_owned(),
        ..Request::get("/")
    };
    let vendor = target.profile.preset.vendor();
    match target.profile.repeat_safety(&insert) {
        RepeatSafety::Safe => (
            "retry",
            format!(
                "is sent again with the same key in {}; if the vendor does not honour it, write on_unknown = \"fail\" or `reconcile`",
                target.profile.idempotency().headers().join(" and ")
            ),
        ),
        RepeatSafety::CanAsk => ("reconcile", "is asked about first".to_owned()),
        RepeatSafety::Unsafe if vendor.question.is_some() => (
            "fail",
            "is asked about where the vendor can be asked, else it fails with Rampmeter.OutcomeUnknown; write records under ids of your own (PUT or the vendor's upsert), or let `reconcile` ask".to_owned(),
        ),
        RepeatSafety::Unsafe => (
            "fail",
            "fails with Rampmeter.OutcomeUnknown, for a repeat might do it twice; write records under ids of your own (PUT or the vendor's upsert), or let `reconcile` ask".to_owned(),
        ),
    }
}
