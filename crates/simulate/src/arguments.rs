//! The options of `simulate`.

use std::path::PathBuf;

use clap::Args;
use rampmeter_dispatch::Priority;

use super::quantity::{Rate, Share, Span};
use crate::study::verdict::{self, Objective};

/// Simulate a target's limits under a workload, with the same code that decides in production.
///
/// The calls come from one of --workload, --arrivals, --from-history, or --high, --medium and --batch.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Configuration with the target's limits. The secrets it refers to are not needed.
    #[arg(long, value_name = "FILE", default_value = "rampmeter.toml")]
    pub(crate) config: PathBuf,
    /// The target; not needed where there is only one.
    #[arg(long, value_name = "NAME")]
    pub(crate) target: Option<String>,
    #[command(flatten)]
    pub(crate) calls: Calls,
    #[command(flatten)]
    pub(crate) vendor: VendorArguments,
    /// Another maximum for a limit, or max_deferrals=N or unlimited. May be repeated.
    #[arg(long = "set", value_name = "LIMIT=VALUE", value_parser = assignment)]
    pub(crate) settings: Vec<(String, String)>,
    /// What is wanted, such as 'HIGH.wait_p95<2s,BATCH.drain<90m'; the configuration's [slo] when not given. Figures:
    /// wait_p50, wait_p95, wait_p99, wait_max, drain.
    #[arg(long, value_name = "OBJECTIVES", value_parser = objectives)]
    pub(crate) slo: Option<Objectives>,
    /// Compare with one shared queue for all priorities.
    #[arg(long)]
    pub(crate) vs_single_queue: bool,
    /// Decides every random number.
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Simulate this many seeds; an objective is met when all of them meet it.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(crate) replications: u32,
    /// Print the report as one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
    /// Write a picture of the run.
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
    /// AWS prices in a TOML file, over the built-in ones.
    #[arg(long, value_name = "FILE")]
    pub(crate) prices: Option<PathBuf>,
}

/// Where the calls come from.
#[derive(Debug, Args)]
pub(crate) struct Calls {
    /// A workload in a TOML file.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["arrivals", "from_history", "high", "medium", "batch"])]
    pub(crate) workload: Option<PathBuf>,
    /// Calls in a CSV file: at_ms,priority[,duration_ms].
    #[arg(long, value_name = "FILE", conflicts_with_all = ["from_history", "high", "medium", "batch"])]
    pub(crate) arrivals: Option<PathBuf>,
    /// The calls of a data directory, as they were.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["high", "medium", "batch"])]
    pub(crate) from_history: Option<PathBuf>,
    /// HIGH calls at this mean rate, such as 0.3/s, 18/m or 1000/h.
    #[arg(long, value_name = "RATE")]
    pub(crate) high: Option<Rate>,
    /// MEDIUM calls at this mean rate.
    #[arg(long, value_name = "RATE")]
    pub(crate) medium: Option<Rate>,
    /// BATCH calls at one moment, such as 20000@1h; from the start without a moment. May be repeated.
    #[arg(long, value_name = "N@OFFSET", value_parser = burst)]
    pub(crate) batch: Vec<(u32, Span)>,
    /// How long calls arrive, with --high, --medium and --batch.
    #[arg(long, value_name = "D", default_value = "24h", conflicts_with_all = ["workload", "arrivals", "from_history"])]
    pub(crate) duration: Span,
}

/// How the vendor behaves.
#[derive(Debug, Args)]
pub(crate) struct VendorArguments {
    /// Mean latency of the vendor.
    #[arg(long, value_name = "D", conflicts_with_all = ["workload", "from_history"])]
    pub(crate) latency_mean: Option<Span>,
    /// Its 99th percentile; without it, every call takes the mean.
    #[arg(long, value_name = "D", requires = "latency_mean")]
    pub(crate) latency_p99: Option<Span>,
    /// Share of attempts answered with an error that may pass.
    #[arg(long, value_name = "SHARE", conflicts_with = "workload")]
    pub(crate) failures: Option<Share>,
    /// Share of attempts whose answer is lost.
    #[arg(long, value_name = "SHARE", conflicts_with = "workload")]
    pub(crate) lost: Option<Share>,
    /// Share of attempts that the vendor throttles without a reason of ours.
    #[arg(long, value_name = "SHARE", conflicts_with = "workload")]
    pub(crate) throttles: Option<Share>,
    /// Calls of others to the same account, at this mean rate.
    #[arg(long, value_name = "RATE", conflicts_with = "workload")]
    pub(crate) foreign: Option<Rate>,
    /// Calls the vendor takes at once, ours and others'. With --foreign, our own limit when not given.
    #[arg(long, value_name = "N", conflicts_with = "workload", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) vendor_concurrency: Option<u32>,
}

/// The objectives of one option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Objectives(pub(crate) Vec<Objective>);

fn objectives(text: &str) -> Result<Objectives, String> {
    verdict::parse(text).map(Objectives)
}

fn assignment(text: &str) -> Result<(String, String), String> {
    let (name, value) = text
        .split_once('=')
        .ok_or_else(|| "reads like account=15".to_owned())?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

fn burst(text: &str) -> Result<(u32, Span), String> {
    let (calls, at) = text.split_once('@').unwrap_or((text, "0s"));
    let calls = calls.replace('_', "").parse().ok();
    let calls = calls
        .filter(|calls| *calls > 0)
        .ok_or_else(|| format!("a number of {} calls, such as 20000@1h", Priority::Batch))?;
    Ok((calls, at.parse()?))
}
