//! The deploy report in Markdown, for a pull request.

use super::exactness::short;
use super::text::rate;
use super::{Report, limiter_word};

/// The report as Markdown.
pub fn markdown(report: &Report) -> String {
    let mut out = format!(
        "## Stack `{}`\n\n{} resources, `limiter = \"{}\"`.\n",
        report.stack,
        report.resources,
        limiter_word(report.limiter)
    );
    for target in &report.targets {
        out.push_str(&format!(
            "\n### Target `{}`\n\nAt most {} starts a second if a call takes {}, bounded by {}.",
            target.name,
            rate(target.starts_per_second),
            short(target.latency),
            target.bounded_by
        ));
        if let Some(room) = target.in_flight {
            out.push_str(&format!(" At most {room} calls are in flight."));
        }
        out.push('\n');
        if !target.limits.is_empty() {
            out.push_str("\n| limit | says | held on AWS | starts/s |\n|---|---|---|---:|\n");
        }
        for limit in &target.limits {
            out.push_str(&format!(
                "| {} | {} | {} | {} |\n",
                limit.name,
                limit.says,
                limit.exactness,
                rate(limit.starts_per_second)
            ));
        }
    }
    let assumed = &report.assumed;
    out.push_str(&format!(
        "\n### Cost\n\nAt most about {:.2} USD a month for {} calls of {} (list prices of {}, {}).\n\n| service | USD | for |\n|---|---:|---|\n",
        report.bill.total(),
        assumed.calls,
        short(report.latency),
        report.bill.as_of,
        report.bill.region
    ));
    for item in &report.bill.items {
        out.push_str(&format!(
            "| {} | {:.2} | {} |\n",
            item.service, item.usd, item.what
        ));
    }
    if !report.secrets.is_empty() {
        let names: Vec<String> = report
            .secrets
            .iter()
            .map(|name| format!("`{name}`"))
            .collect();
        out.push_str(&format!("\n### Secrets\n\n{}\n", names.join(", ")));
    }
    out
}
