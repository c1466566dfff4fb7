//! The configuration of the last start, as far as anything durable depends on it: one small JSON text in the store. Targets
//! that are not configured at present stay in it, so that they are known when they come back.

use std::collections::BTreeMap;
use std::time::Duration;

use rampmeter_config::{Target, Worker};
use serde::{Deserialize, Serialize};

use crate::account;
use crate::holds_for;
use crate::limits::FormerLimit;

/// All targets that a start had, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Former {
    pub(crate) targets: BTreeMap<String, FormerTarget>,
}

/// One target of an earlier start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FormerTarget {
    /// Whether the last start had it, rather than only an earlier one.
    pub(crate) configured: bool,
    /// The host that it calls: vendors count by account, whatever the path.
    pub(crate) address: String,
    /// The same for targets that sign in to the same address with the same identity.
    pub(crate) account: String,
    /// Whether somebody else drained its queues.
    pub(crate) external: bool,
    /// How long its calls kept their slots once lost.
    pub(crate) holds_for: Duration,
    pub(crate) limits: Vec<FormerLimit>,
}

impl FormerTarget {
    /// A target of this start, as the next one will read it. `key`: the secret of the store.
    pub(crate) fn of(target: &Target, key: &[u8; 32]) -> FormerTarget {
        FormerTarget {
            configured: true,
            address: target.profile.base_url.origin().ascii_serialization(),
            account: account::of(&target.profile, key),
            external: target.worker == Worker::External,
            holds_for: holds_for(target),
            limits: target.rules.limits.iter().map(FormerLimit::of).collect(),
        }
    }
}

impl Former {
    /// Reads it; none if it cannot be read.
    pub(crate) fn from_json(text: &str) -> Option<Former> {
        serde_json::from_str(text)
            .inspect_err(|why| {
                tracing::warn!(%why, "it cannot be read what the store was served with last");
            })
            .ok()
    }

    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string(self).expect("names, numbers and texts are written as JSON")
    }

    /// Renames a target.
    pub(crate) fn rename(&mut self, from: &str, to: &str) {
        if let Some(target) = self.targets.remove(from) {
            self.targets.insert(to.to_owned(), target);
        }
    }

    /// Replaces the targets of the last start with those of this one.
    pub(crate) fn now_serves(&mut self, targets: BTreeMap<String, FormerTarget>) {
        for target in self.targets.values_mut() {
            target.configured = false;
        }
        self.targets.extend(targets);
    }
}
