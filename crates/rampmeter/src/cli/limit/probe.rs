//! `limit probe`: asks the vendor what it allows and compares that with the configuration. Never done by itself: it is a
//! call, the vendor counts it, and NetSuite answers it to administrators only.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use rampmeter_call::Outcome;
use rampmeter_caller::{Caller, Preset};
use rampmeter_config::Target;
use rampmeter_dispatch::LimitKind;
use rampmeter_terminal::output::{self, Color, Format, OutputArguments};
use rampmeter_terminal::{Exit, Failure, Table};
use serde_json::{Value, json};

use crate::cli::target::ping;

/// Options of `limit probe`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Name of the target.
    target: String,
    /// The configuration.
    #[arg(long, default_value = "rampmeter.toml")]
    config: PathBuf,
    #[command(flatten)]
    output: OutputArguments,
}

/// One limit of the vendor's beside ours.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    name: String,
    vendor: u64,
    /// What others have used already, where the vendor says so.
    used: Option<u64>,
    ours: Option<u64>,
    advice: Option<String>,
}

const DAY: Duration = Duration::from_secs(86_400);

/// Runs `limit probe`.
pub(crate) async fn run(arguments: Arguments, color: Color) -> Result<(), Failure> {
    let target = ping::target(&arguments.config, &arguments.target, color)?;
    let caller = Caller::new(target.profile.clone()).map_err(|error| {
        Failure::new("RM2007", Exit::Usage, format!("{}: {error}", target.name))
    })?;
    let rows = match target.profile.preset {
        Preset::NetSuite => {
            let body = ask(&caller, "/services/rest/system/v1/governanceLimits").await?;
            netsuite(&body, concurrency(&target))
        }
        Preset::Salesforce => {
            let versions = ask(&caller, "/services/data/").await?;
            let newest = newest_version(&versions).ok_or_else(|| unreadable(&versions))?;
            let body = ask(&caller, &format!("{newest}/limits")).await?;
            salesforce(&body, per_day(&target))
        }
        other => {
            let what = format!("the preset {other} has no way to ask for limits");
            return Err(Failure::new("RM2061", Exit::Usage, what)
                .with_help(format!("rampmeter target ping {}", target.name)));
        }
    };
    print(&target, &rows, arguments.output.format())?;
    if rows.iter().any(|row| row.advice.is_some()) {
        return Err(Failure::Reported(Exit::Failed));
    }
    Ok(())
}

async fn ask(caller: &Caller, path: &str) -> Result<Value, Failure> {
    match ping::call(caller, path).await {
        Outcome::Success(answer) => Ok(answer.body),
        outcome => {
            let what = format!("GET {path}: {}", ping::said(&outcome));
            Err(Failure::new("RM2062", Exit::Failed, what))
        }
    }
}

fn unreadable(body: &Value) -> Failure {
    let start: String = body.to_string().chars().take(200).collect();
    let what = format!("the vendor's answer cannot be read: {start}");
    Failure::new("RM2062", Exit::Failed, what)
}

/// The tightest concurrency of a target.
fn concurrency(target: &Target) -> Option<u64> {
    let limits = target.rules.limits.iter();
    limits
        .filter_map(|limit| match limit.kind {
            LimitKind::Concurrency { max } => Some(u64::from(max)),
            _ => None,
        })
        .min()
}

/// The calls a target may make in a day, where a window or a calendar quota bounds them.
fn per_day(target: &Target) -> Option<u64> {
    let limits = target.rules.limits.iter();
    limits
        .filter_map(|limit| match &limit.kind {
            LimitKind::Window { calls, per } if *per == DAY => Some(*calls),
            LimitKind::Calendar { calls, .. } => Some(*calls),
            _ => None,
        })
        .min()
}

/// `governanceLimits`: the account's whole limit, what of it no integration has for itself, and this integration's own.
fn netsuite(body: &Value, ours: Option<u64>) -> Vec<Row> {
    let number = |name: &str| body.get(name).and_then(Value::as_u64);
    let own = number("integrationConcurrencyLimit")
        .map(|limit| ("this integration's own concurrency", limit));
    let shared = number("accountUnallocatedConcurrencyLimit").map(|limit| {
        (
            "concurrency shared by integrations without their own",
            limit,
        )
    });
    let account =
        number("accountConcurrencyLimit").map(|limit| ("the account's concurrency", limit));
    // The first that is there is the one that binds; the account's is told beside it.
    let binding = own.or(shared).or(account);
    let mut rows: Vec<Row> = binding
        .map(|(name, vendor)| row(name, vendor, None, ours, "concurrency"))
        .into_iter()
        .collect();
    if let Some((name, vendor)) = account.filter(|account| Some(*account) != binding) {
        rows.push(row(name, vendor, None, None, "concurrency"));
    }
    rows
}

/// `DailyApiRequests` of `/limits`.
fn salesforce(body: &Value, ours: Option<u64>) -> Vec<Row> {
    let number = |member: &str| {
        body.pointer(&format!("/DailyApiRequests/{member}"))
            .and_then(Value::as_u64)
    };
    let Some(max) = number("Max") else {
        return Vec::new();
    };
    let used = number("Remaining").map(|left| max.saturating_sub(left));
    vec![row("requests in 24 h", max, used, ours, "calls per 24h")]
}

fn row(name: &str, vendor: u64, used: Option<u64>, ours: Option<u64>, what: &str) -> Row {
    let advice = match ours {
        Some(ours) if ours > vendor => Some(format!(
            "lower {what} from {ours} to {vendor} or less: the vendor would refuse the rest"
        )),
        _ => None,
    };
    Row {
        name: name.to_owned(),
        vendor,
        used,
        ours,
        advice,
    }
}

/// The URL of the highest version in Salesforce's list.
fn newest_version(versions: &Value) -> Option<String> {
    let number = |entry: &Value| -> Option<f64> { entry.get("version")?.as_str()?.parse().ok() };
    let newest = versions
        .as_array()?
        .iter()
        .filter(|entry| number(entry).is_some())
        .max_by(|one, other| {
            number(one)
                .unwrap_or(0.0)
                .total_cmp(&number(other).unwrap_or(0.0))
        })?;
    newest.get("url")?.as_str().map(str::to_owned)
}

fn print(target: &Target, rows: &[Row], format: Format) -> std::io::Result<()> {
    let shown = |number: Option<u64>| number.map_or_else(String::new, |number| number.to_string());
    match format {
        Format::Table => {
            let mut table = Table::new(["LIMIT", "VENDOR", "USED", "OURS", "ADVICE"]);
            for row in rows {
                table.add_row([
                    row.name.clone(),
                    row.vendor.to_string(),
                    shown(row.used),
                    shown(row.ours),
                    row.advice.clone().unwrap_or_default(),
                ]);
            }
            table.print()
        }
        Format::Json | Format::Jsonl => {
            let rows: Vec<Value> = rows
                .iter()
                .map(|row| {
                    json!({
                        "name": row.name, "vendor": row.vendor, "used": row.used, "ours": row.ours,
                        "advice": row.advice,
                    })
                })
                .collect();
            let answer =
                json!({ "schema": "rampmeter.probe/1", "target": target.name, "limits": rows });
            output::json(&answer)
        }
        Format::Id => rows.iter().try_for_each(|row| output::data(&row.name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn netsuites_binding_limit_is_the_narrowest_that_concerns_us() {
        let own = json!({"accountConcurrencyLimit": 15, "accountUnallocatedConcurrencyLimit": 10,
            "integrationLimitType": "integrationSpecific", "integrationConcurrencyLimit": 5});
        let rows = netsuite(&own, Some(12));
        assert_eq!((rows[0].vendor, rows[1].vendor), (5, 15));
        assert!(
            rows[0]
                .advice
                .as_ref()
                .unwrap()
                .starts_with("lower concurrency from 12 to 5")
        );
        let shared = json!({"accountConcurrencyLimit": 15, "accountUnallocatedConcurrencyLimit": 15,
            "integrationLimitType": "accountLimit"});
        let rows = netsuite(&shared, Some(12));
        assert_eq!((rows[0].vendor, &rows[0].advice), (15, &None));
        assert_eq!(netsuite(&json!({}), None), []);
    }

    #[test]
    fn salesforces_daily_limit_is_compared_with_ours() {
        let body = json!({"DailyApiRequests": {"Max": 15000, "Remaining": 14000}});
        let rows = salesforce(&body, Some(100_000));
        assert_eq!((rows[0].vendor, rows[0].used), (15_000, Some(1_000)));
        assert!(rows[0].advice.is_some());
        assert!(salesforce(&body, Some(10_000))[0].advice.is_none());
        assert_eq!(salesforce(&json!([]), None), []);
    }

    #[test]
    fn the_newest_version_is_chosen_by_its_number() {
        let versions = json!([
            {"version": "9.0", "url": "/services/data/v9.0"},
            {"version": "60.0", "url": "/services/data/v60.0"},
            {"label": "broken"},
        ]);
        assert_eq!(
            newest_version(&versions).as_deref(),
            Some("/services/data/v60.0")
        );
        assert_eq!(newest_version(&json!({})), None);
    }
}
