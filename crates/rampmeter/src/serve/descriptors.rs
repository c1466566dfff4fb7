//! The process's limit on open files. Each connection is one, and the soft limit of most systems, 1,024, is meant for
//! programs that use `select`; others may raise it to the hard limit by themselves.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises the soft limit to the hard limit. Without success the server still serves, fewer clients at once.
pub(super) fn raise() {
    let limit = getrlimit(Resource::Nofile);
    if limit.current == limit.maximum {
        return;
    }
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    if let Err(why) = setrlimit(Resource::Nofile, raised) {
        tracing::debug!(%why, "the limit on open files stays as it is");
    }
}
