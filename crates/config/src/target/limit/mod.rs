//! Limits of a target, in the form that `dispatch` needs. Each rule of `dispatch` is checked here
//! with its place in the file; `dispatch` itself checks last.

use std::collections::BTreeMap;
use std::time::Duration;

use rampmeter_caller::vendor::{Bound, SuggestedLimit};
use rampmeter_dispatch::{
    CountFrom, Counts, Limit, LimitKind, MAX_WINDOW, MIN_WINDOW, Pace, Priority, Reserve, Rules,
};

use crate::document::{Node, Reading, Section, Value};
use crate::problem::{Code, Problem};
use crate::target::deferral;

pub(super) mod calendar;
mod share;
pub(super) mod tariff;

/// A call has a slot in each limit, and slots are counted in 32 bits.
const MAX_SLOTS: u64 = u32::MAX as u64;

const KEYS: &[&str] = &[
    "name",
    "concurrency",
    "calls",
    "per",
    "reserve",
    "count_from",
    "pace",
    "counts",
    "note",
    "share",
    "reset",
    "reset_margin",
    "applies_to",
    "cost",
    "by",
];

/// Reads `limits` and `max_deferrals` of a target; notes of limits by the limit's name. A target without `limits` gets
/// those that its preset suggests; an empty list means none.
pub(crate) fn read(
    reading: &Reading<'_>,
    target: &Section<'_>,
    suggested: &[SuggestedLimit],
) -> (Rules, BTreeMap<String, String>) {
    let mut rules = Rules {
        limits: Vec::new(),
        max_deferrals: deferral::read(reading, target),
        ..Rules::default()
    };
    let mut notes = BTreeMap::new();
    let before = reading.problems.borrow().len();
    for node in items(reading, target) {
        let Some(section) = Section::open(reading, "limits", node, "a limit", KEYS) else {
            continue;
        };
        let Some(limit) = limit(reading, &section) else {
            continue;
        };
        if rules.limits.iter().any(|other| other.name == limit.name) {
            reading.note(
                Problem::new(
                    Code::DuplicateLimit,
                    format!("two limits are named `{}`", limit.name),
                )
                .at(section.get("name").map_or(&section.span, |node| &node.span)),
            );
            continue;
        }
        if let Some(note) = section.text("note") {
            notes.insert(limit.name.clone(), note.value);
        }
        rules.limits.push(limit);
    }
    if target.get("limits").is_none() {
        for limit in suggested {
            notes.insert(limit.name.to_owned(), format!("suggested: {}", limit.note));
            rules.limits.push(match limit.bound {
                Bound::Concurrency(max) => Limit::concurrency(limit.name, max),
                Bound::Window { calls, per } => Limit::window(limit.name, calls, per),
            });
        }
    }
    if rules.limits.is_empty() && reading.problems.borrow().len() == before {
        reading.note(
            Problem::warning(
                Code::NoLimit,
                "the target has no limit: every call that waits is sent at once",
            )
            .at(target.get("limits").map_or(&target.span, |node| &node.span))
            .help("write what the vendor allows: limits = [{ name = \"minute\", calls = 60, per = \"1m\" }], or { name = \"account\", concurrency = 5 }"),
        );
    }
    if reading.problems.borrow().len() == before
        && let Err(error) = rules.validate()
    {
        reading.note(Problem::new(Code::BadLimit, error.to_string()).at(&target.span));
    }
    (rules, notes)
}

fn items<'a>(reading: &Reading<'_>, target: &Section<'a>) -> &'a [Node] {
    match target.get("limits") {
        None => &[],
        Some(Node {
            value: Value::Array(items),
            ..
        }) => items,
        Some(node) => {
            reading.note(
                Problem::new(Code::WrongType, "`limits` must be a list of tables")
                    .at(&node.span)
                    .help("write one [[targets.NAME.limits]] per limit"),
            );
            &[]
        }
    }
}

fn limit(reading: &Reading<'_>, section: &Section<'_>) -> Option<Limit> {
    let name = section
        .requires("name")
        .then(|| section.parsed("name", Code::BadName, name))
        .flatten();
    let kind = kind(reading, section);
    let count_from = section
        .word(
            "count_from",
            &[("answer", CountFrom::Answer), ("send", CountFrom::Send)],
        )
        .unwrap_or_default();
    let pace = pace(reading, section, kind.as_ref());
    let counts = counts(reading, section, kind.as_ref());
    let max = kind.as_ref().map(whole);
    let reserve = reserve(reading, section, max);
    let share = share::read(reading, section, max.map(|(_, max)| max), reserve);
    let tariff = tariff::read(reading, section);
    Some(Limit {
        name: name?,
        kind: kind?,
        reserve: reserve?,
        share: share?,
        count_from,
        counts,
        pace,
        tariff: tariff?,
    })
}

/// How the slots of a window are taken while work waits; by default, each as soon as it is free.
fn pace(reading: &Reading<'_>, section: &Section<'_>, kind: Option<&LimitKind>) -> Pace {
    let words = [("even", Pace::Even), ("burst", Pace::Burst)];
    let pace = section.word("pace", &words);
    let is_window = kind.is_none_or(|kind| matches!(kind, LimitKind::Window { .. }));
    if !is_window && let Some(node) = section.get("pace") {
        reading.note(
            Problem::new(Code::LimitKind, "`pace` goes with `calls` and `per`")
                .at(&node.span)
                .note("it says how fast the places of a rolling window are taken while work waits"),
        );
    }
    pace.unwrap_or_default()
}

/// What a concurrency limit counts if the vendor works on accepted calls in the background.
fn counts(reading: &Reading<'_>, section: &Section<'_>, kind: Option<&LimitKind>) -> Counts {
    let words = [
        ("requests", Counts::Requests),
        ("jobs", Counts::Jobs),
        ("requests-and-jobs", Counts::RequestsAndJobs),
    ];
    let counts = section.word("counts", &words).unwrap_or_default();
    let is_window = kind.is_some_and(|kind| !matches!(kind, LimitKind::Concurrency { .. }));
    if is_window && let Some(node) = section.get("counts") {
        reading.note(
            Problem::new(
                Code::LimitKind,
                "`counts` goes with `concurrency`, not with `calls`",
            )
            .at(&node.span)
            .note("a window counts requests: a call, and each poll of its job"),
        );
    }
    counts
}

fn name(text: &str) -> Result<String, String> {
    let served = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !text.is_empty() && text.len() <= 64 && text.chars().all(served) {
        Ok(text.to_owned())
    } else {
        Err("must be 1 to 64 letters, digits, - or _".to_owned())
    }
}

fn kind(reading: &Reading<'_>, section: &Section<'_>) -> Option<LimitKind> {
    calendar::refuse_margin_alone(reading, section);
    match (section.get("concurrency"), section.get("calls")) {
        (Some(_), None) => {
            if let Some(per) = section.get("per") {
                reading.note(
                    Problem::new(
                        Code::LimitKind,
                        "`per` goes with `calls`, not with `concurrency`",
                    )
                    .at(&per.span)
                    .note("concurrency counts calls in flight, at any moment"),
                );
            }
            if let Some(reset) = section.get("reset") {
                reading.note(
                    Problem::new(
                        Code::BadReset,
                        "`reset` goes with `calls`, not with `concurrency`",
                    )
                    .at(&reset.span),
                );
            }
            let max = section.count("concurrency", 1..=MAX_SLOTS, Code::BadLimit)?;
            Some(LimitKind::Concurrency {
                max: u32::try_from(max).unwrap_or(u32::MAX),
            })
        }
        (None, Some(_)) => {
            let calls = section.count("calls", 1..=MAX_SLOTS, Code::BadLimit);
            if section.get("reset").is_some() {
                let reset = calendar::read(reading, section);
                return Some(LimitKind::Calendar {
                    calls: calls?,
                    reset: reset?,
                });
            }
            let per = section.requires("per").then(|| window(reading, section));
            Some(LimitKind::Window {
                calls: calls?,
                per: per??,
            })
        }
        (Some(_), Some(calls)) => {
            reading.note(
                Problem::new(
                    Code::LimitKind,
                    "a limit is of one kind: `concurrency`, or `calls` and `per`",
                )
                .at(&calls.span)
                .help("make two limits of it: a call must pass all limits of its target"),
            );
            None
        }
        (None, None) => {
            reading.note(
                Problem::new(
                    Code::LimitKind,
                    "a limit needs `concurrency`, or `calls` and `per` (or `reset`)",
                )
                .at(&section.span)
                .help("write `concurrency = 12`, or `calls = 600` and `per = \"1m\"`"),
            );
            None
        }
    }
}

/// The key that sets how many slots a limit has, and that number.
type Whole = (&'static str, u64);

fn whole(kind: &LimitKind) -> Whole {
    match *kind {
        LimitKind::Concurrency { max } => ("concurrency", u64::from(max)),
        LimitKind::Window { calls, .. } | LimitKind::Calendar { calls, .. } => ("calls", calls),
    }
}

fn window(reading: &Reading<'_>, section: &Section<'_>) -> Option<Duration> {
    let per = section.duration("per", Duration::ZERO..=Duration::MAX)?;
    if (MIN_WINDOW..=MAX_WINDOW).contains(&per) {
        return Some(per);
    }
    let problem = Problem::new(Code::BadWindow, "a window is from 100ms to 31d long");
    reading.note(match section.get("per") {
        Some(node) => problem.at(&node.span),
        None => problem,
    });
    None
}

fn reserve(reading: &Reading<'_>, section: &Section<'_>, whole: Option<Whole>) -> Option<Reserve> {
    let Some(node) = section.get("reserve") else {
        return Some(Reserve::default());
    };
    if let Value::Table(table) = &node.value
        && let Some(entry) = table.entries.iter().find(|entry| entry.key == "BATCH")
    {
        reading.note(
            Problem::new(Code::BadLimit, "a reserve for BATCH keeps nothing")
                .at(&entry.key_span)
                .note("a reserve is open to its priority and those above it, and every priority is above BATCH"),
        );
        return None;
    }
    let inner = Section::open(reading, "reserve", node, "a reserve", &["HIGH", "MEDIUM"])?;
    let places = |key| match inner.get(key) {
        None => Some(0),
        Some(_) => inner
            .count(key, 0..=MAX_SLOTS, Code::BadLimit)
            .and_then(|count| u32::try_from(count).ok()),
    };
    let (high, medium) = (places("HIGH"), places("MEDIUM"));
    let reserve = Reserve {
        high: high?,
        medium: medium?,
        batch: 0,
    };
    check_reserve(reading, section, node, reserve, whole?).then_some(reserve)
}

fn check_reserve(
    reading: &Reading<'_>,
    section: &Section<'_>,
    node: &Node,
    reserve: Reserve,
    (key, max): Whole,
) -> bool {
    let total = reserve.total();
    if total < max {
        return true;
    }
    let mut problem = if total > max {
        Problem::new(Code::ReserveOverLimit, "the reserves exceed the limit")
            .note("a reserve is a guarantee, and cannot be over-booked")
    } else {
        Problem::new(Code::ReserveOverLimit, "the reserves take the whole limit")
            .note(format!("no {} call could ever start", Priority::Batch))
    };
    if let Some(whole) = section.get(key) {
        problem = problem.related(&whole.span, "the whole limit");
    }
    reading.note(
        problem
            .at(&node.span)
            .label(format!("{total} places promised"))
            .help(format!("lower one of them, or raise `{key}`")),
    );
    false
}
