//! Roles, and what an operation requires of its caller.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What a user may do. Each role may do what those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Read `/metrics` and nothing else: for whatever collects them.
    Metrics,
    /// See everything that people are shown.
    Viewer,
    /// Intervene: start, stop, redrive, pause, move, cancel, change limits; and read the bodies of answers whole.
    Operator,
    /// Delete what cannot be restored, and see who may log in.
    Admin,
}

impl Role {
    /// Every role, the least first.
    pub const ALL: [Role; 4] = [Role::Metrics, Role::Viewer, Role::Operator, Role::Admin];

    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Metrics => "metrics",
            Role::Viewer => "viewer",
            Role::Operator => "operator",
            Role::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// No role has this name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownRole;

impl fmt::Display for UnknownRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a role is one of metrics, viewer, operator, admin")
    }
}

impl std::error::Error for UnknownRole {}

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Role, UnknownRole> {
        let found = Role::ALL.into_iter().find(|role| role.as_str() == text);
        found.ok_or(UnknownRole)
    }
}

/// What an operation requires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// Nothing: it neither shows nor changes anybody's data.
    Nothing,
    Metrics,
    Viewer,
    Operator,
    Admin,
}

impl Need {
    /// The least role that is sufficient, where one is needed.
    pub(crate) fn role(self) -> Option<Role> {
        match self {
            Need::Nothing => None,
            Need::Metrics => Some(Role::Metrics),
            Need::Viewer => Some(Role::Viewer),
            Need::Operator => Some(Role::Operator),
            Need::Admin => Some(Role::Admin),
        }
    }
}
