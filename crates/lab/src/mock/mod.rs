//! `rampmeter mock`: a strict stand-in vendor on a loopback port, until it is told to stop. Its report says what it
//! saw.

mod conduct;
mod http;
mod netsuite;
mod report;
mod salesforce;
mod sap;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use rampmeter_standin::StandIn;
use rampmeter_terminal::output;
use rampmeter_terminal::{Exit, Failure};

use clap::Subcommand;
use tokio::signal::unix::{SignalKind, signal};

use crate::interruption::asked_to_end;

/// Serve a strict stand-in of a vendor's API on a loopback port.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    vendor: Vendor,
}

#[derive(Debug, Subcommand)]
enum Vendor {
    /// NetSuite's REST web services and RESTlets: its sign-ins, its limits on calls, its jobs, its error bodies.
    Netsuite(netsuite::Arguments),
    /// Salesforce's REST API: its sign-ins, requests that run long, requests in a day, upserts by external id.
    Salesforce(salesforce::Arguments),
    /// SAP's OData services: its sign-ins, sessions against forgery, stacked windows, repeatable requests.
    Sap(sap::Arguments),
    /// Any HTTP API: idempotency keys, Retry-After, RateLimit headers.
    Http(http::Arguments),
}

/// Where a stand-in listens and what it tells.
#[derive(Debug, clap::Args)]
struct Listener {
    /// Port on 127.0.0.1; 0 takes a free one.
    #[arg(long, default_value_t = 4_700)]
    port: u16,
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
pub async fn run(arguments: Arguments) -> Result<(), Failure> {
    let mut terminate = signal(SignalKind::terminate())?;
    let (place, name, bound) = match arguments.vendor {
        Vendor::Netsuite(arguments) => {
            let (place, options) = arguments.read()?;
            let bound = StandIn::bind(place.address(), options).await;
            (place, "netsuite", bound)
        }
        Vendor::Salesforce(arguments) => {
            let (place, options) = arguments.read()?;
            let bound = StandIn::bind(place.address(), options).await;
            (place, "salesforce", bound)
        }
        Vendor::Sap(arguments) => {
            let (place, options) = arguments.read();
            let bound = StandIn::bind(place.address(), options).await;
            (place, "sap", bound)
        }
        Vendor::Http(arguments) => {
            let (place, options) = arguments.read();
            let bound = StandIn::bind(place.address(), options).await;
            (place, "http", bound)
        }
    };
    let stand_in = bound.map_err(|error| not_bound(place.address(), name, &error))?;
    announce(&stand_in, name, place.json)?;
    asked_to_end(&mut terminate).await;
    let seen = stand_in.shut_down().await;
    let text = if place.json {
        report::json(&seen)?
    } else {
        report::text(&seen)
    };
    write(&place.report, &text)
}

impl Listener {
    fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }
}

fn not_bound(address: SocketAddr, name: &str, error: &io::Error) -> Failure {
    let what = format!("the stand-in cannot be served on {address}: {error}");
    let failure = Failure::new("RM2033", Exit::Usage, what);
    match error.kind() {
        io::ErrorKind::AddrInUse => failure.with_help(format!("rampmeter mock {name} --port 0")),
        _ => failure,
    }
}

fn announce(stand_in: &StandIn, name: &str, json: bool) -> io::Result<()> {
    let url = format!("http://{}", stand_in.address());
    if json {
        return output::data(
            &serde_json::json!({"schema": "rampmeter.mock/1", "vendor": name, "url": url})
                .to_string(),
        );
    }
    output::note(&format!(
        "{name} stand-in on {url}, its report so far at {url}/_standin/report"
    ));
    output::note("Ctrl-C ends it.");
    Ok(())
}

fn write(to: &std::path::Path, text: &str) -> Result<(), Failure> {
    if to == std::path::Path::new("-") {
        return Ok(output::data(text.trim_end())?);
    }
    std::fs::write(to, text).map_err(|error| {
        let what = format!("the report cannot be written to {}: {error}", to.display());
        Failure::new("RM2012", Exit::Failed, what)
    })
}
