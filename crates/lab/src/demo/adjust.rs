//! Limits that are lowered and raised while a run goes on, as a person does it: with `rampmeter limit set` and
//! `limit reset` against the admin port. The vendor changes its own limits with them and judges by those: a lower one
//! once ours is in force, a higher one before ours is.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde::Serialize;

use super::configuration::{Figures, TARGET};
use super::host::HostError;
use super::vendor::Vendor;

/// The time in which calls that had their permit before a limit was lowered reach the vendor; only then does it count
/// by the new limit.
const ON_THE_WAY: Duration = Duration::from_secs(1);

/// A limit that is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Limit {
    /// Calls in flight.
    Account,
    /// Calls in a second.
    Second,
    /// Calls in a minute.
    Minute,
}

impl Limit {
    fn name(self) -> &'static str {
        match self {
            Limit::Account => "account",
            Limit::Second => "second",
            Limit::Minute => "minute",
        }
    }
}

/// One change that was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Change {
    /// Which limit.
    pub(crate) limit: Limit,
    /// Its maximum from then on.
    pub(crate) to: u64,
    /// Calls in flight at the vendor just before.
    pub(crate) in_flight: u32,
}

/// The changes of a run.
#[derive(Debug, Default)]
pub(crate) struct Adjuster {
    /// The percentage of orders done at which to change, which limit, and to what; `None`: back to the configuration.
    planned: VecDeque<(u64, Limit, Option<u64>)>,
    orders: u64,
    /// The vendor's limits now: in flight, minute, second.
    in_force: Figures,
    /// Those of the configuration.
    configured: Figures,
    /// What was done.
    pub(crate) changes: Vec<Change>,
}

impl Adjuster {
    /// Plans to lower each limit of a run once and to raise it again.
    pub(crate) fn new(figures: &Figures) -> Adjuster {
        let mut planned = VecDeque::from([
            (
                10,
                Limit::Account,
                Some(u64::from(figures.concurrency / 2).max(1)),
            ),
            (22, Limit::Account, None),
        ]);
        if let Some(calls) = figures.calls_per_second {
            planned.push_back((34, Limit::Second, Some((calls * 6 / 10).max(1))));
            planned.push_back((46, Limit::Second, None));
        }
        planned.push_back((
            58,
            Limit::Minute,
            Some((figures.calls_per_minute * 9 / 10).max(1)),
        ));
        planned.push_back((82, Limit::Minute, None));
        Adjuster {
            planned,
            orders: u64::from(figures.executions),
            in_force: figures.clone(),
            configured: figures.clone(),
            changes: Vec::new(),
        }
    }

    /// Changes still to come.
    pub(crate) fn left(&self) -> u64 {
        self.planned.len() as u64
    }

    /// Whether the next change is due.
    pub(crate) fn is_due(&self, orders_done: u64) -> bool {
        let next = self.planned.front();
        next.is_some_and(|(percent, ..)| orders_done * 100 >= self.orders * percent)
    }

    /// Makes the next change on both sides.
    ///
    /// # Errors
    /// When the command fails.
    pub(crate) async fn change(
        &mut self,
        admin: SocketAddr,
        vendor: &Vendor,
    ) -> Result<Option<Change>, HostError> {
        let Some((_, limit, to)) = self.planned.pop_front() else {
            return Ok(None);
        };
        let change = Change {
            limit,
            to: to.unwrap_or(self.of(limit)),
            in_flight: vendor.in_flight(),
        };
        let lowers = to.is_some();
        if lowers {
            command(admin, limit, to).await?;
            tokio::time::sleep(ON_THE_WAY).await;
        }
        match limit {
            Limit::Account => {
                self.in_force.concurrency = u32::try_from(change.to).unwrap_or(u32::MAX);
            }
            Limit::Second => self.in_force.calls_per_second = Some(change.to),
            Limit::Minute => self.in_force.calls_per_minute = change.to,
        }
        let Figures {
            concurrency,
            calls_per_second,
            calls_per_minute,
            ..
        } = self.in_force;
        vendor.change_limits(
            concurrency,
            calls_per_minute,
            calls_per_second.unwrap_or(u64::MAX),
        );
        if !lowers {
            command(admin, limit, to).await?;
        }
        self.changes.push(change);
        Ok(Some(change))
    }

    fn of(&self, limit: Limit) -> u64 {
        match limit {
            Limit::Account => self.configured.concurrency.into(),
            Limit::Second => self.configured.calls_per_second.unwrap_or(u64::MAX),
            Limit::Minute => self.configured.calls_per_minute,
        }
    }
}

/// Runs `rampmeter limit set` or `limit reset`.
async fn command(admin: SocketAddr, limit: Limit, to: Option<u64>) -> Result<(), HostError> {
    let run = move || {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["limit", if to.is_some() { "set" } else { "reset" }]);
        command.arg(format!("{TARGET}/{}", limit.name()));
        command.args(to.map(|to| to.to_string()));
        command.args(["--reason", "trial", "--admin"]);
        command.arg(format!("http://{admin}"));
        command.stdin(Stdio::null()).output()
    };
    let ran = tokio::task::spawn_blocking(run).await;
    let output = ran
        .map_err(|failed| HostError::NotStarted(failed.to_string()))?
        .map_err(super::host::io_error("running rampmeter limit"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(HostError::NotStarted(format!("rampmeter limit: {said}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_is_lowered_once_and_raised_again_in_the_course_of_a_run() {
        let figures = Figures {
            executions: 1_000,
            concurrency: 10,
            calls_per_second: Some(100),
            calls_per_minute: 2_000,
            ..Figures::default()
        };
        let mut adjuster = Adjuster::new(&figures);
        assert!(!adjuster.is_due(99));
        assert!(adjuster.is_due(100));
        let lowered: Vec<u64> = adjuster
            .planned
            .iter()
            .filter_map(|(_, _, to)| *to)
            .collect();
        assert_eq!(lowered, [5, 60, 1_800]);
        assert_eq!(adjuster.left(), 6);
        adjuster.planned.clear();
        assert!(!adjuster.is_due(1_000));
        assert!(!Adjuster::default().is_due(1_000));
    }
}
