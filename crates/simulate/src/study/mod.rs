//! A whole study of a scenario: the run that is shown, what it is compared with, and the judgement.

use rampmeter_template::bill::Bill;
use rampmeter_template::bill::Prices;

pub(crate) mod cost;
mod recorded;
mod single_queue;
pub(crate) mod verdict;
mod warnings;
pub(crate) mod what_if;

use super::world;
use crate::study::recorded::Recorded;
use crate::study::verdict::{Judged, Objective};
use crate::study::what_if::WhatIf;
use crate::world::figures::Figures;
use crate::world::result::Run;
use crate::world::scenario::{Order, Scenario};

/// What a study is to contain.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Plan {
    /// The objectives.
    pub(crate) objectives: Vec<Objective>,
    /// Seeds to try, that of the scenario and those after it. At least 1.
    pub(crate) replications: u32,
    /// Whether to compare with a single queue.
    pub(crate) versus_single_queue: bool,
    /// Whether the rules are those of the configuration, so that recorded waits should come out again.
    pub(crate) as_configured: bool,
    /// For the bill.
    pub(crate) prices: Prices,
}

/// A study.
#[derive(Debug, Clone)]
pub(crate) struct Study {
    /// What was simulated.
    pub(crate) scenario: Scenario,
    /// The run of the scenario's own seed.
    pub(crate) run: Run,
    /// The figures of every seed, that run's first.
    pub(crate) replications: Vec<Figures>,
    /// The objectives, judged.
    pub(crate) judged: Vec<Judged>,
    /// The same with one queue.
    pub(crate) single_queue: Option<Figures>,
    /// The recorded waits of the same calls, where they come from a history.
    pub(crate) recorded: Option<Recorded>,
    /// The same with another maximum of the limit that binds.
    pub(crate) what_if: Option<WhatIf>,
    /// What it would cost on AWS.
    pub(crate) bill: Bill,
    /// What to know before relying on the figures.
    pub(crate) warnings: Vec<String>,
}

impl Study {
    /// Simulates everything that the plan asks for.
    pub(crate) fn of(scenario: Scenario, plan: &Plan) -> Study {
        let run = world::run(&scenario, Order::ByPriority);
        let figures = Figures::of(&run);
        let others = (1..u64::from(plan.replications)).map(|number| {
            let other = scenario.seeded(scenario.seed.wrapping_add(number));
            Figures::of(&world::run(&other, Order::ByPriority))
        });
        let replications: Vec<Figures> = std::iter::once(figures).chain(others).collect();
        let judge = |objective: &Objective| objective.judge(&replications);
        let recorded = Recorded::compare(&scenario.workload, &figures);
        let mut warnings = warnings::of(&scenario, &run);
        if let Some(recorded) = recorded.filter(|_| plan.as_configured) {
            warnings.extend(recorded.disagreements(&figures));
        }
        Study {
            judged: plan.objectives.iter().map(judge).collect(),
            single_queue: plan
                .versus_single_queue
                .then(|| single_queue::compare(&scenario)),
            recorded,
            what_if: what_if::vary(&scenario, &run, &figures),
            bill: cost::bill(&scenario, &run, &plan.prices),
            warnings,
            replications,
            run,
            scenario,
        }
    }

    /// The figures of the run that is shown.
    pub(crate) fn figures(&self) -> &Figures {
        &self.replications[0]
    }

    /// Whether every objective was met and every call of every run ended.
    pub(crate) fn passed(&self) -> bool {
        let ended = self.replications.iter().all(|run| run.unfinished == 0);
        ended && self.judged.iter().all(Judged::met)
    }
}
