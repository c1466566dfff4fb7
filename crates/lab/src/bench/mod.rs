//! `rampmeter bench`: messages a second through a queue, and executions a second from start to end, with a vendor that
//! answers at once, limits that never bind and a sync on every commit; and what waiting executions cost. It measures
//! the engine and the disk, so it prints the disk's own speed too. It fails only when something was lost, never because
//! it was slow.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rampmeter_terminal::output;
use rampmeter_terminal::{Exit, Failure};
use serde::Serialize;
use tokio::task::JoinSet;

use crate::arguments::up_to;
use crate::demo::configuration::{self, Figures, Speed};
use crate::demo::host::Host;
use crate::demo::plan::{Outline, Plan};
use crate::demo::ports::{Listed, PortError, Ports};
use crate::demo::report::Percentiles;
use crate::demo::run::RunError;
use crate::demo::vendor::Vendor;
use crate::directory::data_dir;

mod decisions;
mod disk;
mod language;
mod paused;
mod queues;

/// Limits that never bind.
const CONCURRENCY: u32 = 512;
const CALLS_PER_MINUTE: u64 = 100_000_000;
/// The second part: a few executions started one by one, with this pause, for a latency without a backlog.
const PAUSE: Duration = Duration::from_millis(50);
/// The time between two checks whether all have ended.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Measure executions per second, from start to end, against a vendor that answers at once.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Executions to start.
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = up_to(900_000))]
    executions: u32,
    /// Messages to send, receive and delete on a plain queue.
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = up_to(900_000))]
    messages: u32,
    /// Items of the largest Map.
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = up_to(40_000))]
    items: u32,
    /// Calls of the larger backlog, for the time of a decision.
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = up_to(10_000_000))]
    waiting: u32,
    /// Executions that wait for their task token.
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = up_to(10_000_000))]
    paused: u32,
    /// Clients that use the AWS port, each as fast as it is answered.
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = up_to(1_024))]
    clients: u32,
    /// A new or empty directory for the data; a fresh one in the system's temporary directory when not given.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Print the figures as one JSON object.
    #[arg(long)]
    json: bool,
}

/// The JSON object that `bench --json` prints.
#[derive(Debug, Serialize)]
struct Measured {
    schema: &'static str,
    executions: u32,
    succeeded: u64,
    clients: u32,
    /// Starts acknowledged a second.
    started_per_second: f64,
    /// Executions that ended a second, from the first start to the last end.
    ended_per_second: f64,
    /// Start to end while the clients start as fast as they can: mostly the backlog.
    saturated_ms: Percentiles,
    /// Start to end of executions started one by one, 20 a second.
    unloaded_ms: Percentiles,
    /// Messages through a plain queue.
    queue: queues::Measured,
    /// Transitions of the interpreter, and Maps.
    language: language::Measured,
    /// What it takes to start a call.
    decisions: decisions::Measured,
    /// What waiting executions cost.
    paused: paused::Measured,
    /// The disk's own speed, before and after.
    disk_syncs_per_second: [f64; 2],
    data_dir: String,
}

/// Runs the benchmark and prints its figures.
///
/// # Errors
/// A directory that is not empty is a usage error; a run that cannot be carried out, or lost something, has failed.
pub async fn run(arguments: Arguments) -> Result<(), Failure> {
    let data_dir = data_dir(arguments.data_dir.as_deref())?;
    let measured = measure(&arguments, &data_dir)
        .await
        .map_err(|error| Failure::new("RM2034", Exit::Failed, format!("the benchmark: {error}")))?;
    if arguments.json {
        output::json(&measured)?;
    } else {
        output::data(&measured.text())?;
    }
    if measured.succeeded == u64::from(arguments.executions + unloaded(arguments.executions)) {
        return Ok(());
    }
    let what = format!("only {} executions succeeded", measured.succeeded);
    Err(Failure::new("RM2034", Exit::Failed, what))
}

/// One in fifty, so that a small run stays short.
fn unloaded(executions: u32) -> u32 {
    (executions / 50).clamp(5, 200)
}

async fn measure(arguments: &Arguments, data_dir: &Path) -> Result<Measured, RunError> {
    let figures = Figures {
        executions: arguments.executions + unloaded(arguments.executions),
        seed: 1,
        concurrency: CONCURRENCY,
        calls_per_minute: CALLS_PER_MINUTE,
        speed: Speed::Instant,
        ..Figures::default()
    };
    let before = disk_speed(data_dir).await?;
    let vendor = Vendor::bind(&figures).await?;
    let file = configuration::write(data_dir, &figures, vendor.address())?;
    let config = configuration::load(&file).map_err(RunError::Configuration)?;
    let arn = configuration::state_machine_arn(&config);
    let host = Host::in_process(config).await?;
    let (aws, admin) = host.addresses();
    let ports = Ports::new(aws, admin)?;
    let outline = Outline {
        executions: figures.executions,
        seed: 1,
        expected: Duration::ZERO,
    };
    let plan = Arc::new(Plan::new(outline, &configuration::sample_orders()));
    let clients = Clients {
        plan,
        ports,
        arn,
        loaded: arguments.executions as usize,
    };

    let begin = Instant::now();
    clients.start_all(arguments.clients).await?;
    let starting = begin.elapsed();
    clients.wait_for_ends().await?;
    let running = begin.elapsed();
    clients.start_one_by_one().await?;
    clients.wait_for_ends().await?;
    let listed = clients
        .ports
        .all_executions(&clients.arn, "SUCCEEDED")
        .await?;
    let queue = queues::measure(aws, arguments.messages as usize, arguments.clients)
        .await
        .map_err(|why| RunError::from(PortError::Unreachable(why)))?;
    host.stop().await?;
    let language = language::measure(data_dir, arguments.items)
        .await
        .map_err(|why| RunError::from(PortError::Unreachable(why)))?;
    let decisions = decisions::measure(data_dir, u64::from(arguments.waiting))
        .await
        .map_err(|why| RunError::from(PortError::Unreachable(why)))?;
    let paused = paused::measure(data_dir, arguments.paused, arguments.clients)
        .await
        .map_err(|why| RunError::from(PortError::Unreachable(why)))?;
    let after = disk_speed(data_dir).await?;

    let (loaded, unloaded): (Vec<&Listed>, Vec<&Listed>) = listed.iter().partition(|one| {
        clients
            .plan
            .place_of(&one.name)
            .is_some_and(|p| p < clients.loaded)
    });
    let per_second =
        |took: Duration| (f64::from(arguments.executions) / took.as_secs_f64()).round();
    Ok(Measured {
        schema: "rampmeter.bench/1",
        executions: arguments.executions,
        succeeded: listed.len() as u64,
        clients: arguments.clients,
        started_per_second: per_second(starting),
        ended_per_second: per_second(running),
        saturated_ms: start_to_end(&loaded),
        unloaded_ms: start_to_end(&unloaded),
        queue,
        language,
        decisions,
        paused,
        disk_syncs_per_second: [before.round(), after.round()],
        data_dir: data_dir.display().to_string(),
    })
}

async fn disk_speed(data_dir: &Path) -> Result<f64, RunError> {
    let data_dir = data_dir.to_owned();
    let measured = tokio::task::spawn_blocking(move || disk::syncs_per_second(&data_dir)).await;
    Ok(measured.unwrap_or_else(|failed| Err(std::io::Error::other(failed)))?)
}

fn start_to_end(executions: &[&Listed]) -> Percentiles {
    let ended = executions
        .iter()
        .filter_map(|one| Some((one.start_date, one.stop_date?)));
    Percentiles::of(
        ended
            .map(|(start, stop)| ((stop - start) * 1e6).round() as i64)
            .collect(),
    )
}

/// The clients of the benchmark.
struct Clients {
    plan: Arc<Plan>,
    ports: Ports,
    arn: String,
    /// How many orders are started as fast as possible; the rest are started one by one.
    loaded: usize,
}

impl Clients {
    async fn start_all(&self, clients: u32) -> Result<(), PortError> {
        let next = Arc::new(AtomicUsize::new(0));
        let mut all = JoinSet::new();
        for _ in 0..clients {
            let (plan, ports) = (Arc::clone(&self.plan), self.ports.clone());
            let (arn, next, loaded) = (self.arn.clone(), Arc::clone(&next), self.loaded);
            all.spawn(async move {
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    let Some(order) = plan.orders[..loaded].get(place) else {
                        return Ok(());
                    };
                    ports
                        .start_execution(&arn, &order.name, &order.input)
                        .await?;
                }
            });
        }
        while let Some(ended) = all.join_next().await {
            ended.unwrap_or_else(|failed| Err(PortError::Unreachable(failed.to_string())))?;
        }
        Ok(())
    }

    async fn start_one_by_one(&self) -> Result<(), PortError> {
        for order in &self.plan.orders[self.loaded..] {
            self.ports
                .start_execution(&self.arn, &order.name, &order.input)
                .await?;
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    }

    async fn wait_for_ends(&self) -> Result<(), PortError> {
        while self.ports.any_execution(&self.arn, "RUNNING").await? {
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        Ok(())
    }
}

impl Measured {
    fn text(&self) -> String {
        let [before, after] = self.disk_syncs_per_second;
        format!(
            "{} executions from {} clients, each start -> message -> call -> resume -> end, synced on every commit\n\
             started         {:>8.0} a second\n\
             ended           {:>8.0} a second\n\
             start to end    p50 {:.0} ms, p99 {:.0} ms while saturated\n\
             start to end    p50 {:.0} ms, p99 {:.0} ms at 20 a second\n\
             queue           {:>8.0} messages a second: SendMessage, ReceiveMessage, DeleteMessage each\n\
             a request       p50 {:.1} ms, p99 {:.1} ms while saturated\n\
             a request       p50 {:.1} ms, p99 {:.1} ms by one client alone\n\
             {}\n\
             {}\n\
             {}\n\
             the disk's own  {:>8.0} syncs a second before, {:.0} after (4 KiB append, fdatasync)\n\
             The data lies in {}",
            self.executions,
            self.clients,
            self.started_per_second,
            self.ended_per_second,
            self.saturated_ms.p50,
            self.saturated_ms.p99,
            self.unloaded_ms.p50,
            self.unloaded_ms.p99,
            self.queue.per_second,
            self.queue.saturated_ms.p50,
            self.queue.saturated_ms.p99,
            self.queue.unloaded_ms.p50,
            self.queue.unloaded_ms.p99,
            self.language.text(),
            self.decisions.text(),
            self.paused.text(),
            before,
            after,
            self.data_dir,
        )
    }
}
