//! One run of the demo from the first start to the report: starts the vendor, the engine and the clients, watches,
//! kills the engine when it is time, and counts at the end what the store, the vendor and the clients say.

use std::collections::HashSet;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rampmeter_config::Server;
use rampmeter_engine::{Audit, CallTimes, Reader, Rejected};

use super::adjust::Adjuster;
use super::configuration::{self, Figures};
use super::crash::Killer;
use super::host::{Host, HostError};
use super::judgement::{Account, Evidence};
use super::plan::{Outline, Plan, expected_duration};
use super::ports::{PortError, Ports};
use super::progress::{Counts, Progress};
use super::report::Report;
use super::starters::Starters;
use super::vendor::{Vendor, counts};
use super::watch::{Watch, now_us};

/// The time between two checks of the run.
const POLL_INTERVAL: Duration = Duration::from_millis(100);
/// A run in which nothing happens for this long is given up.
const PATIENCE: Duration = Duration::from_secs(300);

/// What a run is to do.
#[derive(Debug)]
pub(crate) struct Task {
    /// The numbers.
    pub(crate) figures: Figures,
    /// An empty directory.
    pub(crate) data_dir: PathBuf,
    /// Kill a child engine so many times; `None` runs the engine in this process.
    pub(crate) kills: Option<u32>,
    /// The deliberate fault, for the child.
    pub(crate) free_slots_after_restart: bool,
    /// Lower and raise every limit in the course of the run.
    pub(crate) change_limits: bool,
    /// At the first kill, set the wall clock back by so much.
    pub(crate) clock_back: Option<Duration>,
}

/// Why a run has no report.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RunError {
    /// The files of the run could not be written, no port was free, or the vendor cannot behave as asked.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The demo's own configuration did not pass the checks.
    #[error("its configuration has errors:\n{0}")]
    Configuration(rampmeter_config::Report),
    /// The engine did not start, or did not come back after a kill.
    #[error("{0}")]
    Host(#[from] HostError),
    /// The engine refused what the demo needs.
    #[error("the engine refused: {0}")]
    Port(#[from] PortError),
    /// No HTTP client could be made.
    #[error("no HTTP client can be made: {0}")]
    Http(#[from] reqwest::Error),
    /// The store could not be read at the end.
    #[error("the store cannot be read: {0}")]
    Store(String),
    /// Nothing moved for too long.
    #[error("nothing has moved for {} s; executions are still running", PATIENCE.as_secs())]
    Stalled,
}

/// A run under way.
struct Run {
    plan: Arc<Plan>,
    vendor: Vendor,
    host: Host,
    ports: Ports,
    server: Server,
    state_machine_arn: String,
    starters: Starters,
    watch: Watch,
    killer: Killer,
    adjuster: Adjuster,
    clock_back: Option<Duration>,
    admin: SocketAddr,
    progress: Progress,
}

/// Runs the demo.
///
/// # Errors
/// When the run could not be brought to its end; a bad result is a report with complaints instead.
pub(crate) async fn run(task: &Task) -> Result<Report, RunError> {
    let figures = &task.figures;
    let vendor = Vendor::bind(figures).await?;
    let file = configuration::write(&task.data_dir, figures, vendor.address())?;
    let config = configuration::load(&file).map_err(RunError::Configuration)?;
    let state_machine_arn = configuration::state_machine_arn(&config);
    let server = config.server.clone();
    let host = match task.kills {
        None => Host::in_process(config).await?,
        Some(_) => Host::child(&task.data_dir, task.free_slots_after_restart).await?,
    };
    let (aws, admin) = host.addresses();
    let ports = Ports::new(aws, admin)?;
    let plan = Arc::new(Plan::new(outline(figures), &configuration::sample_orders()));
    let progress = Progress::new(plan.counts());
    progress.say(&figures.sentence());
    let begin = Instant::now();
    let mut run = Run {
        starters: Starters::spawn(&plan, &ports, &state_machine_arn),
        killer: Killer::new(task.kills.unwrap_or(0), u64::from(figures.executions)),
        watch: Watch::default(),
        adjuster: if task.change_limits {
            Adjuster::new(figures)
        } else {
            Adjuster::default()
        },
        clock_back: task.clock_back,
        admin,
        plan,
        vendor,
        host,
        ports,
        server,
        state_machine_arn,
        progress,
    };
    run.until_all_have_ended().await?;
    let took = begin.elapsed();
    run.conclude(task, took).await
}

fn outline(figures: &Figures) -> Outline {
    let mean = figures.speed.mean();
    let Figures {
        executions,
        seed,
        concurrency,
        calls_per_minute,
        ..
    } = *figures;
    let by_seconds = figures.calls_per_second.map_or(Duration::ZERO, |calls| {
        Duration::from_secs(u64::from(executions.saturating_sub(1)) / calls.max(1))
    });
    let expected =
        expected_duration(executions, mean, concurrency, calls_per_minute).max(by_seconds);
    Outline {
        executions,
        seed,
        expected,
    }
}

impl Run {
    async fn until_all_have_ended(&mut self) -> Result<(), RunError> {
        let mut last = (Counts::default(), Instant::now());
        loop {
            tokio::time::sleep(POLL_INTERVAL).await;
            if self.host.has_ended() {
                return Err(HostError::Ended.into());
            }
            self.look_at_target().await;
            let counts = self.counts();
            self.progress.show(&counts);
            if self.killer.is_due(counts.done.iter().sum()) {
                self.kill().await?;
            }
            if self.adjuster.is_due(counts.done.iter().sum()) {
                self.adjust().await?;
            }
            if self.starters.have_finished() && self.none_is_running().await? {
                self.look_at_target().await;
                self.watch.close(now_us());
                self.progress.end(&self.counts());
                return Ok(());
            }
            if counts != last.0 {
                last = (counts, Instant::now());
            } else if last.1.elapsed() > PATIENCE {
                return Err(RunError::Stalled);
            }
        }
    }

    fn counts(&self) -> Counts {
        let done = self.vendor.done(&self.plan);
        let started = self.starters.ledger.acknowledged();
        counts(&self.plan, started, &done, self.vendor.in_flight())
    }

    /// A query that fails is skipped: the next one shows the same and more.
    async fn look_at_target(&mut self) {
        if let Ok(Some(target)) = self.ports.target(configuration::TARGET).await {
            self.watch.saw(&target);
        }
    }

    async fn kill(&mut self) -> Result<(), RunError> {
        self.look_at_target().await;
        let Some(engine) = self.host.child_mut() else {
            return Ok(());
        };
        engine.set_clock_back(self.clock_back.unwrap_or_default());
        let struck = self
            .killer
            .strike(engine, &self.vendor, &mut self.watch)
            .await?;
        if let Some(in_flight) = struck {
            let kills = self.killer.kills();
            self.progress.say(&format!(
                "kill {kills}: SIGKILL with {in_flight} calls in flight"
            ));
        }
        Ok(())
    }

    async fn adjust(&mut self) -> Result<(), RunError> {
        if let Some(change) = self.adjuster.change(self.admin, &self.vendor).await? {
            self.progress.say(&format!(
                "limit {:?}: {} from now on, with {} calls in flight",
                change.limit, change.to, change.in_flight
            ));
        }
        Ok(())
    }

    async fn none_is_running(&self) -> Result<bool, RunError> {
        match self
            .ports
            .any_execution(&self.state_machine_arn, "RUNNING")
            .await
        {
            Ok(any) => Ok(!any),
            Err(PortError::Unreachable(_)) => Ok(false),
            Err(refused) => Err(refused.into()),
        }
    }

    /// Names of the executions that ended, over the wire.
    async fn ended(&self) -> Result<HashSet<String>, RunError> {
        let mut ended = HashSet::new();
        for status in ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"] {
            let listed = self
                .ports
                .all_executions(&self.state_machine_arn, status)
                .await?;
            ended.extend(listed.into_iter().map(|execution| execution.name));
        }
        Ok(ended)
    }

    async fn conclude(self, task: &Task, took: Duration) -> Result<Report, RunError> {
        let ended = self.ended().await?;
        self.host.stop().await?;
        let (vendor, calls) = self.vendor.conclude().await;
        let (audit, times) = read_store(self.server).await?;
        let evidence = Evidence {
            account: Account {
                acknowledged: self.starters.ledger.acknowledged().collect(),
                refused: self.starters.ledger.refused(),
                ended,
                done: self.vendor.done(&self.plan),
            },
            audit,
            times,
            vendor,
            calls,
            watch: self.watch,
            killer: task.kills.is_some().then_some(self.killer),
            adjuster: self.adjuster,
            took,
        };
        Ok(evidence.report(task, &self.plan))
    }
}

/// Reads the store without its engine.
async fn read_store(server: Server) -> Result<(Audit, Vec<CallTimes>), RunError> {
    let read = tokio::task::spawn_blocking(move || {
        let reader = Reader::open(&server.data_dir, &server.account, &server.region)?;
        Ok((reader.audit()?, reader.call_times()?))
    });
    let read = read
        .await
        .map_err(|failed| RunError::Store(failed.to_string()))?;
    read.map_err(|error: Rejected| RunError::Store(error.to_string()))
}
