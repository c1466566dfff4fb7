//! `rampmeter mock`: a strict stand-in vendor on a loopback port, until it is told to stop. What it saw is its report.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Subcommand;
use rampmeter_standin::{Latency, NetSuite, NetSuiteOptions, Report};
use tokio::signal::unix::{SignalKind, signal};

use crate::demo::{asked_to_end, duration};
use crate::failure::{Exit, Failure};
use crate::output;

/// Serve a strict stand-in of a vendor's API on a loopback port.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    vendor: Vendor,
}

#[derive(Debug, Subcommand)]
enum Vendor {
    /// NetSuite's REST web services: records, its limits on calls, its error bodies.
    Netsuite(NetSuiteArguments),
}

/// How the stand-in NetSuite behaves.
#[derive(Debug, clap::Args)]
struct NetSuiteArguments {
    /// Port on 127.0.0.1; 0 takes a free one.
    #[arg(long, default_value_t = 4_700)]
    port: u16,
    /// Calls that may be in flight at once.
    #[arg(long, value_name = "N", default_value_t = 15)]
    concurrency: u32,
    /// Calls that may arrive in any minute.
    #[arg(long, value_name = "N", default_value_t = 6_000)]
    calls_per_minute: u64,
    /// Mean time the vendor works on a call; 0ms answers at once.
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "250ms")]
    latency_mean: Duration,
    /// Its 99th percentile; the same as the mean makes every call equally long.
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "800ms")]
    latency_p99: Duration,
    /// Longest time the vendor works on a call.
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "15m")]
    longest: Duration,
    /// Decides the latencies.
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// The bearer value demanded of every call, or `none`.
    #[arg(long, value_name = "VALUE", default_value = "none")]
    bearer: String,
    /// Where the report goes at the end; `-` is standard output.
    #[arg(long, value_name = "FILE", default_value = "-")]
    report: PathBuf,
    /// Write the report as JSON, and the address as one JSON object on the first line of standard output.
    #[arg(long)]
    json: bool,
}

/// Serves until SIGINT or SIGTERM, then writes the report.
///
/// # Errors
/// When the options make no sense or the port is taken, or when the report cannot be written.
pub(crate) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let Vendor::Netsuite(arguments) = arguments.vendor;
    let mut terminate = signal(SignalKind::terminate())?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, arguments.port));
    let bound = NetSuite::bind(address, options(&arguments)).await;
    let netsuite = bound.map_err(|error| not_bound(address, &error))?;
    announce(&netsuite, arguments.json)?;
    asked_to_end(&mut terminate).await;
    let report = netsuite.shut_down().await;
    let text = if arguments.json {
        json_text(&report)?
    } else {
        text(&report)
    };
    write(&arguments.report, &text)
}

fn options(arguments: &NetSuiteArguments) -> NetSuiteOptions {
    let (mean, p99) = (arguments.latency_mean, arguments.latency_p99);
    NetSuiteOptions {
        max_in_flight: arguments.concurrency,
        calls_per_window: arguments.calls_per_minute,
        latency: match mean {
            Duration::ZERO => Latency::Instant,
            _ if mean == p99 => Latency::Fixed(mean),
            _ => Latency::LogNormal { mean, p99 },
        },
        longest: Some(arguments.longest),
        seed: arguments.seed,
        bearer: (arguments.bearer != "none").then(|| arguments.bearer.clone()),
        ..NetSuiteOptions::default()
    }
}

fn not_bound(address: SocketAddr, error: &io::Error) -> Failure {
    let what = format!("the stand-in cannot be served on {address}: {error}");
    let failure = Failure::new("RM2033", Exit::Usage, what);
    match error.kind() {
        io::ErrorKind::AddrInUse => failure.with_help("rampmeter mock netsuite --port 0"),
        _ => failure,
    }
}

fn announce(netsuite: &NetSuite, json: bool) -> io::Result<()> {
    let url = format!("http://{}", netsuite.address());
    if json {
        return output::data(
            &serde_json::json!({"schema": "rampmeter.mock/1", "url": url}).to_string(),
        );
    }
    output::note(&format!(
        "NetSuite stand-in on {url}, its report so far at {url}/_standin/report"
    ));
    output::note("Ctrl-C ends it.");
    Ok(())
}

fn json_text(report: &Report) -> Result<String, Failure> {
    let mut object = serde_json::to_value(report).map_err(io::Error::other)?;
    object["schema"] = "rampmeter.mock-report/1".into();
    Ok(format!("{object}\n"))
}

fn text(report: &Report) -> String {
    format!(
        "calls             {} ({} rejected, {} not authorised)\n\
         most in flight    {} of {}\n\
         most in a window  {} of {} in {} ms\n\
         violations        {}\n\
         latency           p50 {:.0} ms, p99 {:.0} ms\n\
         repeated          {}, {} more with another idempotency key\n\
         records           {}, {} created twice\n",
        report.calls,
        report.rejected,
        report.unauthorised,
        report.max_in_flight,
        report.limit_in_flight,
        report.max_in_window,
        report.limit_in_window,
        report.window_ms,
        report.violations,
        report.latency_ms.p50,
        report.latency_ms.p99,
        report.repeated,
        report.repeated_with_other_key,
        report.records,
        report.duplicates_created,
    )
}

fn write(to: &Path, text: &str) -> Result<(), Failure> {
    if to == Path::new("-") {
        return Ok(output::data(text.trim_end())?);
    }
    std::fs::write(to, text).map_err(|error| {
        let what = format!("the report cannot be written to {}: {error}", to.display());
        Failure::new("RM2012", Exit::Failed, what)
    })
}
