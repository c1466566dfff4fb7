//! The figures of every target and of the store, gathered for the metrics. Counting them is in `crate::figures`.

use rampmeter_store::model::figures::{EngineFigures, Histogram, TargetFigures, WorkflowFigures};
use rampmeter_store::model::id::TargetId;
use rampmeter_store::{Readable, StoreError, readable};

use crate::apply::calls::context::CallContext;
use crate::apply::subject::Subject;

/// How many dead letters of a target are counted at most: counting occupies the writer.
const MAX_DEAD_LETTERS_COUNTED: u32 = 100_000;

impl CallContext<'_> {
    /// The figures of every target and of the store, along with what was counted elsewhere.
    pub(crate) fn inspect_figures(
        &mut self,
        commits: Histogram,
        workflows: Vec<WorkflowFigures>,
    ) -> Result<EngineFigures, StoreError> {
        let mut figures = EngineFigures {
            targets: Vec::new(),
            workflows,
            commits,
            damaged: self.journal().damaged,
            set_aside: self.ledger.count_damaged()?,
        };
        let now = self.now();
        let targets: Vec<TargetId> = self.memory.targets.keys().copied().collect();
        for id in targets {
            let (queues, dead) = {
                let target = self.target(id);
                (target.queues, target.dead)
            };
            let mut oldest = [None; 3];
            for (queue, oldest) in queues.into_iter().zip(&mut oldest) {
                // One that cannot be read is set aside when its turn comes.
                if let Some((_, first)) = self.store.lanes.first_in_turn(queue)?
                    && let Readable::Whole(Some(message)) =
                        readable(self.store.messages.message(first))?
                {
                    *oldest = Some(now.saturating_since(message.sent_at));
                }
            }
            let dead_letters = self
                .store
                .controls
                .count_dead_letters(dead, MAX_DEAD_LETTERS_COUNTED)?;
            let target = self.target(id);
            figures.targets.push(TargetFigures {
                name: target.config.name.clone(),
                figures: target.figures.clone(),
                oldest,
                jobs: target.jobs,
                dead_letters,
            });
        }
        Ok(figures)
    }
}
