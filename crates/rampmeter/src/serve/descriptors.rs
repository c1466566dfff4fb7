//! The process's limit on open files. Each connection is one, and the soft limit of most systems, 1,024, is meant for
//! programs that use `select`; other programs may raise it to the hard limit themselves.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises the soft limit to the hard limit. If that fails, the server still runs, with fewer clients at once.
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

/// The files that the process may have open, by what they are for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Shares {
    /// Connections of AWS clients.
    pub(super) aws: usize,
    /// Connections to the admin port.
    pub(super) admin: usize,
}

/// The shares of clients. The rest is kept for calls to vendors, which must not fail for want of a file, and for the store.
pub(super) fn shares() -> Shares {
    shares_of(getrlimit(Resource::Nofile).current)
}

fn shares_of(limit: Option<u64>) -> Shares {
    let limit = limit.map_or(usize::MAX, |limit| {
        usize::try_from(limit).unwrap_or(usize::MAX)
    });
    Shares {
        aws: (limit / 8).saturating_mul(5).max(1),
        admin: (limit / 8).max(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_kept_for_calls_to_vendors() {
        let (aws, admin) = (640, 128);
        assert_eq!(shares_of(Some(1_024)), Shares { aws, admin });
        assert_eq!(shares_of(Some(1)), Shares { aws: 1, admin: 1 });
    }
}
