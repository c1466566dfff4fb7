//! Limit headers of one number each: `RateLimit-Limit` and related headers (drafts 0 to 6), and the unstandardised
//! `X-RateLimit-*`, either plain or with a suffix that names what is counted, as Ariba and others send it. Pure.

use std::time::{Duration, SystemTime};

use rampmeter_call::Answer;

use super::reset::{self, number};
use super::{StatedLimit, Unit, structured};

const PREFIXES: [&str; 3] = ["ratelimit", "x-ratelimit", "x-rate-limit"];

/// The end of a name, what such a limit counts, and its window in seconds.
const SUFFIXES: [(&str, Unit, Option<u64>); 7] = [
    ("", Unit::Calls, None),
    ("-second", Unit::Calls, Some(1)),
    ("-minute", Unit::Calls, Some(60)),
    ("-hour", Unit::Calls, Some(3_600)),
    ("-day", Unit::Calls, Some(86_400)),
    ("-requests", Unit::Calls, None),
    ("-tokens", Unit::Other, None),
];

/// The limits of an answer, by the first of the prefixes that it uses.
pub(super) fn read(answer: &Answer, now: SystemTime) -> Vec<StatedLimit> {
    let by_prefix = |prefix| {
        SUFFIXES
            .into_iter()
            .filter_map(move |suffix| limit(answer, now, prefix, suffix))
            .collect()
    };
    PREFIXES
        .into_iter()
        .map(by_prefix)
        .find(|found: &Vec<StatedLimit>| !found.is_empty())
        .unwrap_or_default()
}

fn limit(
    answer: &Answer,
    now: SystemTime,
    prefix: &str,
    (suffix, unit, window): (&str, Unit, Option<u64>),
) -> Option<StatedLimit> {
    let header = |what: &str| answer.header(&format!("{prefix}-{what}{suffix}"));
    let (limit, remaining) = (
        header("limit").and_then(first_number),
        header("remaining").and_then(first_number),
    );
    if limit.is_none() && remaining.is_none() {
        return None;
    }
    let reset = header("reset").or_else(|| header("reset-after"));
    let window = window.map(Duration::from_secs);
    Some(StatedLimit {
        name: suffix.trim_start_matches('-').to_owned(),
        unit,
        limit,
        remaining,
        window: window.or_else(|| structured::window(answer, limit?)),
        resets_in: reset.and_then(|reset| reset::parse(reset, now)),
    })
}

/// `100`, and the first of `100, 100;w=60`, which older servers send.
fn first_number(text: &str) -> Option<u64> {
    let first = text.split([',', ';']).next().unwrap_or_default();
    number(first.trim()).map(|(whole, _)| whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vendor::tests::answer_with;

    const NOW: u64 = 1_700_000_000;

    fn of(headers: &[(&str, &str)]) -> Vec<StatedLimit> {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(NOW);
        read(&answer_with(200, headers), now)
    }

    fn one(headers: &[(&str, &str)]) -> StatedLimit {
        let found = of(headers);
        assert_eq!(found.len(), 1, "{found:?}");
        found[0].clone()
    }

    #[test]
    fn the_fields_of_the_first_drafts_are_read() {
        let found = one(&[
            ("ratelimit-limit", "100, 100;w=60"),
            ("ratelimit-remaining", "50"),
            ("ratelimit-reset", "7"),
        ]);
        assert_eq!((found.limit, found.remaining), (Some(100), Some(50)));
        assert_eq!(found.resets_in, Some(Duration::from_secs(7)));
        let found = one(&[
            ("ratelimit-policy", "100;w=60"),
            ("ratelimit-limit", "100"),
            ("ratelimit-remaining", "0"),
        ]);
        assert_eq!(found.window, Some(Duration::from_secs(60)));
    }

    #[test]
    fn a_limit_may_name_its_window_or_what_it_counts() {
        let ariba = of(&[
            ("x-ratelimit-limit-second", "1"),
            ("x-ratelimit-remaining-second", "0"),
            ("x-ratelimit-limit-day", "40"),
            ("x-ratelimit-remaining-day", "39"),
        ]);
        assert_eq!(ariba.len(), 2);
        assert_eq!(ariba[1].window, Some(Duration::from_secs(86_400)));
        let model = of(&[
            ("x-ratelimit-remaining-requests", "0"),
            ("x-ratelimit-reset-requests", "6m0s"),
            ("x-ratelimit-remaining-tokens", "7"),
        ]);
        assert_eq!(model[0].resets_in, Some(Duration::from_secs(360)));
        assert_eq!((model[1].unit, model[1].remaining), (Unit::Other, Some(7)));
    }

    #[test]
    fn a_reset_that_cannot_be_read_is_none() {
        let found = one(&[
            ("x-ratelimit-remaining", "0"),
            ("x-ratelimit-reset", "2023-11-14 or so"),
        ]);
        assert_eq!(found.resets_in, None);
        assert_eq!(of(&[("x-ratelimit-limit", "many")]), []);
    }
}
