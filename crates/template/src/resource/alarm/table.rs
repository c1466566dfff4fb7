//! The alarm of the table of permits: DynamoDB throttles requests, so that calls start late or not at all.

use super::{Alarm, Metric, sum};
use crate::document::{Template, reference};
use crate::resource::table;

/// Refusals in five minutes that a worker's retries can absorb.
const MAX_REFUSALS: u64 = 50;

pub(crate) fn add(template: &mut Template) {
    let of = |metric| Metric::sum("AWS/DynamoDB", metric, "TableName", reference(table::ID));
    let alarm = Alarm::new(
        "permits",
        "table-throttled",
        "DynamoDB throttles the table of permits, so that calls start late or not at all.",
        "look which target writes most.",
    )
    .of_expression(
        &sum(0..2),
        &[of("WriteThrottleEvents"), of("ReadThrottleEvents")],
        300,
        MAX_REFUSALS,
    );
    template.resource("TableThrottledAlarm", "", alarm.resource());
}
