//! `limit list`: every limit of every target, and how full it is.

use rampmeter_terminal::Failure;
use rampmeter_time::span;
use serde_json::Value;

use crate::cli::listing::{Arguments, show};
use crate::cli::rate::Rate;
use crate::client::text;

/// Runs `limit list`.
pub(super) async fn run(list: Arguments) -> Result<(), Failure> {
    let header = [
        "TARGET",
        "LIMIT",
        "KIND",
        "USED / MAX",
        "HELD",
        "RESERVED",
        "LEARNED",
        "REACHES",
        "CHANGED",
    ];
    let id = |limit: &Value| format!("{}/{}", text(&limit["target"]), text(&limit["name"]));
    show(list, "limits", id, header, |limit| {
        let window = limit["per_ms"]
            .as_i64()
            .map(|per| format!(" {}", span(per)));
        let learned = limit["learned_ceiling"].as_u64();
        [
            text(&limit["target"]),
            text(&limit["name"]),
            format!("{}{}", text(&limit["kind"]), window.unwrap_or_default()),
            format!("{} / {}", limit["used"], limit["max"]),
            limit["held"].to_string(),
            reserved(&limit["reserved"]),
            learned.map_or_else(String::new, |ceiling| ceiling.to_string()),
            Rate::of_json(limit).words(),
            change_words(limit),
        ]
    })
    .await
}

/// The configured maximum of a limit that a person has changed, and when it comes back.
fn change_words(limit: &Value) -> String {
    match (limit["configured"].as_u64(), limit["expires_at"].as_str()) {
        (None, _) => String::new(),
        (Some(configured), None) => format!("was {configured}"),
        (Some(configured), Some(at)) => format!("was {configured}, until {at}"),
    }
}

/// The reserves other than 0, as `2 HIGH`.
fn reserved(reserves: &Value) -> String {
    let kept = ["HIGH", "MEDIUM", "BATCH"].map(|priority| (priority, reserves[priority].as_u64()));
    let told: Vec<String> = kept
        .into_iter()
        .filter_map(|(priority, kept)| {
            Some(format!("{} {priority}", kept.filter(|kept| *kept > 0)?))
        })
        .collect();
    told.join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_reserves_that_keep_something_are_told() {
        assert_eq!(
            reserved(&json!({ "HIGH": 2, "MEDIUM": 0, "BATCH": 0 })),
            "2 HIGH"
        );
        assert_eq!(
            reserved(&json!({ "HIGH": 2, "MEDIUM": 1, "BATCH": 0 })),
            "2 HIGH, 1 MEDIUM"
        );
        assert_eq!(reserved(&json!({ "HIGH": 0, "MEDIUM": 0, "BATCH": 0 })), "");
    }
}
