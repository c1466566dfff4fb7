//! Makes the report from everything that was seen. Pure. It compares what the clients, the store and the vendor say,
//! and names whatever does not agree.

use std::collections::HashSet;
use std::time::Duration;

use rampmeter_dispatch::Priority;
use rampmeter_engine::{Audit, COMMIT_GRACE, CallTimes};

use super::adjust::Adjuster;
use super::configuration::Figures;
use super::crash::Killer;
use super::plan::Plan;
use super::report::{
    Calls, Crash, Deferrals, Executions, Latency, PerPriority, Percentiles, Report, Vendor,
};
use super::run::Task;
use super::urgency::HighFirst;
use super::utilisation::{Observed, Stretch};
use super::watch::Watch;
use super::windows::{WindowUse, windows};

/// What became of each order, according to the clients, the engine and the vendor.
#[derive(Debug)]
pub(crate) struct Account {
    /// Indices in the plan of the orders whose start was acknowledged over the wire.
    pub(crate) acknowledged: Vec<usize>,
    /// Starts that were refused, in words.
    pub(crate) refused: Vec<String>,
    /// Names of the executions that ended.
    pub(crate) ended: HashSet<String>,
    /// By index in the plan: whether the vendor did the order.
    pub(crate) done: Vec<bool>,
}

impl Account {
    /// Acknowledged orders whose execution did not end, or which the vendor never did.
    fn missing(&self, plan: &Plan) -> u64 {
        let is_missing = |place: &&usize| {
            !(self.ended.contains(&plan.orders[**place].name) && self.done[**place])
        };
        self.acknowledged.iter().filter(is_missing).count() as u64
    }
}

/// Everything that was seen of a run.
#[derive(Debug)]
pub(crate) struct Evidence {
    /// What became of each order.
    pub(crate) account: Account,
    /// The store's own check.
    pub(crate) audit: Audit,
    /// The calls, from the store.
    pub(crate) times: Vec<CallTimes>,
    /// The vendor's counts.
    pub(crate) vendor: rampmeter_standin::Report,
    /// The accepted calls, as the vendor saw them.
    pub(crate) calls: Vec<Stretch>,
    /// What was seen of the target.
    pub(crate) watch: Watch,
    /// The kills, with `--crash`.
    pub(crate) killer: Option<Killer>,
    /// The changes of limits.
    pub(crate) adjuster: Adjuster,
    /// From the first start to the last end.
    pub(crate) took: Duration,
}

impl Evidence {
    /// The report, with a complaint for everything that is not as it should be.
    pub(crate) fn report(self, task: &Task, plan: &Plan) -> Report {
        let vendor = &self.vendor;
        let [_, medium, batch] = self.watch.deferrals();
        let mut report = Report {
            schema: "rampmeter.demo/1",
            executions: Executions {
                started: self.account.acknowledged.len() as u64,
                succeeded: self.audit.succeeded,
                failed: self.audit.failed,
            },
            calls: Calls {
                made: vendor.calls,
                rejected: vendor.rejected,
            },
            vendor: Vendor {
                max_in_flight: vendor.max_in_flight,
                limit_in_flight: vendor.limit_in_flight,
                max_in_window: vendor.max_in_window,
                limit_in_window: vendor.limit_in_window,
                violations: vendor.violations,
                latency_ms: Latency {
                    p50: vendor.latency_ms.p50,
                    p99: vendor.latency_ms.p99,
                },
            },
            utilisation: self
                .observed(&task.figures)
                .utilisation()
                .map(|share| rounded(share, 1e4)),
            wait_ms: PerPriority {
                high: self.wait(Priority::High),
                medium: self.wait(Priority::Medium),
                batch: self.wait(Priority::Batch),
            },
            deferrals: Deferrals { medium, batch },
            windows: self.windows(&task.figures),
            high_first: HighFirst::of(&self.times),
            changes: self.adjuster.changes.clone(),
            clock_set_back_ms: task
                .clock_back
                .map(|by| u64::try_from(by.as_millis()).unwrap_or(u64::MAX)),
            seconds: rounded(self.took.as_secs_f64(), 1e3),
            data_dir: task.data_dir.display().to_string(),
            crash: self.killer.as_ref().map(|killer| self.crash(killer, plan)),
            complaints: Vec::new(),
        };
        report.complaints = self.complaints(task, plan);
        report
    }

    fn windows(&self, figures: &Figures) -> Vec<WindowUse> {
        let second = self.vendor.windows.get(1);
        let most = [
            self.vendor.max_in_window,
            second.map_or(0, |window| window.most),
        ];
        windows(figures, &self.calls, most)
    }

    fn observed(&self, figures: &Figures) -> Observed {
        let hold = figures.timeouts.map_or(Duration::ZERO, |(timeout, hold)| {
            timeout + hold + COMMIT_GRACE
        });
        let kills = self.killer.as_ref().map(|killer| killer.kills_us.clone());
        Observed {
            calls: self.calls.clone(),
            contended: self.watch.contended(),
            kills_us: kills.unwrap_or_default(),
            hold_us: i64::try_from(hold.as_micros()).unwrap_or(i64::MAX),
            max: figures.concurrency,
        }
    }

    fn wait(&self, priority: Priority) -> Percentiles {
        let calls = self.times.iter().filter(|call| call.priority == priority);
        Percentiles::of(
            calls
                .filter_map(|call| Some(call.started_at?.as_micros() - call.sent_at.as_micros()))
                .collect(),
        )
    }

    fn crash(&self, killer: &Killer, plan: &Plan) -> Crash {
        Crash {
            kills: killer.kills(),
            in_flight_at_kill: killer.in_flight_at_kill.clone(),
            unknown: self.times.iter().map(|call| u64::from(call.crashes)).sum(),
            repeated: self.vendor.repeated,
            repeated_with_other_key: self.vendor.repeated_with_other_key,
            missing: self.account.missing(plan),
            duplicate_outcomes: self.audit.duplicate_outcomes,
        }
    }

    fn complaints(&self, task: &Task, plan: &Plan) -> Vec<String> {
        let vendor = &self.vendor;
        let planned = plan.orders.len() as u64;
        let started = self.account.acknowledged.len() as u64;
        let not_killed = self
            .killer
            .as_ref()
            .map_or(0, |killer| u64::from(killer.left()));
        let counts = [
            (vendor.violations, "calls broke a limit of the vendor"),
            (
                vendor.rejected.saturating_sub(vendor.violations),
                "calls were rejected without breaking a limit",
            ),
            (self.adjuster.left(), "changes of limits were not made"),
            (
                self.audit.backwards,
                "histories have events that go back in time",
            ),
            (vendor.unauthorised, "calls were not authorised"),
            (
                vendor.repeated_with_other_key,
                "calls were repeated with another idempotency key",
            ),
            (planned - started, "starts were never acknowledged"),
            (
                started.abs_diff(self.audit.executions),
                "executions more or fewer than were started",
            ),
            (
                self.account.missing(plan),
                "acknowledged executions are missing",
            ),
            (self.audit.failed, "executions failed"),
            (self.audit.running, "executions are still running"),
            (
                self.audit.inconsistent,
                "executions disagree with their history's last event",
            ),
            (
                self.audit.broken_histories,
                "histories have gaps in their event ids",
            ),
            (self.audit.duplicate_outcomes, "outcomes are there twice"),
            (not_killed, "kills did not find a call in flight"),
        ];
        let wrong = counts.iter().filter(|(count, _)| *count > 0);
        let mut complaints: Vec<String> = wrong
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        complaints.extend(self.account.refused.iter().take(5).cloned());
        if task.kills.is_none() && vendor.repeated > 0 {
            complaints.push(format!(
                "{} calls were repeated without a crash",
                vendor.repeated
            ));
        }
        complaints
    }
}

fn rounded(value: f64, parts: f64) -> f64 {
    (value * parts).round() / parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::configuration::Speed;
    use crate::demo::plan::Outline;

    const ORDERS: u32 = 10;

    fn plan() -> Plan {
        let outline = Outline {
            executions: ORDERS,
            seed: 1,
            expected: Duration::ZERO,
        };
        Plan::new(outline, &[serde_json::json!({})])
    }

    fn task(kills: Option<u32>) -> Task {
        let figures = Figures {
            executions: ORDERS,
            concurrency: 2,
            calls_per_minute: 100,
            speed: Speed::Instant,
            ..Figures::default()
        };
        let data_dir = "data".into();
        Task {
            figures,
            data_dir,
            kills,
            free_slots_after_restart: false,
            change_limits: false,
            clock_back: None,
        }
    }

    /// Makes one thing wrong.
    type Spoil = fn(&mut Evidence);

    /// A run in which everything went as it should.
    fn evidence() -> Evidence {
        let orders = u64::from(ORDERS);
        Evidence {
            account: Account {
                acknowledged: (0..plan().orders.len()).collect(),
                refused: Vec::new(),
                ended: plan()
                    .orders
                    .iter()
                    .map(|order| order.name.clone())
                    .collect(),
                done: vec![true; plan().orders.len()],
            },
            audit: Audit {
                executions: orders,
                succeeded: orders,
                ..Audit::default()
            },
            times: Vec::new(),
            vendor: rampmeter_standin::Report {
                calls: orders,
                ..Default::default()
            },
            calls: Vec::new(),
            watch: Watch::default(),
            killer: None,
            adjuster: Adjuster::default(),
            took: Duration::from_millis(1_500),
        }
    }

    #[test]
    fn a_run_in_which_all_agree_has_no_complaint() {
        let report = evidence().report(&task(None), &plan());
        assert!(report.complaints.is_empty(), "{:?}", report.complaints);
        assert_eq!(
            (report.executions.started, report.executions.succeeded),
            (10, 10)
        );
        assert_eq!(report.seconds, 1.5);
        assert_eq!(report.utilisation, None);
    }

    #[test]
    fn everything_that_does_not_agree_is_named() {
        let wrongs: [(Spoil, &str); 9] = [
            (|e| e.vendor.violations = 1, "broke a limit"),
            (
                |e| e.vendor.repeated_with_other_key = 1,
                "another idempotency key",
            ),
            (|e| e.vendor.repeated = 1, "repeated without a crash"),
            (|e| e.account.acknowledged.truncate(9), "never acknowledged"),
            (
                |e| e.account.done[3] = false,
                "1 acknowledged executions are missing",
            ),
            (
                |e| e.account.ended.clear(),
                "10 acknowledged executions are missing",
            ),
            (
                |e| e.account.refused.push("SO-000001: no".to_owned()),
                "SO-000001: no",
            ),
            (|e| e.audit.failed = 1, "executions failed"),
            (
                |e| e.audit.duplicate_outcomes = 1,
                "outcomes are there twice",
            ),
        ];
        for (spoil, expected) in wrongs {
            let mut evidence = evidence();
            spoil(&mut evidence);
            // The vendor rejects a call that breaks a limit.
            evidence.vendor.rejected = evidence.vendor.violations;
            let complaints = evidence.report(&task(None), &plan()).complaints.join("; ");
            assert!(
                complaints.contains(expected),
                "{expected:?} in {complaints:?}"
            );
        }
    }

    #[test]
    fn a_kill_that_was_not_made_is_named() {
        let mut evidence = evidence();
        evidence.killer = Some(Killer::new(2, u64::from(ORDERS)));
        let report = evidence.report(&task(Some(2)), &plan());
        assert_eq!(report.complaints, ["2 kills did not find a call in flight"]);
        assert_eq!(report.crash.map(|crash| crash.kills), Some(0));
    }
}
