//! `call list`: what waits, and why.

use rampmeter_terminal::Failure;

use crate::cli::listing::{Arguments, show};
use crate::client::text;

/// Runs `call list`.
pub(super) async fn run(list: Arguments) -> Result<(), Failure> {
    let header = [
        "CALL", "TARGET", "PRIORITY", "KEY", "STANDING", "AHEAD", "HELD BY",
    ];
    show(list, "calls", "id", header, |call| {
        let ahead = call["ahead"]
            .as_u64()
            .filter(|_| call["standing"] == "waiting");
        [
            text(&call["id"]),
            text(&call["target"]),
            text(&call["priority"]),
            text(&call["key"]),
            text(&call["standing"]),
            ahead.map_or_else(String::new, |ahead| ahead.to_string()),
            text(&call["held_by"]),
        ]
    })
    .await
}
