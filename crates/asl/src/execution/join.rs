//! The bookkeeping of one Parallel or Map state whose branches or iterations run: which start, which
//! have ended, and what that means for the state. It holds none of their data, so that it stays as
//! small for ten thousand iterations as for two. The host keeps it beside the frame and stores it on
//! its own.

use serde::{Deserialize, Serialize};

use crate::execution::event::EventId;
use crate::execution::frame::{Frame, FrameId};
use crate::execution::stimulus::End;

/// What a frame asks of the host when it enters a Parallel or Map state: frames of its own, below it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fork {
    /// The frame that forks. It rests until the host sends [`crate::Stimulus::Joined`].
    pub parent: FrameId,
    /// The id of the first child; child `i` has `first + i`.
    pub first: FrameId,
    /// How many children there are, at least 1.
    pub total: u32,
    /// How many may run at the same time, at least 1.
    pub concurrency: u32,
    /// The `...StateStarted` event: what [`crate::Stimulus::Joined`] names, and the cause of the first
    /// children's first events.
    pub event: EventId,
    /// How many children may fail.
    pub tolerance: Tolerance,
}

/// How many children may fail before the state fails. Nothing set: none may.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tolerance {
    /// `ToleratedFailureCount`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub count: Option<u64>,
    /// `ToleratedFailurePercentage`, from 0 to 100.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub percentage: Option<f64>,
}

impl Tolerance {
    /// Whether this many failures among this many children are too many. Each limit that is set
    /// must hold; without any, the first failure is one too many.
    #[must_use]
    pub fn is_exceeded(&self, failed: u32, total: u32) -> bool {
        let by_count = self.count.map(|most| u64::from(failed) > most);
        let by_share = self
            .percentage
            .map(|most| f64::from(failed) * 100.0 > most * f64::from(total));
        match (by_count, by_share) {
            (None, None) => failed > 0,
            (by_count, by_share) => by_count.unwrap_or(false) || by_share.unwrap_or(false),
        }
    }

    /// Whether any failure is tolerated at all.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.count.is_some() || self.percentage.is_some()
    }
}

/// The state of a fork.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Join {
    fork: Fork,
    /// How many were started: the index of the next.
    started: u32,
    succeeded: u32,
    failed: u32,
    /// The outcome was returned; whatever still ends changes nothing.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    is_over: bool,
}

/// What the end of a child leads to.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// Start this child, with this event as the cause of its first one.
    Start {
        /// Its index, from 0.
        index: u32,
        /// The cause of its first event.
        cause: EventId,
    },
    /// Nothing: others still run.
    Wait,
    /// All ended, with few enough failures: send the parent this outcome.
    Complete(Outcome),
    /// Too many failed: cancel the children that run, then send the parent this outcome.
    Fail(Outcome),
}

/// What became of a fork.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The event that decided it: the cause of what the parent does next.
    pub cause: EventId,
    /// The failure, unless it succeeded.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub failure: Option<ChildFailure>,
}

/// The failure of a child, or of too many.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChildFailure {
    /// Error name.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub error: Option<String>,
    /// Cause.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cause: Option<String>,
}

impl Join {
    /// The bookkeeping of a fork whose children have not begun.
    #[must_use]
    pub fn new(fork: Fork) -> Self {
        Self {
            fork,
            started: 0,
            succeeded: 0,
            failed: 0,
            is_over: false,
        }
    }

    /// The fork.
    #[must_use]
    pub fn fork(&self) -> &Fork {
        &self.fork
    }

    /// The children to start first. Counted as started.
    pub fn begin(&mut self) -> std::ops::Range<u32> {
        let end = self.fork.total.min(self.fork.concurrency.max(1));
        let range = self.started..end.max(self.started);
        self.started = range.end;
        range
    }

    /// How many children were started, succeeded and failed.
    #[must_use]
    pub fn counts(&self) -> (u32, u32, u32) {
        (self.started, self.succeeded, self.failed)
    }

    /// Whether the outcome was returned.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.is_over
    }

    /// A child ended; `frame` is its frame after its last step. To be called once for each child.
    pub fn child_ended(&mut self, frame: &Frame, end: &End) -> Next {
        self.ended(frame.last, frame.closing, end)
    }

    /// A child execution of a map run ended. To be called once for each.
    pub fn execution_ended(&mut self, end: &End) -> Next {
        self.ended(self.fork.event, self.fork.event, end)
    }

    /// `last` is the last event of a state of the child, `closing` the one that closed the child.
    fn ended(&mut self, last: EventId, closing: EventId, end: &End) -> Next {
        if self.is_over {
            return Next::Wait;
        }
        let (error, cause) = match end {
            End::Succeeded { .. } => {
                self.succeeded += 1;
                return self.go_on(last, closing);
            }
            End::Failed { error, cause }
            | End::TimedOut { error, cause }
            | End::Aborted { error, cause } => (error, cause),
        };
        self.failed += 1;
        let Fork {
            tolerance, total, ..
        } = self.fork;
        if !tolerance.is_exceeded(self.failed, total) {
            return self.go_on(last, closing);
        }
        self.is_over = true;
        let failure = if tolerance.is_set() {
            ChildFailure {
                error: Some("States.ExceedToleratedFailureThreshold".to_owned()),
                cause: Some("The specified tolerated failure threshold was exceeded".to_owned()),
            }
        } else {
            ChildFailure {
                error: error.clone(),
                cause: cause.clone(),
            }
        };
        Next::Fail(Outcome {
            cause: last,
            failure: Some(failure),
        })
    }

    /// The children that started and did not succeed are redriven: they count as running again.
    pub fn redrive(&mut self) {
        self.failed = 0;
        self.is_over = false;
    }

    /// Changes how many children may run and how many may fail, from now on. Returns which to start at once; they are
    /// counted as started.
    pub fn change(
        &mut self,
        concurrency: Option<u32>,
        tolerance: Option<Tolerance>,
    ) -> std::ops::Range<u32> {
        if let Some(concurrency) = concurrency {
            self.fork.concurrency = concurrency.max(1);
        }
        if let Some(tolerance) = tolerance {
            self.fork.tolerance = tolerance;
        }
        let room = self.fork.concurrency.saturating_sub(self.running());
        let room = if self.is_over { 0 } else { room };
        let end = self.fork.total.min(self.started.saturating_add(room));
        let range = self.started..end;
        self.started = end;
        range
    }

    /// How many children run.
    fn running(&self) -> u32 {
        self.started
            .saturating_sub(self.succeeded)
            .saturating_sub(self.failed)
    }

    fn go_on(&mut self, last: EventId, closing: EventId) -> Next {
        let may_start = self.running() < self.fork.concurrency.max(1);
        if self.started < self.fork.total && may_start {
            let index = self.started;
            self.started += 1;
            return Next::Start { index, cause: last };
        }
        if self.succeeded + self.failed < self.fork.total {
            return Next::Wait;
        }
        self.is_over = true;
        Next::Complete(Outcome {
            cause: closing,
            failure: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rampmeter_expression::Payload;

    fn join(total: u32, concurrency: u32, tolerance: Tolerance) -> Join {
        Join::new(Fork {
            parent: 0,
            first: 1,
            total,
            concurrency,
            event: 3,
            tolerance,
        })
    }

    fn frame(last: EventId) -> Frame {
        let mut frame = Frame::child(0, 1, 0, last);
        frame.closing = last + 1;
        frame
    }

    fn well() -> End {
        End::Succeeded {
            output: Payload::from_value(serde_json::Value::Null),
        }
    }

    fn badly() -> End {
        End::Failed {
            error: Some("E".to_owned()),
            cause: None,
        }
    }

    #[test]
    fn as_many_start_as_may_run_and_each_that_ends_makes_room_for_one() {
        let mut join = join(4, 2, Tolerance::default());
        assert_eq!(join.begin(), 0..2);
        assert_eq!(
            join.child_ended(&frame(7), &well()),
            Next::Start { index: 2, cause: 7 }
        );
        assert_eq!(
            join.child_ended(&frame(9), &well()),
            Next::Start { index: 3, cause: 9 }
        );
        assert_eq!(join.child_ended(&frame(11), &well()), Next::Wait);
        let Next::Complete(outcome) = join.child_ended(&frame(13), &well()) else {
            panic!("all have ended")
        };
        assert_eq!((outcome.cause, outcome.failure), (14, None));
        assert!(join.is_over());
    }

    #[test]
    fn the_first_failure_decides_and_what_ends_later_changes_nothing() {
        let mut join = join(3, 3, Tolerance::default());
        assert_eq!(join.begin(), 0..3);
        let Next::Fail(outcome) = join.child_ended(&frame(5), &badly()) else {
            panic!("one failed")
        };
        assert_eq!(outcome.cause, 5);
        assert_eq!(outcome.failure.unwrap().error.as_deref(), Some("E"));
        assert_eq!(join.child_ended(&frame(6), &badly()), Next::Wait);
        assert_eq!(join.child_ended(&frame(7), &well()), Next::Wait);
    }

    #[test]
    fn tolerated_failures_let_the_others_go_on_until_one_is_too_many() {
        let tolerance = Tolerance {
            count: Some(1),
            percentage: None,
        };
        let mut join = join(3, 1, tolerance);
        assert_eq!(join.begin(), 0..1);
        assert!(matches!(
            join.child_ended(&frame(5), &badly()),
            Next::Start { index: 1, .. }
        ));
        let Next::Fail(outcome) = join.child_ended(&frame(6), &badly()) else {
            panic!("two are too many")
        };
        assert_eq!(
            outcome.failure.unwrap().error.as_deref(),
            Some("States.ExceedToleratedFailureThreshold")
        );
    }

    #[test]
    fn a_share_of_failures_is_exceeded_only_above_it() {
        let half = Tolerance {
            count: None,
            percentage: Some(50.0),
        };
        assert!(!half.is_exceeded(2, 4));
        assert!(half.is_exceeded(3, 4));
        let all = Tolerance {
            count: None,
            percentage: Some(100.0),
        };
        assert!(!all.is_exceeded(4, 4));
        let both = Tolerance {
            count: Some(0),
            percentage: Some(100.0),
        };
        assert!(both.is_exceeded(1, 4));
    }
}
