//! Faults that a server commits on purpose. Only tests ask for them, to prove that a check can find something wrong.

use std::time::Duration;

use clap::Args;

/// What only tests ask for.
#[derive(Debug, Default, Args)]
pub struct Faults {
    /// A deliberate fault, for the tests of the crash tests.
    #[arg(long, hide = true)]
    pub free_slots_after_restart: bool,
    /// For the tests: read a wall clock that was set back by so much.
    #[arg(long, hide = true, value_name = "DURATION", value_parser = rampmeter_time::duration::parse)]
    pub set_clock_back: Option<Duration>,
}
