//! `dev`: a server with something to look at. The order-sync example, a stand-in NetSuite that answers as the real one does,
//! and a shop that sends orders: some at every moment, and each minute a batch that fills the limit.
//!
//! It measures nothing; `demo` does. This prepares and sends; the binary serves. To serve a configuration of your own,
//! use `serve`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use rampmeter_config::Config;
use rampmeter_dispatch::Priority;
use rampmeter_engine::{Engine, StartExecution};
use rampmeter_standin::{Latency, NetSuite, NetSuiteOptions};
use rampmeter_terminal::output::Color;
use rampmeter_terminal::{Exit, Failure};
use serde_json::Value;

use crate::demo::configuration::{self, BEARER, Figures};
use crate::demo::plan::order_text;
use crate::directory::data_dir;

/// The time between two moments at which the shop sends.
const BEAT: Duration = Duration::from_millis(500);
/// Beats from one batch of orders to the next.
const BATCH_EVERY: u64 = 120;
/// Orders of a batch: they fill the limit for half of the time until the next one.
const BATCH_ORDERS: u64 = 800;
/// One order in so many has a number that NetSuite's paths cannot hold: it becomes a dead letter.
const MISTYPED_EVERY: u64 = 400;
/// The share of calls that fail at the vendor and are repeated.
const SERVER_ERRORS: f64 = 0.01;
/// The share of calls that the vendor throttles because someone else uses the account.
const BUSY: f64 = 0.0005;

/// Options of `dev`, except the ports.
#[derive(Debug, Args)]
pub struct ExampleArguments {
    /// Where the store lies; kept between runs. Without it: a fresh directory in the system's temporary one.
    #[arg(long, value_name = "DIRECTORY")]
    data_dir: Option<PathBuf>,
    /// No orders but those that you start yourself.
    #[arg(long)]
    no_traffic: bool,
}

/// The example, ready to be served. Its vendor answers for as long as this value lives.
#[derive(Debug)]
pub struct Example {
    file: PathBuf,
    config: Config,
    vendor: NetSuite,
    traffic: bool,
}

impl Example {
    /// Starts the vendor and writes the configuration.
    ///
    /// # Errors
    /// When the directory cannot be used or the vendor finds no port.
    pub async fn prepare(arguments: &ExampleArguments, color: Color) -> Result<Example, Failure> {
        let directory = directory(arguments.data_dir.as_deref())?;
        let vendor = vendor().await?;
        let failed = |why: &dyn std::fmt::Display| {
            let what = format!("the data directory {}: {why}", directory.display());
            Failure::new("RM2030", Exit::Usage, what).with_help("name another one with --data-dir")
        };
        let file = configuration::write(&directory, &Figures::default(), vendor.address())
            .map_err(|why| failed(&why))?;
        let config = configuration::load(&file).map_err(|report| Failure::Report {
            text: report.render(color.for_stderr()),
            exit: Exit::Usage,
        })?;
        Ok(Example {
            file,
            config,
            vendor,
            traffic: !arguments.no_traffic,
        })
    }

    /// The configuration to be served.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// What there is to look at, for whoever started it.
    #[must_use]
    pub fn describe(&self) -> String {
        format!(
            "the order-sync example, with a stand-in NetSuite at http://{}; its configuration: {}",
            self.vendor.address(),
            self.file.display()
        )
    }

    /// Lets orders come in, unless none were wanted, until the engine has stopped.
    pub fn send_orders(&self, engine: &Engine) {
        if self.traffic {
            let machine = configuration::state_machine_arn(&self.config);
            tokio::spawn(send_orders(engine.clone(), machine));
        }
    }
}

fn directory(asked_for: Option<&Path>) -> Result<PathBuf, Failure> {
    let Some(directory) = asked_for else {
        return data_dir(None);
    };
    let made = std::fs::create_dir_all(directory).and_then(|()| std::fs::canonicalize(directory));
    made.map_err(|why| {
        let what = format!("the data directory {}: {why}", directory.display());
        Failure::new("RM2030", Exit::Usage, what).with_help("name another one with --data-dir")
    })
}

/// A stand-in NetSuite with the limits of the example, and with what goes wrong at a real one.
async fn vendor() -> Result<NetSuite, Failure> {
    let figures = Figures::default();
    let options = NetSuiteOptions {
        max_in_flight: figures.concurrency,
        calls_per_window: figures.calls_per_minute,
        latency: Latency::LogNormal {
            mean: Duration::from_millis(400),
            p99: Duration::from_millis(1_500),
        },
        faults: rampmeter_standin::Faults {
            lost_answer: 0.0,
            server_error: SERVER_ERRORS,
            busy_account: BUSY,
        },
        bearer: Some(BEARER.to_owned()),
        ..NetSuiteOptions::default()
    };
    let loopback = std::net::SocketAddr::from((std::net::Ipv4Addr::LOCALHOST, 0));
    NetSuite::bind(loopback, options).await.map_err(|why| {
        Failure::new(
            "RM2001",
            Exit::Failed,
            format!("the stand-in vendor: {why}"),
        )
    })
}

/// Sends the orders of each beat until the engine has stopped.
async fn send_orders(engine: Engine, state_machine_arn: String) {
    let samples = configuration::sample_orders();
    let mut beats = tokio::time::interval(BEAT);
    // Orders of two runs on one store have different names.
    let run = jiff::Timestamp::now().as_second() % 1_000_000;
    let mut number = 0;
    for beat in 0.. {
        beats.tick().await;
        for priority in orders_of(beat) {
            number += 1;
            let order = order(&samples, run, number, priority);
            let started = engine
                .executions()
                .start_execution(StartExecution {
                    state_machine_arn: state_machine_arn.clone(),
                    name: Some(order.0),
                    input: order.1,
                })
                .await;
            if started.is_err() {
                return;
            }
        }
    }
}

/// The priorities of the orders of one beat: a few HIGH and MEDIUM ones always, many BATCH ones now and then.
fn orders_of(beat: u64) -> Vec<Priority> {
    let mut orders = vec![Priority::High; if beat.is_multiple_of(3) { 2 } else { 1 }];
    orders.extend([Priority::Medium; 4]);
    // A first, smaller batch shows at once what a full limit looks like.
    let batch = match beat % BATCH_EVERY {
        4 if beat < BATCH_EVERY => BATCH_ORDERS / 2,
        60 => BATCH_ORDERS,
        _ => 0,
    };
    for _ in 0..batch {
        orders.push(Priority::Batch);
    }
    orders
}

/// The name of an order's execution, and its input.
fn order(samples: &[Value], run: i64, number: u64, priority: Priority) -> (String, String) {
    let name = format!("SO-{run}-{number:05}");
    let sample = &samples[usize::try_from(number).unwrap_or_default() % samples.len()];
    let mistyped = number.is_multiple_of(MISTYPED_EVERY);
    let order_number = if mistyped {
        format!("{name}#")
    } else {
        name.clone()
    };
    (name, order_text(sample, &order_number, priority))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shop_sends_less_than_the_vendor_takes_over_two_minutes_and_fills_it_in_between() {
        let figures = Figures::default();
        let beats = 4 * BATCH_EVERY;
        let orders: u64 = (0..beats).map(|beat| orders_of(beat).len() as u64).sum();
        // At a mean latency of 400 ms.
        let taken = beats / 2 * u64::from(figures.concurrency) * 10 / 4;
        assert!(orders < taken * 9 / 10, "{orders} orders, {taken} taken");
        assert!(BATCH_ORDERS > 10 * u64::from(figures.concurrency));
    }

    #[test]
    fn few_orders_are_mistyped() {
        let samples = configuration::sample_orders();
        let input = |number| order(&samples, 7, number, Priority::High).1;
        assert!(input(MISTYPED_EVERY).contains("SO-7-00400#"));
        assert!(!input(1).contains('#'));
    }
}
