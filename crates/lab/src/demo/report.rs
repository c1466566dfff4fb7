//! The result of a run of the demo: one value, printed as JSON (`rampmeter.demo/1`) or for people. It measures and
//! judges nothing itself.

use serde::{Deserialize, Serialize};

use super::adjust::Change;
use super::configuration::{BEARER, BEARER_VARIABLE, FILE_NAME, Figures};
use super::urgency::HighFirst;
use super::windows::WindowUse;

/// The JSON object that `demo --json` prints.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Report {
    /// Always `rampmeter.demo/1`.
    pub(crate) schema: &'static str,
    /// Counts from the engine's store, after it stopped; `started` is what the clients had acknowledged.
    pub(crate) executions: Executions,
    /// Counts of the vendor.
    pub(crate) calls: Calls,
    /// What the vendor measured with its own clock.
    pub(crate) vendor: Vendor,
    /// From 0 to 1; absent when no call ever waited for a slot.
    pub(crate) utilisation: Option<f64>,
    /// Message committed to permit committed.
    pub(crate) wait_ms: PerPriority<Percentiles>,
    /// How often an eligible lane had to let a higher one pass.
    pub(crate) deferrals: Deferrals,
    /// Each limit on calls in a time.
    pub(crate) windows: Vec<WindowUse>,
    /// Whether HIGH calls went before lower ones.
    pub(crate) high_first: HighFirst,
    /// Limits that were changed in the course of the run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) changes: Vec<Change>,
    /// By how much the wall clock was set back at the first kill.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) clock_set_back_ms: Option<u64>,
    /// From the first start to the end of the last execution.
    pub(crate) seconds: f64,
    /// Where the store and the configuration lie.
    pub(crate) data_dir: String,
    /// With `--crash` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) crash: Option<Crash>,
    /// What went wrong, in words; not part of the JSON.
    #[serde(skip)]
    pub(crate) complaints: Vec<String>,
}

/// Executions of the run.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Executions {
    /// Acknowledged over the wire.
    pub(crate) started: u64,
    /// Ended with an output.
    pub(crate) succeeded: u64,
    /// Ended in any other way.
    pub(crate) failed: u64,
}

/// Calls of the run.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Calls {
    /// Calls that reached the vendor.
    pub(crate) made: u64,
    /// Of these, the ones it answered 429.
    pub(crate) rejected: u64,
}

/// The vendor's own count.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Vendor {
    /// Most calls in flight at once.
    pub(crate) max_in_flight: u32,
    /// The limit on them.
    pub(crate) limit_in_flight: u32,
    /// Most calls in any minute, wherever it is placed.
    pub(crate) max_in_window: u64,
    /// The limit on them.
    pub(crate) limit_in_window: u64,
    /// Calls that broke a limit.
    pub(crate) violations: u64,
    /// How long the vendor worked on a call.
    pub(crate) latency_ms: Latency,
}

/// Percentiles in milliseconds.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Latency {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
}

/// One value for each priority.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct PerPriority<T> {
    #[serde(rename = "HIGH")]
    pub(crate) high: T,
    #[serde(rename = "MEDIUM")]
    pub(crate) medium: T,
    #[serde(rename = "BATCH")]
    pub(crate) batch: T,
}

/// Deferrals of the lanes that can be deferred.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Deferrals {
    #[serde(rename = "MEDIUM")]
    pub(crate) medium: u64,
    #[serde(rename = "BATCH")]
    pub(crate) batch: u64,
}

/// Percentiles in milliseconds, by nearest rank; all 0 when there was nothing to rank.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub(crate) struct Percentiles {
    pub(crate) p50: f64,
    pub(crate) p95: f64,
    pub(crate) p99: f64,
    pub(crate) max: f64,
}

impl Percentiles {
    /// The percentiles of durations in microseconds.
    pub(crate) fn of(mut durations_us: Vec<i64>) -> Percentiles {
        durations_us.sort_unstable();
        let rank = |percent: usize| {
            let place = (durations_us.len() * percent)
                .div_ceil(100)
                .saturating_sub(1);
            durations_us
                .get(place)
                .map_or(0.0, |duration| *duration as f64 / 1e3)
        };
        Percentiles {
            p50: rank(50),
            p95: rank(95),
            p99: rank(99),
            max: rank(100),
        }
    }
}

/// What the kills did.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Crash {
    /// How often the engine was ended with SIGKILL.
    pub(crate) kills: u32,
    /// Calls in flight at the vendor at each kill.
    pub(crate) in_flight_at_kill: Vec<u32>,
    /// Calls whose outcome a kill made unknown, from the store.
    pub(crate) unknown: u64,
    /// Calls the vendor saw again with the same idempotency key.
    pub(crate) repeated: u64,
    /// Calls the vendor saw again with another key. Must be 0.
    pub(crate) repeated_with_other_key: u64,
    /// Acknowledged executions that did not end, or whose order the vendor never saw. Must be 0.
    pub(crate) missing: u64,
    /// Executions that ended, or tasks that were resumed, more than once. Must be 0.
    pub(crate) duplicate_outcomes: u64,
}

impl Report {
    /// The report for people: what was run, the result, and what to try next with `program`, as it was called.
    pub(crate) fn text(&self, figures: &Figures, program: &str) -> String {
        let mut lines = vec![String::new(), figures.sentence(), String::new()];
        lines.push(self.counts());
        lines.push(self.vendor_text());
        lines.push(self.utilisation_text());
        lines.extend(self.crash.as_ref().map(crash_text));
        lines.extend(self.changes_text());
        lines.push(self.wait_text());
        lines.push(format!(
            "Took {:.1} s. The data lies in {}",
            self.seconds, self.data_dir
        ));
        lines.push(self.next_commands(program));
        lines.extend(
            self.complaints
                .iter()
                .map(|complaint| format!("WRONG: {complaint}")),
        );
        let mut text = lines.join("\n");
        text.push('\n');
        text
    }

    fn counts(&self) -> String {
        let Executions {
            started,
            succeeded,
            failed,
        } = self.executions;
        let [started, succeeded, failed] = [started, succeeded, failed].map(grouped);
        let [made, rejected] = [self.calls.made, self.calls.rejected].map(grouped);
        format!(
            "Executions   {started} started, {succeeded} succeeded, {failed} failed\n\
             Calls        {made} made, {rejected} rejected"
        )
    }

    fn vendor_text(&self) -> String {
        let vendor = &self.vendor;
        format!(
            "The vendor's own count\n  \
             most in flight     {} of {}\n\
             {}\n  \
             violations         {}\n  \
             latency            p50 {:.0} ms, p99 {:.0} ms",
            vendor.max_in_flight,
            vendor.limit_in_flight,
            self.windows_text(),
            grouped(vendor.violations),
            vendor.latency_ms.p50,
            vendor.latency_ms.p99,
        )
    }

    /// Limits that were changed, and the clock.
    fn changes_text(&self) -> Option<String> {
        let mut lines = Vec::new();
        if !self.changes.is_empty() {
            let changes = self
                .changes
                .iter()
                .map(|change| format!("{:?} to {}", change.limit, change.to).to_lowercase());
            let changes: Vec<String> = changes.collect();
            lines.push(format!("Limits       changed live: {}", changes.join(", ")));
        }
        if let Some(back) = self.clock_set_back_ms {
            lines.push(format!(
                "Clock        set back by {} s at the first kill",
                back / 1_000
            ));
        }
        (!lines.is_empty()).then(|| lines.join("\n"))
    }

    fn windows_text(&self) -> String {
        let lines = self.windows.iter().map(|window| {
            let most = format!("{} of {}", grouped(window.most), grouped(window.limit));
            let may = if window.may_count > window.limit {
                format!(", counted from the send: it may be {}", window.may_count)
            } else {
                String::new()
            };
            format!("  most in a {:<9}{most}{may}", window.name)
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    fn utilisation_text(&self) -> String {
        match self.utilisation {
            Some(share) => format!(
                "Utilisation  {:.1} % of the slot time while a call waited for a slot",
                share * 100.0
            ),
            None => "Utilisation  not measured: no call ever waited for a slot".to_owned(),
        }
    }

    fn wait_text(&self) -> String {
        let row = |name: &str, wait: Percentiles, deferrals: &str| {
            format!(
                "{name:<8}{:>11.0}{:>11.0}{:>11.0}{:>11.0}{deferrals:>12}",
                wait.p50, wait.p95, wait.p99, wait.max
            )
        };
        let head = format!(
            "\n{:<8}{:>11}{:>11}{:>11}{:>11}{:>12}",
            "Wait, ms", "p50", "p95", "p99", "max", "deferrals"
        );
        let rows = [
            head,
            row("HIGH", self.wait_ms.high, ""),
            row(
                "MEDIUM",
                self.wait_ms.medium,
                &self.deferrals.medium.to_string(),
            ),
            row(
                "BATCH",
                self.wait_ms.batch,
                &self.deferrals.batch.to_string(),
            ),
        ];
        rows.join("\n") + "\n"
    }

    fn next_commands(&self, program: &str) -> String {
        format!(
            "Look at it:\n  \
             {BEARER_VARIABLE}={BEARER} {program} serve --config '{dir}/{FILE_NAME}'\n  \
             {program} exec show SO-000001 --events      (in another terminal)",
            dir = self.data_dir
        )
    }
}

/// A number with commas between its thousands.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn crash_text(crash: &Crash) -> String {
    let in_flight: Vec<String> = crash.in_flight_at_kill.iter().map(u32::to_string).collect();
    format!(
        "Kills        {} by SIGKILL, with {} calls in flight\n  \
         outcome unknown    {}\n  \
         repeated           {}, {} of them with another idempotency key\n  \
         missing            {}\n  \
         duplicate outcomes {}",
        crash.kills,
        in_flight.join(", "),
        crash.unknown,
        crash.repeated + crash.repeated_with_other_key,
        crash.repeated_with_other_key,
        crash.missing,
        crash.duplicate_outcomes,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart_by_commas() {
        let numbers = [0, 999, 1_000, 12_345, 1_234_567];
        assert_eq!(
            numbers.map(grouped),
            ["0", "999", "1,000", "12,345", "1,234,567"]
        );
    }

    #[test]
    fn percentiles_are_nearest_ranks_in_milliseconds() {
        let durations = (1..=200).rev().map(|n| n * 1_000).collect();
        let expected = Percentiles {
            p50: 100.0,
            p95: 190.0,
            p99: 198.0,
            max: 200.0,
        };
        assert_eq!(Percentiles::of(durations), expected);
        assert_eq!(Percentiles::of(vec![1_500]).p99, 1.5);
        assert_eq!(Percentiles::of(vec![]), Percentiles::default());
    }
}
