//! `rampmeter simulate`: the gate of production under a virtual clock, with a workload and a vendor that behaves as
//! told. Nothing is called and nothing is stored; the same seed gives the same report.
//!
//! `input` makes a `scenario` of configuration and `workload`; `world` runs it; `study` runs what it is compared with;
//! `report`, `text` and `picture` show it.

use std::io::{self, Write as _};

use rampmeter_terminal::output::{self, Color};
use rampmeter_terminal::{Exit, Failure};

mod quantity;
mod random;

mod arrivals;
mod latency;
mod workload;
mod workload_file;
mod csv;
mod history;

mod scenario;
mod vendor;
mod agenda;
mod held;
mod world;
mod result;
mod figures;

mod verdict;
mod single_queue;
mod recorded;
mod what_if;
mod prices;
mod cost;
mod warnings;
mod study;

mod report;
mod layout;
mod text;
mod picture;

mod arguments;
mod input;
#[cfg(test)]
mod tests;

pub(crate) use arguments::Arguments;
pub(crate) use cost::{Bill, Month};
pub(crate) use prices::Prices;
pub(crate) use quantity::Span;
pub(crate) use workload::Usage;

/// The built-in prices, with those of a file over them.
///
/// # Errors
/// What is wrong with the file.
pub(crate) fn prices(file: Option<&std::path::Path>) -> Result<Prices, String> {
    input::prices(file)
}

/// Simulates and prints the report.
///
/// # Errors
/// Options and files that cannot be used are usage errors; an objective that is missed, a call that never ends or a
/// picture that cannot be written is a failure.
pub(crate) fn run(arguments: &Arguments, color: Color) -> Result<(), Failure> {
    let (scenario, plan) = input::read(arguments, color.for_stderr())?;
    let study = study::Study::of(scenario, &plan);
    if let Some(file) = &arguments.svg {
        std::fs::write(file, picture::svg(&study)).map_err(|why| {
            let what = format!("{} cannot be written: {why}", file.display());
            Failure::new("RM2053", Exit::Failed, what)
        })?;
    }
    if arguments.json {
        output::json(&report::json(&study))?;
    } else {
        io::stdout()
            .lock()
            .write_all(text::text(&study).as_bytes())?;
    }
    if study.passed() {
        Ok(())
    } else {
        Err(Failure::Told(Exit::Failed))
    }
}
