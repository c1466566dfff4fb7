//! `allow` of a target and of an endpoint: the methods and paths that messages may use there. Without it they may use all of them.

use rampmeter_call::AllowRule;

use crate::document::{Reading, Section};
use crate::problem::{Code, Problem};

/// The rules; absent where there is no such key. A rule that cannot be read lets nothing in.
pub(super) fn read(reading: &Reading<'_>, place: &Section<'_>) -> Option<Vec<AllowRule>> {
    place.get("allow")?;
    let texts = place.texts("allow").unwrap_or_default();
    let rules = texts.into_iter().filter_map(|found| {
        AllowRule::parse(&found.value)
            .map_err(|why| {
                let problem = Problem::new(Code::BadValue, format!("a rule of `allow` {why}"));
                reading.note(problem.at(&found.location));
            })
            .ok()
    });
    Some(rules.collect())
}
