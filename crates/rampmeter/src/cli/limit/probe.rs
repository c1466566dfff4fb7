//! `limit probe`: asks the vendor what it allows and compares that with the configuration. Rampmeter never does this by
//! itself: it is a call that the vendor counts, and NetSuite answers it only to administrators.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use rampmeter_call::Outcome;
use rampmeter_caller::Caller;
use rampmeter_caller::vendor::{AllowedCalls, Counted};
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

/// One of the vendor's limits beside ours.
#[derive(Debug)]
struct Row {
    name: &'static str,
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
    let inquiry = target.profile.preset.vendor().limit_inquiry;
    let inquiry = inquiry.ok_or_else(|| no_inquiry(&target))?;
    let mut body = ask(&caller, inquiry.path).await?;
    if let Some(then) = inquiry.then {
        let path = then(&body).ok_or_else(|| unreadable(&body))?;
        body = ask(&caller, &path).await?;
    }
    let rows: Vec<Row> = (inquiry.read)(&body)
        .into_iter()
        .map(|allowed| row(&target, &allowed))
        .collect();
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

fn no_inquiry(target: &Target) -> Failure {
    let what = format!(
        "the preset {} has no way to ask for limits",
        target.profile.preset
    );
    Failure::new("RM2061", Exit::Usage, what)
        .with_help(format!("rampmeter target ping {}", target.name))
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

/// One of the vendor's limits beside what bounds the same in the target.
fn row(target: &Target, allowed: &AllowedCalls) -> Row {
    let (ours, key) = match allowed.counted {
        Counted::Concurrency => (concurrency(target), "concurrency"),
        Counted::Day => (per_day(target), "calls per 24h"),
    };
    let ours = ours.filter(|_| allowed.binding);
    let vendor = allowed.allowed;
    Row {
        name: allowed.name,
        vendor,
        used: allowed.used,
        ours,
        advice: ours.filter(|ours| *ours > vendor).map(|ours| {
            format!("lower {key} from {ours} to {vendor} or less: the vendor would refuse the rest")
        }),
    }
}

fn print(target: &Target, rows: &[Row], format: Format) -> std::io::Result<()> {
    let shown = |number: Option<u64>| number.map_or_else(String::new, |number| number.to_string());
    match format {
        Format::Table => {
            let mut table = Table::new(["LIMIT", "VENDOR", "USED", "OURS", "ADVICE"]);
            for row in rows {
                table.add_row([
                    row.name.to_owned(),
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
        Format::Id => rows.iter().try_for_each(|row| output::data(row.name)),
    }
}
