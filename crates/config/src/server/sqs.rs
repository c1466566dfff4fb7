//! `[server.sqs]`: where the queues that clients use may differ from AWS's.

use crate::document::{Reading, Section};

/// How the queues that clients use behave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sqs {
    /// Whether a minute must pass before a queue is purged again, and before one is created under the name of one that
    /// was deleted.
    pub waits: bool,
}

impl Default for Sqs {
    fn default() -> Sqs {
        Sqs { waits: true }
    }
}

const KEYS: &[&str] = &["waits"];

/// The table; what it does not say is as on AWS.
pub(super) fn read(reading: &Reading<'_>, server: &Section<'_>) -> Sqs {
    let section = server
        .get("sqs")
        .and_then(|node| Section::open(reading, "sqs", node, "[server.sqs]", KEYS))
        .map(|section| section.overridden_by("RAMPMETER_SERVER__SQS__"));
    Sqs {
        waits: section
            .and_then(|section| section.flag("waits"))
            .unwrap_or(Sqs::default().waits),
    }
}
