//! What the engine counts for the metrics: waits, calls by outcome, executions that ended, commits. Counts start at zero
//! with the process.

use std::time::Duration;

use rampmeter_call::Outcome;
use rampmeter_dispatch::Priority;
use rampmeter_time::UnixMillis;

use crate::model::execution::ExecutionStatus;

/// Upper bounds of the buckets of every histogram, in seconds. The last bucket has no bound.
pub const BOUNDS: [f64; 14] = [
    0.001, 0.005, 0.02, 0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0,
];

/// How many durations fell into each bucket.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Histogram {
    /// For each of [`BOUNDS`], how many durations were above the bound before it and at most it; then how many were above
    /// all.
    pub buckets: [u64; BOUNDS.len() + 1],
    /// The sum of all, in seconds.
    pub sum: f64,
}

impl Histogram {
    /// Counts a duration.
    pub fn note(&mut self, duration: Duration) {
        let seconds = duration.as_secs_f64();
        let bucket = BOUNDS.iter().position(|bound| seconds <= *bound);
        self.buckets[bucket.unwrap_or(BOUNDS.len())] += 1;
        self.sum += seconds;
    }

    /// How many there were.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }
}

/// The outcomes by which answers are counted.
pub const OUTCOMES: [&str; 6] = [
    "ok",
    "final",
    "throttled",
    "repeatable",
    "unknown",
    "not_sent",
];

/// What is counted for one target.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Figures {
    /// How long calls waited for their first start, by priority.
    pub waits: [Histogram; 3],
    /// How long calls took, from permit to answer, by priority.
    pub durations: [Histogram; 3],
    /// Answers by priority and by [`OUTCOMES`].
    pub answers: [[u64; OUTCOMES.len()]; 3],
    /// Polls of jobs.
    pub polls: u64,
}

impl Figures {
    /// Counts how long a call waited for its first permit.
    pub fn note_wait(&mut self, priority: Priority, waited: Duration) {
        self.waits[priority.index()].note(waited);
    }

    /// Counts an answer, and how long it took from its permit.
    pub fn note_answer(&mut self, priority: Priority, took: Duration, outcome: &Outcome) {
        self.durations[priority.index()].note(took);
        let kind = match outcome {
            Outcome::Success(_) => 0,
            Outcome::Final { .. } => 1,
            Outcome::Throttled { .. } => 2,
            Outcome::Repeatable { .. } => 3,
            Outcome::Unknown { .. } => 4,
            Outcome::Unresolved { .. } | Outcome::Invalid { .. } => 5,
        };
        self.answers[priority.index()][kind] += 1;
    }
}

/// One target for the metrics.
#[derive(Debug, Clone)]
pub struct TargetFigures {
    /// Name of the target.
    pub name: String,
    /// What is counted of it.
    pub figures: Figures,
    /// How long the next call has waited, by priority; absent where none waits.
    pub oldest: [Option<Duration>; 3],
    /// Calls that the vendor has accepted and is working on.
    pub jobs: u64,
    /// Dead letters, counted up to 100,000.
    pub dead_letters: u64,
}

/// An execution that has ended, as it is counted and reported. Child executions of a map run count with their parent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedExecution {
    /// Its ARN.
    pub execution_arn: String,
    /// Name of its state machine.
    pub workflow: String,
    /// How it ended.
    pub status: ExecutionStatus,
    /// The error that it ended with, if it names one.
    pub error: Option<String>,
    /// How long it took; for a redriven one, from its first start.
    pub took: Duration,
    /// When it ended.
    pub at: UnixMillis,
}

impl EndedExecution {
    /// Whether it failed or timed out. An execution that a person stopped counts as neither.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        matches!(
            self.status,
            ExecutionStatus::Failed | ExecutionStatus::TimedOut
        )
    }
}

/// The ways in which an execution ends, in the order in which they are counted.
pub const ENDS: [ExecutionStatus; 4] = [
    ExecutionStatus::Succeeded,
    ExecutionStatus::Failed,
    ExecutionStatus::TimedOut,
    ExecutionStatus::Aborted,
];

/// The ended executions of one workflow.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WorkflowFigures {
    /// Name of the state machine.
    pub workflow: String,
    /// How many ended in each of [`ENDS`].
    pub ended: [u64; ENDS.len()],
    /// How long they took.
    pub durations: Histogram,
    /// Those that failed or timed out, by error.
    pub failures: Vec<FailureFigures>,
}

impl WorkflowFigures {
    /// How many succeeded.
    #[must_use]
    pub fn succeeded(&self) -> u64 {
        self.ended[0]
    }

    /// How many failed or timed out.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.ended[1] + self.ended[2]
    }
}

/// The failed executions of one workflow that ended with the same error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureFigures {
    /// The error.
    pub error: String,
    /// How many there were.
    pub count: u64,
    /// When the last one failed.
    pub last_at: UnixMillis,
    /// The ARN of the last one.
    pub last_execution: String,
}

/// What the engine counts of itself.
#[derive(Debug, Clone)]
pub struct EngineFigures {
    /// The targets, by name.
    pub targets: Vec<TargetFigures>,
    /// The workflows of which executions have ended, by name.
    pub workflows: Vec<WorkflowFigures>,
    /// Commits, and how long they took.
    pub commits: Histogram,
    /// How often a row that cannot be read was met since the process started.
    pub damaged: u64,
    /// How many items could not be read and were set aside since the store was made.
    pub set_aside: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_falls_into_the_first_bucket_that_takes_it() {
        let mut histogram = Histogram::default();
        for millis in [1, 2, 500, 501, 7_200_000] {
            histogram.note(Duration::from_millis(millis));
        }
        assert_eq!(histogram.count(), 5);
        assert_eq!(histogram.buckets[0], 1);
        assert_eq!(histogram.buckets[1], 1);
        assert_eq!(histogram.buckets[4], 1);
        assert_eq!(histogram.buckets[5], 1);
        assert_eq!(histogram.buckets[BOUNDS.len()], 1);
    }
}
