//! `rampmeter trial`: the limits on trial. The demo's run with a stack of limits and at every moment more work than
//! they admit, while the engine is killed, its clock is set back and its limits are lowered and raised. The stand-in
//! vendor counts with its own clock; one call too many is a failure. This file says what can be tried; the run, its
//! vendor and its judgement are the demo's.

use std::path::PathBuf;
use std::time::Duration;

use rampmeter_terminal::Failure;

use crate::arguments::{duration, up_to};
use crate::demo::configuration::{Figures, Speed};
use crate::demo::run::Task;
use crate::demo::{GRACE, perform};
use crate::directory::data_dir;

/// The vendor's jitter.
const JITTER: Speed = Speed::Jitter {
    least: Duration::from_millis(1),
    most: Duration::from_secs(2),
};

/// The vendor's longest run time where the engine is killed: a call of unknown outcome keeps its slot until then.
const MAX_LATENCY: Duration = Duration::from_secs(2);

/// Put the limits on trial, with a strict stand-in vendor as the judge.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Executions to start; all but the HIGH ones at once, so that work waits throughout.
    #[arg(long, value_name = "N", default_value_t = 4_500, value_parser = up_to(999_999))]
    executions: u32,
    /// Decides priorities and latencies.
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Calls the vendor takes at once.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = up_to(100_000))]
    concurrency: u32,
    /// Of these, how many are kept for HIGH.
    #[arg(long, value_name = "N", default_value_t = 0)]
    reserve_high: u32,
    /// Calls the vendor takes in any second; 0 for no such limit.
    #[arg(long, value_name = "N", default_value_t = 100)]
    calls_per_second: u64,
    /// Calls the vendor takes in any minute.
    #[arg(long, value_name = "N", default_value_t = 2_000, value_parser = up_to(100_000_000))]
    calls_per_minute: u32,
    /// The vendor's mean latency and its 99th percentile, such as 500ms,1600ms; 1 ms to 2 s, mostly short, when not given.
    #[arg(long, value_name = "MEAN,P99", value_parser = latency)]
    latency: Option<Speed>,
    /// Run the engine as a child process and end it with SIGKILL this many times.
    #[arg(long, value_name = "K", value_parser = up_to(10_000))]
    kills: Option<u32>,
    /// At the first kill, set the engine's wall clock back by so much.
    #[arg(long, value_name = "D", value_parser = duration, requires = "kills")]
    clock_back: Option<Duration>,
    /// Lower each limit once in the course of the run and raise it again, with `rampmeter limit set` and `limit reset`.
    #[arg(long, conflicts_with = "count_from_send")]
    change_limits: bool,
    /// Count calls in windows from their send instead of their answer: faster, and the vendor may count more than the
    /// limit, though never more than the report's `may_count`, which is what this trial holds it to.
    #[arg(long)]
    count_from_send: bool,
    /// A deliberate fault: the slots of calls with an unknown outcome are freed at once after a restart. The trial must
    /// then fail.
    #[arg(long, requires = "kills")]
    free_slots_after_restart: bool,
    /// A new or empty directory for the data; a fresh one in the system's temporary directory when not given.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Print the report as one JSON object.
    #[arg(long)]
    json: bool,
}

/// Runs the trial and prints its report.
///
/// # Errors
/// As for the demo. Whatever is not as it should be is a failure.
pub async fn run(arguments: Arguments) -> Result<(), Failure> {
    let longest = arguments.kills.map(|_| MAX_LATENCY);
    let task = Task {
        figures: Figures {
            executions: arguments.executions,
            seed: arguments.seed,
            concurrency: arguments.concurrency,
            reserve_high: arguments.reserve_high,
            calls_per_second: Some(arguments.calls_per_second).filter(|calls| *calls > 0),
            calls_per_minute: u64::from(arguments.calls_per_minute),
            count_from_send: arguments.count_from_send,
            speed: arguments.latency.unwrap_or(JITTER),
            longest,
            timeouts: longest.map(|longest| (longest + GRACE, GRACE)),
        },
        data_dir: data_dir(arguments.data_dir.as_deref())?,
        kills: arguments.kills,
        free_slots_after_restart: arguments.free_slots_after_restart,
        change_limits: arguments.change_limits,
        clock_back: arguments.clock_back,
    };
    perform(task, arguments.json).await
}

/// Reads `500ms,1600ms`.
fn latency(text: &str) -> Result<Speed, String> {
    let (mean, p99) = text
        .split_once(',')
        .ok_or("a mean and a 99th percentile, such as 500ms,1600ms")?;
    Ok(Speed::LogNormal {
        mean: duration(mean)?,
        p99: duration(p99)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_latency_is_a_mean_and_a_percentile() {
        assert_eq!(
            latency("500ms,1600ms"),
            Ok(Speed::LogNormal {
                mean: Duration::from_millis(500),
                p99: Duration::from_millis(1_600),
            })
        );
        assert!(latency("500ms").is_err());
    }
}
