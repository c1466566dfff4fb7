//! How long an account that is in trouble is left alone at most.

use std::time::Duration;

/// The longest pause between two probes, unless a target says otherwise.
pub const MAX_PROBE_PAUSE: Duration = Duration::from_secs(60);

/// The longest pause between two probes of a target whose account is in trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MaxProbePause(pub Duration);

impl Default for MaxProbePause {
    fn default() -> MaxProbePause {
        MaxProbePause(MAX_PROBE_PAUSE)
    }
}
