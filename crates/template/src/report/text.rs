//! The deploy report for a terminal.

use rampmeter_terminal::Table;

use super::exactness::short;
use super::{Report, limiter_word};

/// The report as lines.
pub fn text(report: &Report) -> String {
    let mut lines = vec![format!(
        "Stack {}: {} resources, limiter = \"{}\"",
        report.stack,
        report.resources,
        limiter_word(report.limiter)
    )];
    if !report.targets.is_empty() {
        lines.push(String::new());
        let mut table = Table::new(["LIMIT", "SAYS", "HELD ON AWS", "STARTS/S"]);
        for target in &report.targets {
            for limit in &target.limits {
                table.add_row([
                    format!("{}/{}", target.name, limit.name),
                    limit.says.clone(),
                    limit.exactness.to_string(),
                    rate(limit.starts_per_second),
                ]);
            }
        }
        lines.extend(table.lines(None));
        lines.push(String::new());
    }
    for target in &report.targets {
        let mut line = format!(
            "{} starts at most {} calls a second if a call takes {}, bounded by {}",
            target.name,
            rate(target.starts_per_second),
            short(target.latency),
            target.bounded_by
        );
        if let Some(room) = target.in_flight {
            line.push_str(&format!("; at most {room} are in flight"));
        }
        lines.push(line);
    }
    let assumed = &report.assumed;
    lines.push(String::new());
    lines.push(format!(
        "At most about {:.2} USD a month for {} calls of {}, one in each execution (list prices of {}, {}; free tiers not taken off)",
        report.bill.total(),
        assumed.calls,
        short(report.latency),
        report.bill.as_of,
        report.bill.region
    ));
    for item in &report.bill.items {
        lines.push(format!(
            "  {:<15} {:>9.2}  {}",
            item.service, item.usd, item.what
        ));
    }
    if !report.secrets.is_empty() {
        lines.push(String::new());
        lines.push(format!(
            "Secrets that must be there: {}",
            report.secrets.join(", ")
        ));
    }
    lines.join("\n")
}

pub(super) fn rate(rate: f64) -> String {
    if rate.is_finite() {
        format!("{rate:.1}")
    } else {
        "any".to_owned()
    }
}
