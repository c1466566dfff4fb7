//! Where the log goes, and how much of it: to standard error, as text on a terminal and as JSON lines otherwise.
//! `RAMPMETER_LOG`, else `RUST_LOG`, holds a filter such as `info` or `rampmeter_engine=debug`.

use std::io::{self, IsTerminal};

use rampmeter_terminal::LogWriter;
use rampmeter_terminal::output::{Color, note};
use tracing_subscriber::EnvFilter;

/// Installs the log of this process.
pub(crate) fn install(default_level: &str, color: Color) {
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter(default_level))
        .with_writer(|| LogWriter)
        .with_target(false);
    if io::stderr().is_terminal() {
        builder.with_ansi(color.for_stderr()).init();
    } else {
        builder.json().flatten_event(true).init();
    }
}

fn filter(default: &str) -> EnvFilter {
    let given = ["RAMPMETER_LOG", "RUST_LOG"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    let Some(given) = given else {
        return EnvFilter::new(default);
    };
    EnvFilter::try_new(&given).unwrap_or_else(|why| {
        note(&format!(
            "warning: the log filter {given:?} is not used: {why}"
        ));
        EnvFilter::new(default)
    })
}
