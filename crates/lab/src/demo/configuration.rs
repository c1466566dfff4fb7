//! The order-sync example as a run uses it: its configuration with the run's own address, limits and times, written
//! with its workflow into the data directory, so that `serve` can be pointed at the same data afterwards.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rampmeter_config::Config;
use serde_json::Value;

use super::report::grouped;

const CONFIGURATION: &str = include_str!("../../../../examples/order-sync/rampmeter.toml");
const WORKFLOW: &str = include_str!("../../../../examples/order-sync/order-sync.asl.json");
const ORDERS: &str = include_str!("../../../../examples/order-sync/orders.jsonl");

/// Name of the example's workflow.
pub(crate) const WORKFLOW_NAME: &str = "order-sync";
/// Name of the example's target.
pub(crate) const TARGET: &str = "netsuite";
/// The environment variable the example takes the target's bearer value from.
pub(crate) const BEARER_VARIABLE: &str = "NETSUITE_TOKEN";
/// What the stand-in of a run demands as bearer value.
pub(crate) const BEARER: &str = "demo";
/// The configuration's file name in the data directory.
pub(crate) const FILE_NAME: &str = "rampmeter.toml";

/// The numbers of one run.
#[derive(Debug, Clone)]
pub(crate) struct Figures {
    /// Executions in all.
    pub(crate) executions: u32,
    /// Decides priorities and latencies.
    pub(crate) seed: u64,
    /// Calls in flight at most.
    pub(crate) concurrency: u32,
    /// Of these, how many are kept for HIGH.
    pub(crate) reserve_high: u32,
    /// Calls in any second at most; `None` has no such limit.
    pub(crate) calls_per_second: Option<u64>,
    /// Calls in any minute at most.
    pub(crate) calls_per_minute: u64,
    /// The windows count a call from its send instead of its answer.
    pub(crate) count_from_send: bool,
    /// How fast the vendor is.
    pub(crate) speed: Speed,
    /// The vendor's longest run time, if it is bounded.
    pub(crate) longest: Option<Duration>,
    /// The target's `timeout` and `hold_after_timeout`, where the example's are not wanted.
    pub(crate) timeouts: Option<(Duration, Duration)>,
}

/// How long the vendor works on a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speed {
    /// It answers at once.
    Instant,
    /// As real vendors do.
    LogNormal {
        /// The mean.
        mean: Duration,
        /// The 99th percentile.
        p99: Duration,
    },
    /// Anything between the two, most of it short.
    Jitter {
        /// The shortest.
        least: Duration,
        /// The longest.
        most: Duration,
    },
}

impl Speed {
    /// About how long a call takes.
    pub(crate) fn mean(self) -> Duration {
        match self {
            Speed::Instant => Duration::ZERO,
            Speed::LogNormal { mean, .. } => mean,
            // The mean of the stand-in's jitter is this part of the longest where that is 2,000 times the shortest.
            Speed::Jitter { most, .. } => most / 25,
        }
    }
}

impl Default for Figures {
    /// A Premium account of NetSuite, answering about six times as fast.
    fn default() -> Figures {
        Figures {
            executions: 3_000,
            seed: 1,
            concurrency: 15,
            reserve_high: 0,
            calls_per_second: None,
            calls_per_minute: 6_000,
            count_from_send: false,
            speed: NETSUITE_FASTER,
            longest: None,
            timeouts: None,
        }
    }
}

impl Figures {
    /// What is run, in words.
    pub(crate) fn sentence(&self) -> String {
        let speed = match self.speed {
            Speed::Instant => "answering at once".to_owned(),
            Speed::LogNormal { mean, p99 } => {
                format!("answering in {mean:?} on average, {p99:?} at p99")
            }
            Speed::Jitter { least, most } => format!("answering in {least:?} to {most:?}"),
        };
        let compared = match self.speed {
            NETSUITE_FASTER => " (NetSuite, about six times as fast)",
            _ => "",
        };
        let second = self
            .calls_per_second
            .map(|calls| format!(", {} in any second", grouped(calls)));
        format!(
            "{} orders for a vendor that takes {} calls at once{} and {} in any minute, \
             {speed}{compared}",
            grouped(self.executions.into()),
            grouped(self.concurrency.into()),
            second.unwrap_or_default(),
            grouped(self.calls_per_minute),
        )
    }
}

/// Mean and 99th percentile of the default run: NetSuite's own are about six times as long.
const NETSUITE_FASTER: Speed = Speed::LogNormal {
    mean: Duration::from_millis(250),
    p99: Duration::from_millis(800),
};

/// The sample orders.
///
/// # Panics
/// When the example's file is not one JSON object a line: it is ours.
pub(crate) fn sample_orders() -> Vec<Value> {
    let orders: Result<Vec<Value>, _> = ORDERS.lines().map(serde_json::from_str).collect();
    orders.expect("the example's orders are JSON, one a line")
}

/// Writes configuration and workflow into `data_dir` and returns the configuration's path.
///
/// # Errors
/// When they cannot be written.
pub(crate) fn write(data_dir: &Path, figures: &Figures, vendor: SocketAddr) -> io::Result<PathBuf> {
    fs::write(data_dir.join("order-sync.asl.json"), WORKFLOW)?;
    let path = data_dir.join(FILE_NAME);
    fs::write(&path, text(data_dir, figures, vendor))?;
    Ok(path)
}

/// Loads what [`write`] wrote.
///
/// # Errors
/// When it does not pass the checks every configuration passes.
pub(crate) fn load(path: &Path) -> Result<Config, rampmeter_config::Report> {
    Config::load(path, &|name| {
        (name == BEARER_VARIABLE).then(|| BEARER.to_owned())
    })
}

/// ARN of the workflow in this account and region.
pub(crate) fn state_machine_arn(config: &Config) -> String {
    let (region, account) = (&config.server.region, &config.server.account);
    format!("arn:aws:states:{region}:{account}:stateMachine:{WORKFLOW_NAME}")
}

fn text(data_dir: &Path, figures: &Figures, vendor: SocketAddr) -> String {
    let mut text = CONFIGURATION.to_owned();
    let mut set = |table: &str, key: &str, value: String| {
        text = with_value(&text, table, key, &value);
    };
    set(
        "server",
        "data_dir",
        quoted(&data_dir.display().to_string()),
    );
    set(
        "targets.netsuite",
        "base_url",
        quoted(&format!("http://{vendor}")),
    );
    if let Some((timeout, hold)) = figures.timeouts {
        set("targets.netsuite", "timeout", milliseconds(timeout));
        set("targets.netsuite", "hold_after_timeout", milliseconds(hold));
    }
    set(
        "targets.netsuite.limits",
        "concurrency",
        figures.concurrency.to_string(),
    );
    set(
        "targets.netsuite.limits",
        "calls",
        figures.calls_per_minute.to_string(),
    );
    if figures.reserve_high > 0 {
        let reserve = format!("{{ HIGH = {} }}", figures.reserve_high);
        set("targets.netsuite.limits", "reserve", reserve);
    }
    let counted = if figures.count_from_send {
        "\ncount_from = \"send\""
    } else {
        ""
    };
    set("targets.netsuite.limits", "per", format!("\"1m\"{counted}"));
    if let Some(calls) = figures.calls_per_second {
        text.push_str(&format!(
            "\n[[targets.netsuite.limits]]\nname = \"second\"\ncalls = {calls}\nper = \"1s\"{counted}\n"
        ));
    }
    text
}

/// A TOML basic string. JSON's escapes are among TOML's.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

fn milliseconds(duration: Duration) -> String {
    quoted(&format!("{}ms", duration.as_millis()))
}

/// The text with `key` of `table` set: in place of its line, else below the table's header, else in a new table at the
/// end. The rest stays as it is, comments too. Of several tables with one name, the first that has the key is changed.
fn with_value(text: &str, table: &str, key: &str, value: &str) -> String {
    let setting = format!("{key} = {value}");
    let mut lines: Vec<&str> = text.lines().collect();
    let mut inside = false;
    let mut header = None;
    let mut place = None;
    for (number, line) in lines.iter().enumerate() {
        if let Some(name) = table_name(line) {
            inside = name == table;
            header = header.or(inside.then_some(number));
        } else if inside
            && line
                .split('=')
                .next()
                .is_some_and(|name| name.trim() == key)
        {
            place = place.or(Some(number));
        }
    }
    let new_table = format!("\n[{table}]");
    match (place, header) {
        (Some(number), _) => lines[number] = &setting,
        (None, Some(number)) => lines.insert(number + 1, &setting),
        (None, None) => lines.extend([new_table.as_str(), &setting]),
    }
    lines.join("\n") + "\n"
}

/// The name in a table's header, of a table or of one in an array of them.
fn table_name(line: &str) -> Option<&str> {
    let line = line.split('#').next()?.trim();
    let name = line.strip_prefix('[')?.strip_suffix(']')?;
    Some(
        name.strip_prefix('[')
            .and_then(|name| name.strip_suffix(']'))
            .unwrap_or(name)
            .trim(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_set_in_place_below_its_header_or_in_a_new_table() {
        let text = "a = 1\n[x]  # first\nb = 2\n[[x.y]]\nc = 3\n[[x.y]]\nd = 4\n";
        assert_eq!(
            with_value(text, "x.y", "d", "5"),
            "a = 1\n[x]  # first\nb = 2\n[[x.y]]\nc = 3\n[[x.y]]\nd = 5\n"
        );
        assert_eq!(
            with_value(text, "x", "c", "5"),
            "a = 1\n[x]  # first\nc = 5\nb = 2\n[[x.y]]\nc = 3\n[[x.y]]\nd = 4\n"
        );
        assert!(with_value(text, "z", "k", "\"v\"").ends_with("d = 4\n\n[z]\nk = \"v\"\n"));
    }

    #[test]
    fn the_examples_configuration_takes_the_figures_of_a_run() {
        let dir = tempfile::tempdir().unwrap();
        let figures = Figures {
            concurrency: 7,
            reserve_high: 2,
            calls_per_second: Some(9),
            calls_per_minute: 123,
            count_from_send: true,
            longest: Some(Duration::from_millis(1_500)),
            timeouts: Some((Duration::from_secs(2), Duration::from_millis(500))),
            ..Figures::default()
        };
        let path = write(dir.path(), &figures, "127.0.0.1:9".parse().unwrap()).unwrap();
        let config = load(&path).unwrap();
        let target = &config.targets[TARGET];
        assert_eq!(config.server.data_dir, dir.path());
        assert_eq!(target.profile.base_url.as_str(), "http://127.0.0.1:9/");
        assert_eq!(target.timeout, Duration::from_secs(2));
        assert_eq!(target.hold_after_timeout, Duration::from_millis(500));
        let kinds: Vec<String> = target
            .rules
            .limits
            .iter()
            .map(|limit| format!("{:?}", limit.kind))
            .collect();
        assert_eq!(
            kinds,
            [
                "Concurrency { max: 7 }",
                "Window { calls: 123, per: 60s }",
                "Window { calls: 9, per: 1s }"
            ]
        );
        let limits = &target.rules.limits;
        assert_eq!(limits[0].reserve.high, 2);
        assert!(
            limits[1..]
                .iter()
                .all(|limit| limit.count_from == rampmeter_dispatch::CountFrom::Send)
        );
        assert!(config.workflows.contains_key("order-sync"));
        assert!(!sample_orders().is_empty());
    }
}
