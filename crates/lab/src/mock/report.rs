//! What a stand-in saw, for people and as JSON.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;

use rampmeter_standin::Report;
use rampmeter_terminal::Failure;

/// One JSON object, on one line.
///
/// # Errors
/// When a figure cannot be written as JSON, which cannot happen.
pub(super) fn json(report: &Report) -> Result<String, Failure> {
    let mut object = serde_json::to_value(report).map_err(io::Error::other)?;
    object["schema"] = "rampmeter.mock-report/1".into();
    Ok(format!("{object}\n"))
}

/// One line for each figure that is not 0.
pub(super) fn text(report: &Report) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: String| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{name:<18}{value}");
    };
    line(
        "calls",
        format!(
            "{} ({} rejected, {} not authorised)",
            report.calls, report.rejected, report.unauthorised
        ),
    );
    each(&mut line, "rejected", &report.rejected_by);
    each(&mut line, "refused", &report.refused_by);
    limits(&mut line, report);
    line("violations", report.violations.to_string());
    line(
        "latency",
        format!(
            "p50 {:.0} ms, p99 {:.0} ms",
            report.latency_ms.p50, report.latency_ms.p99
        ),
    );
    if report.tokens_issued > 0 || report.sessions_issued > 0 {
        line(
            "given out",
            format!(
                "{} access tokens, {} sessions",
                report.tokens_issued, report.sessions_issued
            ),
        );
    }
    each(&mut line, "sign-in refused", &report.sign_ins_refused);
    if report.jobs > 0 {
        line(
            "jobs",
            format!("{}, looked at {} times", report.jobs, report.jobs_looked_at),
        );
    }
    if report.lost_answers + report.server_errors + report.throttles_injected > 0 {
        line(
            "went wrong",
            format!(
                "{} answers lost, {} failures of the vendor's own, {} throttles without cause",
                report.lost_answers, report.server_errors, report.throttles_injected
            ),
        );
    }
    line(
        "repeated",
        format!(
            "{}, {} more with another idempotency key; {} absorbed",
            report.repeated, report.repeated_with_other_key, report.absorbed
        ),
    );
    line(
        "records",
        format!(
            "{}, {} created twice",
            report.records, report.duplicates_created
        ),
    );
    text
}

fn each(line: &mut impl FnMut(&str, String), name: &str, counts: &BTreeMap<String, u64>) {
    for (what, count) in counts {
        line(name, format!("{count} times: {what}"));
    }
}

/// How full each limit was.
fn limits(line: &mut impl FnMut(&str, String), report: &Report) {
    if report.limit_in_flight == u32::MAX {
        line("most in flight", report.max_in_flight.to_string());
    } else {
        line(
            "most in flight",
            format!("{} of {}", report.max_in_flight, report.limit_in_flight),
        );
    }
    if let Some(limit) = report.limit_long_running {
        line(
            "most running long",
            format!("{} of {limit}", report.max_long_running),
        );
    }
    for window in &report.windows {
        line(
            "most in a window",
            format!(
                "{} of {} in {} ms",
                window.most, window.limit, window.per_ms
            ),
        );
    }
}
