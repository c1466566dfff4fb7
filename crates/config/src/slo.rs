//! The `[slo]` section: the acceptable waiting times per priority. The dashboard, the alert rules and
//! `simulate` judge by it; nothing is throttled because of it.

use std::collections::BTreeMap;
use std::time::Duration;

use rampmeter_dispatch::Priority;

use crate::document::{Node, Reading, Section};

/// The acceptable waiting times for one priority.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Slo {
    /// 95 of 100 calls start within this time.
    pub wait_p95: Option<Duration>,
    /// No call waits longer.
    pub oldest: Option<Duration>,
}

pub(crate) fn read(reading: &Reading<'_>, node: &Node) -> BTreeMap<Priority, Slo> {
    let names = Priority::ALL.map(Priority::as_str);
    let Some(section) = Section::open(reading, "slo", node, "[slo]", &names) else {
        return BTreeMap::new();
    };
    let served = Duration::from_millis(1)..=Duration::from_secs(366 * 24 * 60 * 60);
    let mut slos = BTreeMap::new();
    for priority in Priority::ALL {
        let Some(node) = section.get(priority.as_str()) else {
            continue;
        };
        let keys = &["wait_p95", "oldest"];
        if let Some(one) = Section::open(reading, priority.as_str(), node, "an objective", keys) {
            let slo = Slo {
                wait_p95: one.duration("wait_p95", served.clone()),
                oldest: one.duration("oldest", served.clone()),
            };
            slos.insert(priority, slo);
        }
    }
    slos
}
