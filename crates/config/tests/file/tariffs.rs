//! Limits that do not count every call once, as a target configures them.

use rampmeter_config::Code;
use rampmeter_dispatch::{AppliesTo, By, Cost, Tariff};

use crate::cases::Case;
use crate::{target, toml};

fn limit(lines: &str) -> String {
    target(&format!(
        "limits = [{{ name = \"x\", calls = 10, per = \"1m\", {lines} }}]"
    ))
}

/// Files with one problem each.
pub(crate) fn cases() -> Vec<Case> {
    vec![
        (limit("applies_to = {}"), Code::BadTariff, "{}"),
        (
            limit("applies_to = { path = \"orders\" }"),
            Code::BadTariff,
            "{ path = \"orders\" }",
        ),
        (limit("cost = 0"), Code::BadTariff, "0"),
        (limit("cost = \"many\""), Code::BadTariff, "\"many\""),
        (limit("by = \"tenant\""), Code::BadTariff, "\"tenant\""),
    ]
}

fn tariff(lines: &str) -> Tariff {
    let config = toml(&limit(lines)).expect("it is valid");
    config.targets["netsuite"].rules.limits[0].tariff.clone()
}

#[test]
fn a_limit_says_which_calls_it_counts_what_they_take_and_for_whom() {
    let of = tariff(
        "applies_to = { endpoint = \"base_url\", method = \"post\", path = \"/a/*\" }, cost = \"Cost\", by = \"/RequestBody/id\"",
    );
    let applies_to = AppliesTo {
        endpoint: Some("base_url".to_owned()),
        method: Some("POST".to_owned()),
        path: Some("/a/*".to_owned()),
    };
    assert_eq!(of.applies_to, applies_to);
    assert_eq!(of.cost, Cost::Of("/Cost".to_owned()));
    assert_eq!(of.by, Some(By::Member("/RequestBody/id".to_owned())));
    assert_eq!(tariff("by = \"MessageGroupId\"").by, Some(By::MessageGroup));
    assert!(tariff("cost = 1").is_plain());
}

#[test]
fn what_a_tariff_does_not_go_with_is_refused() {
    for lines in [
        "cost = 11",
        "by = \"MessageGroupId\", pace = \"even\"",
        "applies_to = { endpoint = \"nowhere\" }",
    ] {
        assert!(toml(&limit(lines)).is_err(), "{lines}");
    }
}
