//! `signals` of a target: what its vendor's answers mean, before the preset is consulted.

use std::borrow::Cow;
use std::time::Duration;

use rampmeter_call::Throttle;
use rampmeter_caller::Meaning;
use rampmeter_caller::vendor::Signal;

use super::signal_condition;
use crate::document::{Node, Reading, Section, Value};
use crate::problem::{Code, Problem};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// `[[targets.X.signals]]`: what answers mean, in the order of the file.
pub(crate) fn read(reading: &Reading<'_>, target: &Section<'_>) -> Vec<Signal> {
    let Some(node) = target.get("signals") else {
        return Vec::new();
    };
    let Value::Array(items) = &node.value else {
        reading.note(
            Problem::new(Code::WrongType, "`signals` must be a list of tables")
                .at(&node.span)
                .help("write one [[targets.NAME.signals]] for each meaning"),
        );
        return Vec::new();
    };
    items
        .iter()
        .filter_map(|item| signal(reading, item))
        .collect()
}

fn signal(reading: &Reading<'_>, node: &Node) -> Option<Signal> {
    let keys = &["status", "code", "when", "means", "pause"];
    let section = Section::open(reading, "signals", node, "a signal", keys)?;
    let says = |key| section.get(key).is_some();
    if !says("status") && !says("code") && !says("when") {
        section.requires("status");
        return None;
    }
    let status = match section.get("status") {
        Some(_) => Some(section.count("status", 100..=599, Code::BadValue)?),
        None => None,
    };
    let code = section.text("code").map(|found| Cow::Owned(found.value));
    let when = signal_condition::read(reading, &section);
    let words = [
        ("success", Meaning::Success),
        ("final", Meaning::Final),
        ("repeat", Meaning::Repeatable),
        ("concurrency", Meaning::Throttled(Throttle::Concurrency)),
        ("window", Meaning::Throttled(Throttle::Window)),
        ("unknown", Meaning::Unknown),
    ];
    let meaning = section
        .requires("means")
        .then(|| section.word("means", &words))
        .flatten()?;
    let pause = section.duration("pause", Duration::ZERO..=DAY);
    if let Some(node) = section.get("pause")
        && !matches!(meaning, Meaning::Throttled(_))
    {
        reading.note(
            Problem::new(
                Code::BadValue,
                "`pause` goes with means = \"window\" or \"concurrency\"",
            )
            .at(&node.span),
        );
    }
    Some(Signal {
        status: status.and_then(|status| u16::try_from(status).ok()),
        code,
        when: Cow::Owned(when?),
        meaning,
        pause,
    })
}
