//! `on_unknown` and `reconcile` of a target: what happens to a call whose answer was lost, and the question to the vendor
//! whether it happened.

use rampmeter_call::OnUnknown;
use rampmeter_caller::Preset;
use rampmeter_caller::reconcile::{Found, Template};

use crate::document::{Reading, Section};
use crate::problem::{Code, Problem};

/// `on_unknown = "retry"`, "fail" or "reconcile".
pub(crate) fn on_unknown(
    reading: &Reading<'_>,
    target: &Section<'_>,
    preset: Preset,
) -> Option<OnUnknown> {
    let words = [
        ("retry", OnUnknown::Retry),
        ("fail", OnUnknown::Fail),
        ("reconcile", OnUnknown::Reconcile),
    ];
    let on_unknown = target.word("on_unknown", &words);
    check_question(reading, target, preset, on_unknown);
    on_unknown
}

/// `reconcile = { path = "/orders?ref={/number}", found = "/value" }`.
pub(crate) fn question(reading: &Reading<'_>, target: &Section<'_>) -> Option<Template> {
    let node = target.get("reconcile")?;
    let section = Section::open(reading, "reconcile", node, "reconcile", &["path", "found"])?;
    if !section.requires("path") {
        return None;
    }
    let found = match section.get("found") {
        None => Found::Status,
        Some(_) => Found::At(section.parsed("found", Code::BadValue, |text| {
            if text.is_empty() || text.starts_with('/') {
                Ok(text.to_owned())
            } else {
                Err("must be a JSON pointer into the answer, such as \"/value\"".to_owned())
            }
        })?),
    };
    let path = section.text("path")?;
    let template = Template {
        path: path.value,
        found,
    };
    if template.is_well_formed() {
        return Some(template);
    }
    reading.note(
        Problem::new(
            Code::BadValue,
            "`path` must begin with / and hold a placeholder for a part of the call",
        )
        .at(&path.location)
        .help("write \"/orders?ref={/orderNumber}\" for a member of the request body, or {IdempotencyKey}"),
    );
    None
}

/// `on_unknown = "reconcile"` needs a question: the target's own, or one of its vendor.
fn check_question(
    reading: &Reading<'_>,
    target: &Section<'_>,
    preset: Preset,
    on_unknown: Option<OnUnknown>,
) {
    let has_question = target.get("reconcile").is_some() || preset.vendor().question.is_some();
    if on_unknown == Some(OnUnknown::Reconcile)
        && !has_question
        && let Some(node) = target.get("on_unknown")
    {
        reading.note(
            Problem::new(
                Code::MissingKey,
                "on_unknown = \"reconcile\" needs `reconcile`, the question that tells whether a call happened",
            )
            .at(&node.span)
            .help("write reconcile = { path = \"/orders?ref={/orderNumber}\", found = \"/value\" }"),
        );
    }
}
