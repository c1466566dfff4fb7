//! What the workload would cost on AWS in a month of 30 days, if its stretch were repeated again and again.

use std::time::Duration;

use rampmeter_template::bill::{Bill, Month, Prices};

use crate::world::result::Run;
use crate::world::scenario::Scenario;

/// A month, for the extrapolation.
const MONTH: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The bill for a month of such runs.
pub(crate) fn bill(scenario: &Scenario, run: &Run, prices: &Prices) -> Bill {
    let months = MONTH.as_secs_f64() / scenario.workload.stretch.as_secs_f64();
    let busy_seconds = run.mean(|step| step.at_vendor) * run.end.as_micros() as f64 / 1e6;
    let month = Month {
        executions: run.records.len() as f64 * months,
        starts: run.starts() as f64 * months,
        busy_seconds: busy_seconds * months,
    };
    Bill::of_month(month, &scenario.workload.usage, prices)
}
