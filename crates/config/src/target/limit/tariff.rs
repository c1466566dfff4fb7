//! Which calls a limit counts, how many places each takes and for whom: `applies_to`, `cost` and `by`.

use std::num::NonZeroU32;

use rampmeter_caller::Profile;
use rampmeter_dispatch::{AppliesTo, BASE_URL, By, Cost, Rules, Tariff};

use crate::document::{Node, Reading, Section, Value};
use crate::problem::{Code, Problem};

const POINTER: &str =
    "a JSON pointer names a member of the message, such as \"/RequestBody/customer/id\"";

/// Reads the three keys of a limit; every call once, for all together, where there is none.
pub(super) fn read(reading: &Reading<'_>, section: &Section<'_>) -> Option<Tariff> {
    let applies_to = match section.get("applies_to") {
        None => Some(AppliesTo::default()),
        Some(node) => applies_to(reading, node),
    };
    let cost = match section.get("cost") {
        None => Some(Cost::default()),
        Some(node) => cost(reading, node),
    };
    let by = match section.text("by") {
        None => Some(None),
        Some(found) if found.value == "MessageGroupId" => Some(Some(By::MessageGroup)),
        Some(found) if is_pointer(&found.value) => Some(Some(By::Member(found.value))),
        Some(found) => {
            let what = "`by` must be \"MessageGroupId\" or a JSON pointer into the message";
            let problem = Problem::new(Code::BadTariff, what).at(&found.location);
            reading.note(problem.help(POINTER));
            None
        }
    };
    Some(Tariff {
        applies_to: applies_to?,
        cost: cost?,
        by: by?,
    })
}

fn applies_to(reading: &Reading<'_>, node: &Node) -> Option<AppliesTo> {
    let keys = ["endpoint", "method", "path"];
    let inner = Section::open(reading, "applies_to", node, "`applies_to`", &keys)?;
    let text = |key| inner.text(key).map(|found| found.value);
    let applies_to = AppliesTo {
        endpoint: text("endpoint"),
        method: text("method").map(|method| method.to_ascii_uppercase()),
        path: text("path"),
    };
    let is_relative = |path: &str| path.starts_with(['/', '*']);
    let problem = if applies_to == AppliesTo::default() {
        "`applies_to` names no calls: leave it out, and the limit counts all"
    } else if applies_to
        .path
        .as_deref()
        .is_some_and(|path| !is_relative(path))
    {
        "`path` is below the base URL and begins with / or *"
    } else {
        return Some(applies_to);
    };
    reading.note(Problem::new(Code::BadTariff, problem).at(&node.span).help(
        "write, for example, applies_to = { method = \"POST\", path = \"/services/rest/record/v1/*\" }",
    ));
    None
}

fn cost(reading: &Reading<'_>, node: &Node) -> Option<Cost> {
    let cost = match &node.value {
        Value::Integer(places) => u32::try_from(*places)
            .ok()
            .and_then(NonZeroU32::new)
            .map(Cost::Fixed),
        Value::Text(text) if text == "Cost" => Some(Cost::Of("/Cost".to_owned())),
        Value::Text(text) if is_pointer(text) => Some(Cost::Of(text.clone())),
        _ => None,
    };
    if cost.is_none() {
        let what =
            "`cost` must be a number of places, \"Cost\", or a JSON pointer into the message";
        let problem = Problem::new(Code::BadTariff, what).at(&node.span);
        reading.note(problem.help(POINTER).note(
            "\"Cost\" is the member of that name; a pointer to a list stands for its length",
        ));
    }
    cost
}

fn is_pointer(text: &str) -> bool {
    text.len() > 1 && text.starts_with('/')
}

/// Notes each limit of some calls that names an endpoint which the target does not have.
pub(crate) fn check_endpoints(
    reading: &Reading<'_>,
    target: &Section<'_>,
    rules: &Rules,
    profile: &Profile,
) {
    for limit in &rules.limits {
        let Some(endpoint) = &limit.tariff.applies_to.endpoint else {
            continue;
        };
        if endpoint != BASE_URL && !profile.endpoints.contains_key(endpoint) {
            let what = format!(
                "limit `{}` counts the calls of endpoint `{endpoint}`, which the target does not have",
                limit.name
            );
            let node = target.get("limits");
            reading.note(
                Problem::new(Code::BadTariff, what)
                    .at(node.map_or(&target.span, |node| &node.span))
                    .help(format!(
                        "name one of [targets.X.endpoints], or \"{BASE_URL}\""
                    )),
            );
        }
    }
}
