//! What could not be read, and was set aside so that everything else goes on.

use rampmeter_time::UnixMillis;
use serde::Serialize;

/// What kind of thing cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DamagedKind {
    /// An execution. If it was running, it has failed with `States.Runtime`.
    Execution,
    /// A message of a queue, or a call. It is no longer in any lane; its task has failed.
    Message,
    /// A dead letter. It stays where it is.
    DeadLetter,
    /// A queue, with its messages. It is not served.
    Queue,
    /// What a target had learned about its vendor, or what people had changed on it. The target is paused.
    Target,
    /// Something else, which the error names: a definition, a step, a timer.
    Row,
}

impl DamagedKind {
    const ALL: [Self; 6] = [
        Self::Execution,
        Self::Message,
        Self::DeadLetter,
        Self::Queue,
        Self::Target,
        Self::Row,
    ];

    /// The number that represents it in the store.
    #[must_use]
    pub fn code(self) -> i64 {
        match self {
            Self::Execution => 0,
            Self::Message => 1,
            Self::DeadLetter => 2,
            Self::Queue => 3,
            Self::Target => 4,
            Self::Row => 5,
        }
    }

    /// The kind with this number. An unknown one, from a later version, counts as a row.
    #[must_use]
    pub fn from_code(code: i64) -> Self {
        let found = Self::ALL.into_iter().find(|kind| kind.code() == code);
        found.unwrap_or(Self::Row)
    }

    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Execution => "execution",
            Self::Message => "message",
            Self::DeadLetter => "dead letter",
            Self::Queue => "queue",
            Self::Target => "target",
            Self::Row => "row",
        }
    }
}

/// One thing that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DamagedItem {
    /// What it is.
    pub kind: DamagedKind,
    /// Its name: the ARN of an execution, `c-NUMBER` for a message, the name of a queue or a target.
    pub name: String,
    /// What about it cannot be read.
    pub why: String,
    /// When it was first noticed.
    pub at: UnixMillis,
}
