//! `rampmeter simulate`: the production gate under a virtual clock, with a given workload and a simulated vendor.
//! Nothing is called and nothing is stored; the same seed gives the same report.
//!
//! `input` makes a scenario from configuration and `workload`; `world` runs it; `study` runs what it is compared with;
//! `report` shows the result.

use std::io::{self, Write as _};

use rampmeter_terminal::output::{self, Color};
use rampmeter_terminal::{Exit, Failure};

mod arguments;
mod input;
mod quantity;
mod random;
mod report;
mod study;
mod workload;
mod world;
#[cfg(test)]
mod tests;

pub use arguments::Arguments;
pub use quantity::Span;

/// Simulates and prints the report.
///
/// # Errors
/// Options and files that cannot be used are usage errors; an objective that is missed, a call that never ends or a
/// picture that cannot be written is a failure.
pub fn run(arguments: &Arguments, color: Color) -> Result<(), Failure> {
    let (scenario, plan) = input::read(arguments, color.for_stderr())?;
    let study = study::Study::of(scenario, &plan);
    if let Some(file) = &arguments.svg {
        std::fs::write(file, report::picture::svg(&study)).map_err(|why| {
            let what = format!("{} cannot be written: {why}", file.display());
            Failure::new("RM2053", Exit::Failed, what)
        })?;
    }
    if arguments.json {
        output::json(&report::json(&study))?;
    } else {
        io::stdout()
            .lock()
            .write_all(report::text::text(&study).as_bytes())?;
    }
    if study.passed() {
        Ok(())
    } else {
        Err(Failure::Reported(Exit::Failed))
    }
}
