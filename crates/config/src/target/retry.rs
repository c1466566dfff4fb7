//! `retry` of a target: how transport failures are retried.

use std::time::Duration;

use rampmeter_call::Retry;

use crate::document::{Reading, Section};
use crate::problem::{Code, Problem};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// `retry = { max_attempts = 5, initial = "1s", max = "2m", max_throttles = 20 }`; what is absent is the preset's.
pub(crate) fn read(reading: &Reading<'_>, target: &Section<'_>, default: Retry) -> Retry {
    let Some(node) = target.get("retry") else {
        return default;
    };
    let keys = &["max_attempts", "initial", "max", "max_throttles"];
    let Some(inner) = Section::open(reading, "retry", node, "retry", keys) else {
        return default;
    };
    let pause = Duration::from_millis(1)..=DAY;
    let count = |key: &str| {
        let count = inner.count(key, 1..=1000, Code::BadValue);
        count.and_then(|count| u32::try_from(count).ok())
    };
    let retry = Retry {
        max_attempts: count("max_attempts").unwrap_or(default.max_attempts),
        initial: inner
            .duration("initial", pause.clone())
            .unwrap_or(default.initial),
        max: inner.duration("max", pause).unwrap_or(default.max),
        max_throttles: count("max_throttles").unwrap_or(default.max_throttles),
    };
    if retry.initial > retry.max {
        reading.note(
            Problem::new(
                Code::BadValue,
                "the first pause of `retry` is longer than its longest",
            )
            .at(&node.span)
            .help("raise `max` or lower `initial`"),
        );
    }
    retry
}
