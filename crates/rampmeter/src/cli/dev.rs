//! `dev`: serves the example with a stand-in vendor and orders that come in.

use clap::Args;
use rampmeter_lab::Faults;
use rampmeter_lab::dev::{Example, ExampleArguments};
use rampmeter_terminal::Failure;
use rampmeter_terminal::output::{Color, note};

use crate::serve::{self, Ports};

/// Options of `dev`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    example: ExampleArguments,
    #[command(flatten)]
    ports: Ports,
}

/// Serves the example until it is told to end.
pub(crate) async fn run(arguments: Arguments, color: Color) -> Result<(), Failure> {
    let example = Example::prepare(&arguments.example, color).await?;
    let mut config = example.config().clone();
    arguments.ports.apply(&mut config);
    note(&example.describe());
    let beside = |engine: &_| example.send_orders(engine);
    serve::serve(config, &arguments.ports, &Faults::default(), color, beside).await
}
