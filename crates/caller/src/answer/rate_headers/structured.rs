//! `RateLimit` and `RateLimit-Policy` of draft-ietf-httpapi-ratelimit-headers, which are Structured Fields (RFC 9651): lists of
//! named policies since draft 8, a dictionary and a list of quotas before. Pure.

use std::time::Duration;

use sfv::{BareItem, Dictionary, Item, List, ListEntry, Parameters, Parser};

use rampmeter_call::Answer;

use super::reset::MAX_RESET;
use super::{StatedLimit, Unit};

/// The longest field that is read, in bytes.
const MAX_FIELD_BYTES: usize = 8_192;

/// The limits of an answer by any draft. Malformed fields are ignored.
pub(super) fn read(answer: &Answer) -> Vec<StatedLimit> {
    let policy = field(answer, "ratelimit-policy");
    let state = field(answer, "ratelimit");
    let named = named(&policy, &state);
    if named.is_empty() {
        unnamed(&policy, &state)
    } else {
        named
    }
}

/// The window of a quota, by its size, where `RateLimit-Policy` of drafts 4 to 7 lists it.
pub(super) fn window(answer: &Answer, limit: u64) -> Option<Duration> {
    let quotas = quotas(&field(answer, "ratelimit-policy"));
    let found = quotas.into_iter().find(|quota| quota.limit == Some(limit));
    found.and_then(|quota| quota.window)
}

fn field(answer: &Answer, name: &str) -> String {
    let mut text = answer.headers_joined(name);
    if text.len() > MAX_FIELD_BYTES {
        text.clear();
    }
    text
}

/// Since draft 8: `"burst";q=100;w=60` and `"burst";r=50;t=30`, joined by the name of the policy.
fn named(policy: &str, state: &str) -> Vec<StatedLimit> {
    let mut found: Vec<StatedLimit> = Vec::new();
    for (name, parameters) in members(policy) {
        let Some(limit) = integer(&parameters, "q") else {
            continue;
        };
        found.push(StatedLimit {
            unit: match text(&parameters, "qu") {
                None | Some("requests") => Unit::Calls,
                Some("concurrent-requests") => Unit::Concurrency,
                Some(_) => Unit::Other,
            },
            limit: Some(limit),
            window: integer(&parameters, "w").map(Duration::from_secs),
            name,
            ..StatedLimit::default()
        });
    }
    for (name, parameters) in members(state) {
        let Some(remaining) = integer(&parameters, "r") else {
            continue;
        };
        let resets_in = integer(&parameters, "t").map(seconds);
        match found.iter_mut().find(|known| known.name == name) {
            Some(known) => {
                known.remaining = Some(remaining);
                known.resets_in = resets_in;
            }
            None => found.push(StatedLimit {
                name,
                remaining: Some(remaining),
                resets_in,
                ..StatedLimit::default()
            }),
        }
    }
    found
}

/// Before draft 8: `100;w=60` and `limit=100, remaining=50, reset=30`, where the state is that of one quota.
fn unnamed(policy: &str, state: &str) -> Vec<StatedLimit> {
    let mut found = quotas(policy);
    let Some(state) = state_of(state) else {
        return found;
    };
    let only = found.len() == 1;
    let known = found
        .iter_mut()
        .find(|known| known.limit == state.limit || (only && state.limit.is_none()));
    match known {
        Some(known) => {
            known.remaining = state.remaining;
            known.resets_in = state.resets_in;
        }
        None => found.push(state),
    }
    found
}

fn quotas(policy: &str) -> Vec<StatedLimit> {
    let list: List = Parser::new(policy).parse().unwrap_or_default();
    let quotas = list.iter().map(|entry| match entry {
        ListEntry::Item(Item { bare_item, params }) => Some(StatedLimit {
            limit: Some(unsigned(bare_item)?),
            // A quota without a window is not a quota.
            window: Some(Duration::from_secs(integer(params, "w")?)),
            ..StatedLimit::default()
        }),
        ListEntry::InnerList(_) => None,
    });
    quotas.collect::<Option<_>>().unwrap_or_default()
}

fn state_of(text: &str) -> Option<StatedLimit> {
    let state: Dictionary = Parser::new(text).parse().ok()?;
    let number = |key| match state.get(key) {
        Some(ListEntry::Item(item)) => unsigned(&item.bare_item),
        _ => None,
    };
    Some(StatedLimit {
        limit: number("limit"),
        remaining: Some(number("remaining")?),
        resets_in: number("reset").map(seconds),
        ..StatedLimit::default()
    })
}

/// The members of a list of strings with parameters; none if it is a list of anything else.
fn members(text: &str) -> Vec<(String, Parameters)> {
    let list: List = Parser::new(text).parse().unwrap_or_default();
    let members = list.into_iter().map(|entry| match entry {
        ListEntry::Item(item) => {
            let name = item.bare_item.as_string()?.as_str().to_owned();
            Some((name, item.params))
        }
        ListEntry::InnerList(_) => None,
    });
    members.collect::<Option<_>>().unwrap_or_default()
}

fn integer(parameters: &Parameters, key: &str) -> Option<u64> {
    unsigned(parameters.get(key)?)
}

fn unsigned(item: &BareItem) -> Option<u64> {
    u64::try_from(i64::from(item.as_integer()?)).ok()
}

fn text<'p>(parameters: &'p Parameters, key: &str) -> Option<&'p str> {
    Some(parameters.get(key)?.as_string()?.as_str())
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds).min(MAX_RESET)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::vendor::tests::answer_with;

    fn of(headers: &[(&str, &str)]) -> Vec<StatedLimit> {
        read(&answer_with(200, headers))
    }

    #[test]
    fn named_policies_are_joined_with_their_state() {
        let found = of(&[
            (
                "ratelimit-policy",
                "\"burst\";q=100;w=60,\"daily\";q=1000;w=86400",
            ),
            (
                "ratelimit-policy",
                "\"open\";q=5;qu=\"concurrent-requests\"",
            ),
            ("ratelimit", "\"burst\"; r=0; t=30, \"other\";r=7;pk=:YQ==:"),
        ]);
        assert_eq!(found.len(), 4);
        assert_eq!(
            found[0],
            StatedLimit {
                name: "burst".to_owned(),
                unit: Unit::Calls,
                limit: Some(100),
                remaining: Some(0),
                window: Some(Duration::from_secs(60)),
                resets_in: Some(Duration::from_secs(30)),
            }
        );
        assert_eq!((found[1].limit, found[1].remaining), (Some(1000), None));
        assert_eq!(found[2].unit, Unit::Concurrency);
        assert_eq!(
            (found[3].name.as_str(), found[3].remaining),
            ("other", Some(7))
        );
    }

    #[test]
    fn a_dictionary_is_joined_with_the_quota_that_it_names() {
        let policy = ("ratelimit-policy", "10;w=1, 100;w=60;comment=\"x\"");
        let found = of(&[policy, ("ratelimit", "limit=100, remaining=0, reset=30")]);
        assert_eq!((found[0].limit, found[0].remaining), (Some(10), None));
        assert_eq!((found[1].limit, found[1].remaining), (Some(100), Some(0)));
        assert_eq!(found[1].window, Some(Duration::from_secs(60)));
        assert_eq!(found[1].resets_in, Some(Duration::from_secs(30)));
        let alone = of(&[("ratelimit", "limit=10, remaining=4, reset=3")]);
        assert_eq!(alone.len(), 1);
        assert_eq!((alone[0].limit, alone[0].remaining), (Some(10), Some(4)));
    }

    #[test]
    fn malformed_fields_are_as_if_they_were_not_there() {
        for value in [
            "100",
            "burst;q=1",
            "\"a\";q=-1",
            "\"a\";q=x",
            "\"a",
            "\"a\";q=1,",
            "\"a\" ;q=1",
            ",",
            "",
        ] {
            assert_eq!(of(&[("ratelimit-policy", value)]), [], "{value}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[\"a;=,0-9:? \\\\.*-]{0,40}|.{0,40}") {
            let _read = of(&[("ratelimit", &text), ("ratelimit-policy", &text)]);
        }
    }
}
