//! From options to a scenario: the target of the configuration, and the workload from whichever source is named.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rampmeter_config::{Config, Target};
use rampmeter_dispatch::{Priority, Time};
use rampmeter_template::bill::Prices;
use rampmeter_terminal::{Exit, Failure};

use super::arguments::{Arguments, Calls, VendorArguments};
use super::quantity::{Rate, Span};
use super::study::Plan;
use super::workload::{Foreign, Workload};
use crate::study::verdict;
use crate::workload::arrivals::Source;
use crate::workload::latency::Latency;
use crate::workload::{csv, file as workload_file, history};
use crate::world::scenario::{Handling, Scenario};

/// Code of a workload that cannot be used.
const WORKLOAD: &str = "RM2050";
/// Code of a target or a limit that does not exist.
const TARGET: &str = "RM2051";
/// Code of prices that cannot be used.
const PRICES: &str = "RM2052";

/// What to simulate, and what to find out.
///
/// # Errors
/// What is wrong with the options or with a file they name.
pub(crate) fn read(arguments: &Arguments, color: bool) -> Result<(Scenario, Plan), Failure> {
    let config = configuration(&arguments.config, color)?;
    let target = target(&config, arguments.target.as_deref())?;
    let mut handling = Handling::of(target);
    // --set and what-if change our own limit; the account stays as it is.
    let account = handling.slots();
    for (name, value) in &arguments.settings {
        handling
            .set(name, value)
            .map_err(|why| usage(TARGET, format!("--set {name}={value}: {why}")))?;
    }
    let mut workload =
        calls(&arguments.calls, &arguments.vendor, &config).map_err(|why| usage(WORKLOAD, why))?;
    behave(&mut workload, &arguments.vendor, account);
    if let Some(problem) = workload.problem() {
        return Err(usage(WORKLOAD, problem));
    }
    let objectives = match &arguments.slo {
        Some(objectives) => objectives.0.clone(),
        None => verdict::configured(&config.slo),
    };
    let plan = Plan {
        objectives,
        replications: arguments.replications,
        versus_single_queue: arguments.vs_single_queue,
        as_configured: arguments.settings.is_empty(),
        prices: Prices::read(arguments.prices.as_deref()).map_err(|why| usage(PRICES, why))?,
    };
    let scenario = Scenario {
        handling,
        workload,
        seed: arguments.seed,
    };
    Ok((scenario, plan))
}

fn usage(code: &'static str, why: impl Into<String>) -> Failure {
    Failure::new(code, Exit::Usage, why)
}

fn configuration(file: &Path, color: bool) -> Result<Config, Failure> {
    // Nothing is called, so a missing secret is no reason to stop. The program's own variables are not secrets: an
    // absent one means the default.
    let environment = |name: &str| {
        let value = std::env::var(name).ok();
        value.or_else(|| (!name.starts_with("RAMPMETER_")).then(|| "unset".to_owned()))
    };
    Config::load(file, &environment).map_err(|report| Failure::Report {
        text: report.render(color),
        exit: Exit::Usage,
    })
}

fn target<'a>(config: &'a Config, name: Option<&str>) -> Result<&'a Target, Failure> {
    let names: Vec<&str> = config.targets.keys().map(String::as_str).collect();
    let names = names.join(", ");
    match name {
        Some(name) => config.targets.get(name).ok_or_else(|| {
            usage(
                TARGET,
                format!("there is no target {name}; there are: {names}"),
            )
        }),
        None if config.targets.len() > 1 => {
            let what = format!("which target? There are: {names}");
            Err(usage(TARGET, what).with_help("rampmeter simulate --target NAME ..."))
        }
        None => config
            .targets
            .values()
            .next()
            .ok_or_else(|| usage(TARGET, "the configuration has no target")),
    }
}

fn calls(calls: &Calls, vendor: &VendorArguments, config: &Config) -> Result<Workload, String> {
    if let Some(file) = &calls.workload {
        return workload_file::parse(&file.display().to_string(), &text(file)?);
    }
    if let Some(data_dir) = &calls.from_history {
        let mut workload = history::read(data_dir, &config.server.account, &config.server.region)?;
        if config.targets.len() > 1 {
            let note = "the history does not say which target a call went to: all are taken for this one's";
            workload.notes.push(note.to_owned());
        }
        return Ok(workload);
    }
    if let Some(file) = &calls.arrivals {
        return recorded(file, vendor);
    }
    let rates = [
        (Priority::High, calls.high),
        (Priority::Medium, calls.medium),
    ];
    let rates = rates.into_iter().filter_map(|(priority, rate)| {
        let Rate(per_second) = rate?;
        let curve = Vec::new();
        Some(Ok(Source::Rate {
            priority,
            per_second,
            curve,
        }))
    });
    let Span(stretch) = calls.duration;
    let bursts = calls.batch.iter().map(|(count, Span(at))| {
        workload_file::burst(Priority::Batch, *count, *at, Duration::ZERO, stretch)
            .map_err(|why| format!("--batch {count}@...: {why}"))
    });
    let sources: Vec<Source> = rates.chain(bursts).collect::<Result<_, String>>()?;
    if sources.is_empty() {
        return Err(
            "no calls: give --workload, --arrivals, --from-history, or --high, --medium, --batch"
                .to_owned(),
        );
    }
    if stretch.is_zero() {
        return Err("--duration is longer than nothing".to_owned());
    }
    let latency =
        latency(vendor)?.ok_or("--latency-mean is missing: how long does a call take?")?;
    Ok(Workload::new("the options", stretch, sources, latency))
}

fn recorded(file: &Path, vendor: &VendorArguments) -> Result<Workload, String> {
    let name = file.display().to_string();
    let calls = csv::parse(&name, &text(file)?)?;
    let durations: Vec<Duration> = calls.iter().filter_map(|call| call.duration).collect();
    let latency = match latency(vendor)? {
        Some(latency) => latency,
        None if durations.is_empty() => {
            return Err(format!(
                "{name}: no call has a duration_ms; give --latency-mean"
            ));
        }
        None => Latency::Measured(Arc::from(durations)),
    };
    let last = calls.last().map_or(Time::default(), |call| call.at);
    // Even calls that all come at one moment need a stretch of time.
    let stretch = last
        .saturating_since(Time::default())
        .max(Duration::from_secs(1));
    let sources = vec![Source::Recorded(Arc::from(calls))];
    Ok(Workload::new(name, stretch, sources, latency))
}

fn latency(vendor: &VendorArguments) -> Result<Option<Latency>, String> {
    let Some(Span(mean)) = vendor.latency_mean else {
        return Ok(None);
    };
    let p99 = vendor.latency_p99.map_or(mean, |Span(p99)| p99);
    Latency::log_normal(mean, p99).map(Some)
}

/// Applies what the options say of the vendor to a workload that says nothing of it. Where others use the account and
/// nobody says how many calls it admits at once, it is taken to admit as many as our own limit allows.
fn behave(workload: &mut Workload, vendor: &VendorArguments, account: Option<u32>) {
    if let Some(share) = vendor.failures {
        workload.failures.repeatable = share;
    }
    if let Some(share) = vendor.lost {
        workload.failures.lost = share;
    }
    if let Some(share) = vendor.throttles {
        workload.throttles.share = share;
    }
    if let Some(Rate(per_second)) = vendor.foreign {
        let latency = workload.latency.clone();
        workload.foreign = Some(Foreign {
            per_second,
            latency,
        });
    }
    if vendor.vendor_concurrency.is_some() {
        workload.vendor_concurrency = vendor.vendor_concurrency;
    }
    if workload.foreign.is_some() && workload.vendor_concurrency.is_none() {
        workload.vendor_concurrency = account;
    }
}

fn text(file: &Path) -> Result<String, String> {
    std::fs::read_to_string(file).map_err(|why| format!("{} cannot be read: {why}", file.display()))
}
