//! `jobs` of a target: how its vendor says that a call continues as a job, and how often jobs are polled.

use std::time::Duration;

use rampmeter_call::job::Polling;
use rampmeter_caller::Jobs;
use rampmeter_caller::Profile;

use crate::document::{Reading, Section, Value};
use crate::problem::{Code, Problem};

const MAX_PAUSE: Duration = Duration::from_secs(60 * 60);
const MONTH: Duration = Duration::from_secs(31 * 24 * 60 * 60);

/// `jobs = "status-monitor"`, or `{ kind = "netsuite", initial = "2s", max = "30s", give_up = "1d" }`.
pub(crate) fn read(reading: &Reading<'_>, target: &Section<'_>, profile: &mut Profile) {
    let Some(node) = target.get("jobs") else {
        return;
    };
    if !matches!(node.value, Value::Table(_)) {
        profile.jobs = target.word("jobs", &Jobs::NAMED);
        return;
    }
    let keys = &["kind", "initial", "max", "give_up"];
    let Some(section) = Section::open(reading, "jobs", node, "jobs", keys) else {
        return;
    };
    profile.jobs = section.word("kind", &Jobs::NAMED);
    let usual = Polling::USUAL;
    let pause = Duration::from_millis(1)..=MAX_PAUSE;
    let initial = section.duration("initial", pause.clone());
    let max = section.duration("max", pause);
    let give_up = section.duration("give_up", Duration::from_secs(1)..=MONTH);
    let polling = Polling {
        initial: initial.unwrap_or(usual.initial),
        max: max.unwrap_or(usual.max.max(initial.unwrap_or_default())),
        give_up: give_up.unwrap_or(usual.give_up),
    };
    if polling.initial > polling.max {
        reading.note(
            Problem::new(
                Code::BadValue,
                "the first pause of `jobs` is longer than its longest",
            )
            .at(&node.span)
            .help("raise `max` or lower `initial`"),
        );
    }
    profile.polling = polling;
}
