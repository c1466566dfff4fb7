//! `limit set` and `limit reset`: another maximum, effective at once. The server makes the change and keeps the audit
//! trail.

use std::time::Duration;

use clap::Args;
use rampmeter_terminal::output::OutputArguments;
use rampmeter_terminal::{Exit, Failure};
use rampmeter_time::duration;
use serde_json::{Value, json};

use crate::cli::answer::print;
use crate::client::ServerArguments;

/// Options of `limit reset`.
#[derive(Debug, Args)]
pub(crate) struct ResetArguments {
    /// The limit, as TARGET/LIMIT.
    limit: String,
    #[command(flatten)]
    change: ChangeArguments,
}

/// Options of `limit set`.
#[derive(Debug, Args)]
pub(crate) struct SetArguments {
    /// The limit, as TARGET/LIMIT.
    limit: String,
    /// The most calls in flight, or in a window.
    max: u64,
    /// Go back to the configuration after this long, such as 2h.
    #[arg(long = "for", value_name = "DURATION", value_parser = duration::parse)]
    lasting: Option<Duration>,
    #[command(flatten)]
    change: ChangeArguments,
}

#[derive(Debug, Args)]
struct ChangeArguments {
    /// Why, for the audit trail.
    #[arg(long, default_value = "")]
    reason: String,
    /// Say what would happen and change nothing.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    server: ServerArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// Runs `limit set`.
pub(super) async fn set(arguments: SetArguments) -> Result<(), Failure> {
    let lasting = arguments
        .lasting
        .map(|lasting| u64::try_from(lasting.as_millis()).unwrap_or(u64::MAX));
    let change = json!({ "max": arguments.max, "lasting_ms": lasting });
    change_limit(&arguments.limit, arguments.change, change).await
}

/// Runs `limit reset`.
pub(super) async fn reset(arguments: ResetArguments) -> Result<(), Failure> {
    change_limit(&arguments.limit, arguments.change, json!({})).await
}

async fn change_limit(
    named: &str,
    arguments: ChangeArguments,
    mut body: Value,
) -> Result<(), Failure> {
    let Some((target, limit)) = named.split_once('/') else {
        let what = format!("{named:?} is not a limit");
        return Err(Failure::new("RM4021", Exit::Usage, what)
            .with_help("rampmeter limit list, then name it as TARGET/LIMIT"));
    };
    body["reason"] = arguments.reason.into();
    body["dry_run"] = arguments.dry_run.into();
    let client = arguments.server.client()?;
    let answer = client
        .change(&["v1", "limits", target, limit], &body)
        .await?;
    print(
        &arguments.output,
        &answer,
        named,
        &changed_words(named, &answer),
    )
}

/// What a change of a limit does, for people.
fn changed_words(named: &str, answer: &Value) -> String {
    let number = |field: &str| answer[field].as_u64().unwrap_or(0);
    let (from, to, used) = (number("from"), number("to"), number("used"));
    let done = if answer["applied"] == true {
        ""
    } else {
        " (not done: --dry-run)"
    };
    let mut lines = vec![format!("{named}  {from} -> {to}{done}")];
    if used > to {
        lines.push(format!(
            "  {used} places are taken: nothing starts until {} of them are free",
            used - to + 1
        ));
    }
    if let Some(at) = answer["expires_at"].as_str() {
        lines.push(format!("  goes back to {} at {at}", number("configured")));
    } else if to != number("configured") {
        lines.push(format!(
            "  the configuration says {}: rampmeter limit reset {named}",
            number("configured")
        ));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_with_what_it_means() {
        let answer = json!({
            "from": 12, "to": 8, "used": 10, "configured": 12, "applied": false, "expires_at": null,
        });
        assert_eq!(
            changed_words("netsuite/account", &answer),
            "netsuite/account  12 -> 8 (not done: --dry-run)\n  \
             10 places are taken: nothing starts until 3 of them are free\n  \
             the configuration says 12: rampmeter limit reset netsuite/account"
        );
        let lasting = json!({
            "from": 12, "to": 8, "used": 1, "configured": 12, "applied": true,
            "expires_at": "2026-01-01T02:00:00Z",
        });
        assert_eq!(
            changed_words("netsuite/account", &lasting),
            "netsuite/account  12 -> 8\n  goes back to 12 at 2026-01-01T02:00:00Z"
        );
    }
}
