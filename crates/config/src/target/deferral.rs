//! `max_deferrals`: how many calls of higher priority may start past a lower one before it is due.

use rampmeter_dispatch::{DEFAULT_MAX_DEFERRALS, DeferralBound, MaxDeferrals};

use crate::document::{Node, Reading, Section, Value};
use crate::problem::{Code, Problem};

/// The deferral bounds of a target: one number for both lower lanes, one each, or `"unlimited"`.
pub(crate) fn read(reading: &Reading<'_>, target: &Section<'_>) -> MaxDeferrals {
    let Some(node) = target.get("max_deferrals") else {
        return MaxDeferrals::default();
    };
    if !matches!(node.value, Value::Table(_)) {
        return bound(reading, node).map_or_else(MaxDeferrals::default, MaxDeferrals::both);
    }
    let what = "max_deferrals, which bounds how long MEDIUM and BATCH may be passed";
    let mut bounds = MaxDeferrals::default();
    if let Some(section) = Section::open(reading, "max_deferrals", node, what, &["MEDIUM", "BATCH"])
    {
        for (key, of) in [("MEDIUM", &mut bounds.medium), ("BATCH", &mut bounds.batch)] {
            if let Some(found) = section.get(key).and_then(|node| bound(reading, node)) {
                *of = found;
            }
        }
    }
    bounds
}

fn bound(reading: &Reading<'_>, node: &Node) -> Option<DeferralBound> {
    let bound = match &node.value {
        Value::Text(word) if word == "unlimited" => Some(DeferralBound::Unlimited),
        Value::Integer(number) => u32::try_from(*number)
            .ok()
            .and_then(|number| DeferralBound::at_most(number).ok()),
        _ => None,
    };
    if bound.is_none() {
        reading.note(
            Problem::new(Code::BadDeferrals, "`max_deferrals` must be at least 1, or \"unlimited\"")
                .at(&node.span)
                .note("a lower call that may never be passed would be a higher one")
                .help(format!("leave it out for {DEFAULT_MAX_DEFERRALS}, or write \"unlimited\" for strict priority")),
        );
    }
    bound
}
