//! The type of a state, and the names of the events that it has.

use serde::{Deserialize, Serialize};

/// The type of a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum StateKind {
    /// Calls a service and waits for its response.
    Task,
    /// Shapes data.
    Pass,
    /// Branches.
    Choice,
    /// Waits for a time.
    Wait,
    /// Ends the execution successfully.
    Succeed,
    /// Ends the execution with an error.
    Fail,
    /// Runs branches at the same time.
    Parallel,
    /// Runs one processor for each item.
    Map,
}

impl StateKind {
    /// Its name on AWS, as in the `Type` field.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Task => "Task",
            Self::Pass => "Pass",
            Self::Choice => "Choice",
            Self::Wait => "Wait",
            Self::Succeed => "Succeed",
            Self::Fail => "Fail",
            Self::Parallel => "Parallel",
            Self::Map => "Map",
        }
    }

    /// The kind of a `Type` field, if it is one of AWS's.
    #[must_use]
    pub fn from_type(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// All types of states.
    pub(crate) const ALL: [Self; 8] = [
        Self::Task,
        Self::Pass,
        Self::Choice,
        Self::Wait,
        Self::Succeed,
        Self::Fail,
        Self::Parallel,
        Self::Map,
    ];

    pub(crate) fn entered(self) -> &'static str {
        match self {
            Self::Task => "TaskStateEntered",
            Self::Pass => "PassStateEntered",
            Self::Choice => "ChoiceStateEntered",
            Self::Wait => "WaitStateEntered",
            Self::Succeed => "SucceedStateEntered",
            Self::Fail => "FailStateEntered",
            Self::Parallel => "ParallelStateEntered",
            Self::Map => "MapStateEntered",
        }
    }

    pub(crate) fn started(self) -> &'static str {
        match self {
            Self::Map => "MapStateStarted",
            _ => "ParallelStateStarted",
        }
    }

    pub(crate) fn succeeded(self) -> &'static str {
        match self {
            Self::Map => "MapStateSucceeded",
            _ => "ParallelStateSucceeded",
        }
    }

    pub(crate) fn failed(self) -> &'static str {
        match self {
            Self::Map => "MapStateFailed",
            _ => "ParallelStateFailed",
        }
    }

    pub(crate) fn aborted(self) -> &'static str {
        match self {
            Self::Wait => "WaitStateAborted",
            Self::Parallel => "ParallelStateAborted",
            Self::Map => "MapStateAborted",
            _ => "TaskStateAborted",
        }
    }

    pub(crate) fn exited(self) -> &'static str {
        match self {
            Self::Task => "TaskStateExited",
            Self::Pass => "PassStateExited",
            Self::Choice => "ChoiceStateExited",
            Self::Wait => "WaitStateExited",
            Self::Succeed => "SucceedStateExited",
            Self::Fail => "FailStateExited",
            Self::Parallel => "ParallelStateExited",
            Self::Map => "MapStateExited",
        }
    }
}
