//! When the engine is killed, and what is remembered of each kill. Kills are spread over the run by the orders done,
//! and happen only while calls are in flight at the vendor.

use super::child::ChildEngine;
use super::host::HostError;
use super::vendor::Vendor;
use super::watch::{Watch, now_us};

/// The kills of a run.
#[derive(Debug)]
pub(crate) struct Killer {
    wanted: u32,
    orders: u64,
    /// Calls in flight at the vendor at each kill so far.
    pub(crate) in_flight_at_kill: Vec<u32>,
    /// The times of the kills, in microseconds since the epoch.
    pub(crate) kills_us: Vec<i64>,
}

impl Killer {
    /// Plans `wanted` kills in a run of so many orders.
    pub(crate) fn new(wanted: u32, orders: u64) -> Killer {
        Killer {
            wanted,
            orders,
            in_flight_at_kill: Vec::new(),
            kills_us: Vec::new(),
        }
    }

    /// Kills so far.
    pub(crate) fn kills(&self) -> u32 {
        u32::try_from(self.kills_us.len()).unwrap_or(u32::MAX)
    }

    /// Kills still to come.
    pub(crate) fn left(&self) -> u32 {
        self.wanted - self.kills()
    }

    /// Whether the next kill is due: the n-th of K at the share n / (K + 1) of the orders.
    pub(crate) fn is_due(&self, orders_done: u64) -> bool {
        let next = u64::from(self.kills()) + 1;
        self.left() > 0 && orders_done * (u64::from(self.wanted) + 1) >= self.orders * next
    }

    /// Ends the engine with SIGKILL if calls are in flight, and starts it again on the same data.
    /// Returns how many were in flight, or `None` if there were none and nothing was done.
    ///
    /// # Errors
    /// When the engine does not come back.
    pub(crate) async fn strike(
        &mut self,
        engine: &mut ChildEngine,
        vendor: &Vendor,
        watch: &mut Watch,
    ) -> Result<Option<u32>, HostError> {
        let in_flight = vendor.in_flight();
        if in_flight == 0 {
            return Ok(None);
        }
        engine.kill()?;
        let at_us = now_us();
        self.in_flight_at_kill.push(in_flight);
        self.kills_us.push(at_us);
        watch.killed(at_us);
        engine.start_again().await?;
        Ok(Some(in_flight))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kills_are_spread_evenly_over_the_orders() {
        let mut killer = Killer::new(2, 150);
        assert!(!killer.is_due(49));
        assert!(killer.is_due(50));
        killer.kills_us.push(1);
        assert!(!killer.is_due(99));
        assert!(killer.is_due(100));
        killer.kills_us.push(2);
        assert_eq!(killer.left(), 0);
        assert!(!killer.is_due(150));
    }

    #[test]
    fn without_kills_none_is_ever_due() {
        assert!(!Killer::new(0, 150).is_due(150));
    }
}
