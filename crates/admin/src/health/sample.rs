//! One sample of the engine: the state of every target, and what had been counted of it by then.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rampmeter_dispatch::Priority;
use rampmeter_engine::{EngineFigures, OUTCOMES, TargetCounts, TargetState, WorkflowFigures};
use rampmeter_time::UnixMillis;
use serde_json::{Map, Value};

use super::disk::Disk;

/// The engine at one moment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sample {
    /// By the wall clock.
    pub(crate) at: UnixMillis,
    /// The targets, by name.
    pub(crate) targets: Vec<TargetSample>,
    /// The workflows of which executions have ended, by name.
    pub(crate) workflows: Vec<WorkflowFigures>,
    /// The volume of the data directory, if it is known.
    pub(crate) disk: Option<Disk>,
    /// What could not be read and was set aside, by kind and name.
    pub(crate) damaged: Vec<String>,
    /// How many executions have each status, when that was counted; null before the first count.
    pub(crate) executions: Value,
}

/// One target at one moment.
#[derive(Debug, Clone)]
pub(crate) struct TargetSample {
    /// Its state. The spans of contention are left out, since they grow.
    pub(crate) state: TargetState,
    /// How long the next call of each lane has waited, in milliseconds.
    pub(crate) oldest_ms: [Option<u64>; 3],
    /// Calls that the vendor works on as jobs.
    pub(crate) jobs: u64,
    /// Dead letters, counted up to 100,000.
    pub(crate) dead_letters: u64,
    /// What was last counted of it besides its lanes.
    pub(crate) counts: TargetCounts,
    /// Answers since the process began, by [`OUTCOMES`].
    pub(crate) answers: [u64; OUTCOMES.len()],
}

/// What the wall clock says.
pub(super) fn wall_clock() -> UnixMillis {
    UnixMillis(Timestamp::now().as_millisecond())
}

impl Sample {
    /// A sample of the engine; both lists are sorted by name.
    pub(crate) fn new(at: UnixMillis, states: Vec<TargetState>, figures: EngineFigures) -> Sample {
        let targets = states.into_iter().zip(figures.targets);
        let targets = targets.map(|(mut state, figures)| {
            assert_eq!(state.name, figures.name, "both lists are by name");
            state.contended.clear();
            let mut answers = [0; OUTCOMES.len()];
            for lane in figures.figures.answers {
                for (sum, count) in answers.iter_mut().zip(lane) {
                    *sum += count;
                }
            }
            TargetSample {
                state,
                oldest_ms: figures.oldest.map(|oldest| {
                    oldest.map(|oldest| u64::try_from(oldest.as_millis()).unwrap_or(u64::MAX))
                }),
                jobs: figures.jobs,
                dead_letters: figures.dead_letters,
                counts: TargetCounts::default(),
                answers,
            }
        });
        Sample {
            at,
            targets: targets.collect(),
            workflows: figures.workflows,
            disk: None,
            damaged: Vec::new(),
            executions: Value::Null,
        }
    }

    /// Adds what was counted of the targets besides their lanes.
    pub(crate) fn note_counts(&mut self, counts: &BTreeMap<String, TargetCounts>) {
        for target in &mut self.targets {
            target.counts = counts.get(&target.state.name).copied().unwrap_or_default();
        }
    }

    /// The target with this name.
    pub(crate) fn target(&self, name: &str) -> Option<&TargetSample> {
        self.targets.iter().find(|target| target.state.name == name)
    }

    /// The workflow with this name.
    pub(crate) fn workflow(&self, name: &str) -> Option<&WorkflowFigures> {
        self.workflows.iter().find(|one| one.workflow == name)
    }
}

impl TargetSample {
    /// The answers by outcome.
    pub(crate) fn answers_json(&self) -> Value {
        let answers = OUTCOMES.iter().zip(self.answers);
        let answers: Map<_, _> = answers
            .map(|(outcome, count)| ((*outcome).to_owned(), count.into()))
            .collect();
        Value::Object(answers)
    }

    /// Answers of all kinds.
    pub(crate) fn answered(&self) -> u64 {
        self.answers.iter().sum()
    }

    /// Calls that wait in the lane of a priority.
    pub(crate) fn waiting(&self, priority: Priority) -> u64 {
        self.state.waiting[priority.index()]
    }
}
