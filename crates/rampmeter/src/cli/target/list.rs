//! `target list`: what waits, what is in flight, what the vendor refused.

use rampmeter_terminal::Failure;
use serde_json::Value;

use crate::cli::listing::{Arguments, show};
use crate::client::text;

/// Runs `target list`.
pub(super) async fn run(list: Arguments) -> Result<(), Failure> {
    let header = [
        "TARGET",
        "HIGH",
        "MEDIUM",
        "BATCH",
        "IN FLIGHT",
        "HELD",
        "THROTTLES",
        "PAUSED",
    ];
    show(
        list,
        "targets",
        |target| text(&target["name"]),
        header,
        |target| {
            let waiting = &target["waiting"];
            [
                text(&target["name"]),
                waiting["HIGH"].to_string(),
                waiting["MEDIUM"].to_string(),
                waiting["BATCH"].to_string(),
                target["in_flight"].to_string(),
                target["held"].to_string(),
                target["throttles"].to_string(),
                paused_words(target),
            ]
        },
    )
    .await
}

fn paused_words(target: &Value) -> String {
    let paused = target["paused"].as_array().into_iter().flatten();
    let words: Vec<&str> = paused.filter_map(Value::as_str).collect();
    if words.contains(&"target") {
        "all".to_owned()
    } else {
        words.join(", ")
    }
}
