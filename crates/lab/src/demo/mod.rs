//! `rampmeter demo`: the whole pattern, measured. The order-sync example against a strict stand-in NetSuite, with the
//! real engine on a real data directory; with `--crash`, while the engine is killed again and again.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rampmeter_terminal::output;
use rampmeter_terminal::{Exit, Failure};
use tokio::signal::unix::{SignalKind, signal};

use crate::arguments::{duration, up_to};
use crate::directory::data_dir;
use crate::interruption::asked_to_end;
use configuration::{Figures, Speed};
use run::Task;

pub(crate) mod configuration;
pub(crate) mod host;
pub(crate) mod plan;
pub(crate) mod ports;
pub(crate) mod report;
pub(crate) mod run;
pub(crate) mod vendor;
mod adjust;
pub(crate) mod child;
mod crash;
mod judgement;
mod progress;
mod starters;
mod urgency;
mod utilisation;
mod watch;
mod windows;

/// What the target's timeout, and again its hold, add to the vendor's longest run time when the engine is killed.
pub(crate) const GRACE: Duration = Duration::from_millis(500);

/// Run the order-sync example against a strict stand-in vendor and report what the vendor saw.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Executions to start: 20 % HIGH, 30 % MEDIUM, 50 % BATCH.
    #[arg(long, value_name = "N", default_value_t = 3_000, value_parser = up_to(999_999))]
    executions: u32,
    /// Decides which order has which priority, and the vendor's latencies.
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Run the engine as a child process and end it with SIGKILL this many times.
    #[arg(long, value_name = "K", value_parser = up_to(10_000))]
    crash: Option<u32>,
    /// A new or empty directory for the data; a fresh one in the system's temporary directory when not given.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Calls the vendor takes at once.
    #[arg(long, value_name = "N", default_value_t = 15, value_parser = up_to(100_000))]
    concurrency: u32,
    /// Calls the vendor takes in any minute.
    #[arg(long, value_name = "N", default_value_t = 6_000, value_parser = up_to(100_000_000))]
    calls_per_minute: u32,
    /// Print the report as one JSON object.
    #[arg(long)]
    json: bool,
    /// The vendor's mean latency.
    #[arg(long, hide = true, value_name = "D", value_parser = duration, default_value = "250ms")]
    latency_mean: Duration,
    /// The vendor's 99th percentile.
    #[arg(long, hide = true, value_name = "D", value_parser = duration, default_value = "800ms")]
    latency_p99: Duration,
    /// With --crash, the vendor's longest run time.
    #[arg(long, hide = true, value_name = "D", value_parser = duration, default_value = "1500ms")]
    longest: Duration,
    /// With --crash, a deliberate fault: slots of calls with an unknown outcome are freed at once after a restart.
    #[arg(long, hide = true, requires = "crash")]
    free_slots_after_restart: bool,
}

/// Runs the demo and prints its report.
///
/// # Errors
/// A directory that is not empty is a usage error. A run that cannot be done, or whose result is wrong in any way,
/// has failed.
pub async fn run(arguments: Arguments) -> Result<(), Failure> {
    let data_dir = data_dir(arguments.data_dir.as_deref())?;
    let longest = arguments.crash.map(|_| arguments.longest);
    let task = Task {
        figures: Figures {
            executions: arguments.executions,
            seed: arguments.seed,
            concurrency: arguments.concurrency,
            calls_per_minute: u64::from(arguments.calls_per_minute),
            speed: Speed::LogNormal {
                mean: arguments.latency_mean,
                p99: arguments.latency_p99,
            },
            longest,
            timeouts: longest.map(|longest| (longest + GRACE, GRACE)),
            ..Figures::default()
        },
        data_dir,
        kills: arguments.crash,
        free_slots_after_restart: arguments.free_slots_after_restart,
        change_limits: false,
        clock_back: None,
    };
    perform(task, arguments.json).await
}

/// Runs a task and prints its report.
///
/// # Errors
/// A run that cannot be done, or whose result is wrong in any way, has failed.
pub(crate) async fn perform(task: Task, json: bool) -> Result<(), Failure> {
    // Without a handler the signal would end this process and leave its child behind.
    let mut terminate = signal(SignalKind::terminate())?;
    let ran = tokio::select! {
        ran = run::run(&task) => ran,
        () = asked_to_end(&mut terminate) => return Err(interrupted(&task.data_dir)),
    };
    let report =
        ran.map_err(|error| Failure::new("RM2031", Exit::Failed, format!("the demo: {error}")))?;
    if json {
        output::json(&report)?;
        report
            .complaints
            .iter()
            .for_each(|complaint| output::note(&format!("wrong: {complaint}")));
    } else {
        io::stdout()
            .lock()
            .write_all(report.text(&task.figures, &program()).as_bytes())?;
    }
    if report.complaints.is_empty() {
        Ok(())
    } else {
        Err(Failure::Reported(Exit::Failed))
    }
}

/// How this program was called, so that the commands in the report can be run as they are printed.
fn program() -> String {
    std::env::args()
        .next()
        .unwrap_or_else(|| "rampmeter".to_owned())
}

fn interrupted(data_dir: &Path) -> Failure {
    let what = format!("interrupted; the data lies in {}", data_dir.display());
    Failure::new("RM2032", Exit::Failed, what)
}
