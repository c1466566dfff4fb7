//! Map runs: a Distributed Map state starts child executions, each with a history of its own, and waits for them. The
//! parent starts them, a few in each command; the end of each is counted in the transaction that ends it.

use std::sync::Arc;

use rampmeter_asl::{
    ChildFailure, Effort, End, Frame, MapRun, Next, Outcome, Payload, Reach, Stimulus, Tolerance,
    map_run_input,
};
use rampmeter_evaluation::Question;
use rampmeter_store::MAX_DATA_BYTES;
use rampmeter_store::TransactionError;
use rampmeter_store::model::arn::map_run_names;
use rampmeter_store::model::execution::ExecutionStatus;
use rampmeter_store::model::id::{ExecutionId, MapRunId, StepId};
use rampmeter_store::model::map_run::UpdateMapRun;
use rampmeter_store::model::rejected::Rejected;
use rampmeter_store::{Ended, ExecutionRow, ItemOf, MapRunRow, StoreError};

use crate::apply::subject::Subject;
use crate::apply::workflow::context::{WorkflowContext, WorkflowStore};
use crate::apply::workflow::work::{Joining, Moving, Work};

/// What a child execution may spend in the command that starts it, and what its start costs the parent.
const CHILD_BUDGET: u32 = 8;
const START: u32 = 4;

/// Rows read at once.
const CHUNK: usize = 64;

/// The child executions of Distributed Map states.
#[derive(Debug)]
pub(crate) struct MapRuns<'a, 't> {
    pub(crate) workflow: &'a mut WorkflowContext<'t>,
    pub(crate) store: WorkflowStore<'t>,
}

impl<'t> WorkflowContext<'t> {
    pub(crate) fn map_runs(&mut self) -> MapRuns<'_, 't> {
        MapRuns {
            store: self.store,
            workflow: self,
        }
    }
}

impl MapRuns<'_, '_> {
    /// A frame asked for a map run.
    pub(crate) fn start_map_run(
        &mut self,
        moving: &mut Moving,
        run: MapRun,
    ) -> Result<(), StoreError> {
        let mut join = rampmeter_asl::Join::new(run.fork);
        let begin = join.begin();
        let name = run.arn.rsplit(':').next().unwrap_or_default().to_owned();
        let id = self.store.frames.insert_map_run(&MapRunRow {
            id: MapRunId(0),
            execution: moving.row.id,
            frame: join.fork().parent,
            name,
            label: run.label,
            state: run.state,
            is_express: run.is_express,
            is_batched: run.is_batched,
            status: ExecutionStatus::Running,
            started_at: self.workflow.now_millis(),
            stopped_at: None,
            items: run.items,
            ended: Ended::default(),
            join,
        })?;
        moving.due.push_back(Work::StartItems {
            map_run: id.0,
            next: begin.start,
            until: begin.end,
        });
        Ok(())
    }

    /// Starts the first child executions of a range; the others are due next.
    pub(crate) fn start_items(
        &mut self,
        moving: &mut Moving,
        id: MapRunId,
        mut indices: std::ops::Range<u32>,
    ) -> Result<(), StoreError> {
        let Some(run) = self.live_map_run(moving, id)? else {
            return Ok(());
        };
        let Some(index) = indices.next() else {
            return Ok(());
        };
        moving.spend(START);
        if let Some(parent) = self.workflow.ancestor(&moving.row, run.frame)? {
            match self.child_input(moving, &parent, index)? {
                None => return Ok(()),
                Some(Ok(input)) => self.start_item(moving, &run, input)?,
                Some(Err(ChildFailure { error, cause })) => {
                    let end = End::Failed { error, cause };
                    self.item_ended(id, &end, 1)?;
                }
            }
        }
        if !indices.is_empty() {
            moving.due.push_front(Work::StartItems {
                map_run: id.0,
                next: indices.start,
                until: indices.end,
            });
        }
        Ok(())
    }

    /// The input of a child execution, or why it fails before it begins. `None` when the parent is suspended until the
    /// input is evaluated.
    fn child_input(
        &mut self,
        moving: &mut Moving,
        parent: &Arc<Frame>,
        index: u32,
    ) -> Result<Option<Result<Payload, ChildFailure>>, StoreError> {
        let evaluated = moving.evaluated.take();
        let evaluated =
            evaluated.and_then(|evaluated| evaluated.into_child_input(parent.id(), index));
        if evaluated.is_some() {
            return Ok(evaluated);
        }
        let effort = Effort::of(Reach::Brief);
        let input = self
            .workflow
            .with_context(moving, None, &effort, |machine, context| {
                map_run_input(machine, parent, index, context)
            })?;
        self.workflow.steps().note_evaluated(&effort);
        if !effort.is_exceeded() {
            return Ok(Some(input));
        }
        let parent = Arc::clone(parent);
        let question = Question::ChildInput { parent, index };
        moving.suspension = Some(self.workflow.steps().take_down(moving, question)?);
        Ok(None)
    }

    fn start_item(
        &mut self,
        moving: &Moving,
        run: &MapRunRow,
        input: Payload,
    ) -> Result<(), StoreError> {
        let batch = input
            .value()
            .get("Items")
            .and_then(|items| items.as_array());
        let items = batch
            .filter(|_| run.is_batched)
            .map_or(1, |items| u64::try_from(items.len()).unwrap_or(u64::MAX));
        let row = ExecutionRow {
            id: ExecutionId(
                self.workflow
                    .memory
                    .execution_numbers
                    .take(self.workflow.ledger)?,
            ),
            revision: moving.row.revision,
            name: uuid::Uuid::new_v4().to_string(),
            status: ExecutionStatus::Running,
            started_at: self.workflow.now_millis(),
            stopped_at: None,
            events: 0,
            first_step: StepId(0),
            last_step: StepId(0),
            waits_for: 0,
            frame_step: StepId(0),
            frames: 0,
            item: Some(ItemOf {
                map_run: run.id,
                label: run.label.clone(),
                items,
            }),
            redrives: 0,
            redriven_at: None,
        };
        let machine = self.workflow.machine(row.revision)?;
        self.workflow
            .steps()
            .begin(&machine, row, Frame::item(&run.state), input, CHILD_BUDGET)
    }

    /// The map run, if its children still count and its parent runs.
    fn live_map_run(&self, moving: &Moving, id: MapRunId) -> Result<Option<MapRunRow>, StoreError> {
        if moving.row.status != ExecutionStatus::Running {
            return Ok(None);
        }
        let found = self.store.frames.map_run(id)?;
        Ok(found.filter(|run| run.status == ExecutionStatus::Running && !run.join.is_over()))
    }

    /// A child execution has ended, or could not be started. What follows is left to its parent.
    pub(crate) fn item_ended(
        &mut self,
        id: MapRunId,
        end: &End,
        items: u64,
    ) -> Result<(), StoreError> {
        let Some(mut run) = self.store.frames.map_run(id)? else {
            return Ok(());
        };
        let way = match end {
            End::Succeeded { .. } => 0,
            End::Failed { .. } => 1,
            End::TimedOut { .. } => 2,
            End::Aborted { .. } => 3,
        };
        run.ended.children[way] += 1;
        run.ended.items[way] += items;
        if run.status != ExecutionStatus::Running {
            return self.store.frames.update_map_run(&run);
        }
        let next = run.join.execution_ended(end);
        self.store.frames.update_map_run(&run)?;
        let work = match next {
            Next::Wait => return Ok(()),
            Next::Start { index, .. } => Work::StartItems {
                map_run: id.0,
                next: index,
                until: index + 1,
            },
            Next::Complete(outcome) => Work::JoinRun {
                map_run: id.0,
                outcome,
            },
            Next::Fail(outcome) => Work::StopItems {
                map_run: id.0,
                after: 0,
                outcome: Some(outcome),
            },
        };
        self.workflow.steps().leave_to(run.execution, &work)
    }

    /// Stops the next running child execution; when there is none, does what `outcome` says.
    pub(crate) fn stop_items(
        &mut self,
        moving: &mut Moving,
        id: MapRunId,
        after: ExecutionId,
        outcome: Option<Outcome>,
    ) -> Result<(), StoreError> {
        moving.spend(START);
        let running = ExecutionStatus::Running;
        let mut children = self.store.frames.map_run_children(id, running, after, 1)?;
        let Some(child) = children.pop() else {
            if let Some(outcome) = outcome {
                moving.due.push_front(Work::JoinRun {
                    map_run: id.0,
                    outcome,
                });
            }
            return Ok(());
        };
        moving.due.push_front(Work::StopItems {
            map_run: id.0,
            after: child.id.0,
            outcome,
        });
        let stimulus = Stimulus::Stop {
            error: None,
            cause: None,
        };
        self.workflow.tell(child.id, stimulus);
        Ok(())
    }

    /// Tells the frame that waits for a map run what became of it.
    pub(crate) fn join_run(
        &mut self,
        moving: &mut Moving,
        id: MapRunId,
        outcome: Outcome,
    ) -> Result<(), StoreError> {
        let Some(mut run) = self.store.frames.map_run(id)? else {
            return Ok(());
        };
        if run.status != ExecutionStatus::Running {
            return Ok(());
        }
        let Some(frame) = self.workflow.load_frame(&moving.row, run.frame)? else {
            return Ok(());
        };
        run.status = match outcome.failure {
            None => ExecutionStatus::Succeeded,
            Some(_) => ExecutionStatus::Failed,
        };
        run.stopped_at = Some(self.workflow.now_millis());
        self.store.frames.update_map_run(&run)?;
        moving.joining = Some(Joining::MapRun(id));
        let event = run.join.fork().event;
        self.workflow
            .steps()
            .step(moving, frame, Stimulus::Joined { event, outcome }, None)?;
        moving.joining = None;
        if moving.suspension.is_some() {
            (run.status, run.stopped_at) = (ExecutionStatus::Running, None);
            self.store.frames.update_map_run(&run)?;
        }
        Ok(())
    }

    /// Aborts the map runs of a frame, or of the whole execution, for which nobody waits any more.
    pub(crate) fn abort_map_runs(
        &mut self,
        moving: &mut Moving,
        frame: Option<rampmeter_asl::FrameId>,
    ) -> Result<(), StoreError> {
        for mut run in self.store.frames.running_map_runs(moving.row.id)? {
            if frame.is_none_or(|frame| frame == run.frame) {
                run.status = ExecutionStatus::Aborted;
                run.stopped_at = Some(self.workflow.now_millis());
                self.store.frames.update_map_run(&run)?;
                moving.due.push_back(Work::StopItems {
                    map_run: run.id.0,
                    after: 0,
                    outcome: None,
                });
            }
        }
        Ok(())
    }

    /// UpdateMapRun: for what starts and fails from now on.
    pub(crate) fn update_map_run(&mut self, update: &UpdateMapRun) -> Result<(), TransactionError> {
        let (label, name) = map_run_names(&update.map_run_arn)?;
        let found = self.store.frames.map_run_named(label, name)?;
        let Some(mut run) = found else {
            let arn = update.map_run_arn.clone();
            return Err(Rejected::ResourceNotFound(arn).into());
        };
        if run.status != ExecutionStatus::Running || run.join.is_over() {
            return Ok(());
        }
        let tolerance = run.join.fork().tolerance;
        let changed = Tolerance {
            count: update.tolerated_failure_count.or(tolerance.count),
            percentage: update.tolerated_failure_percentage.or(tolerance.percentage),
        };
        let concurrency = update.max_concurrency.map(|most| match most {
            0 => u32::MAX,
            most => most,
        });
        let start = run.join.change(concurrency, Some(changed));
        self.store.frames.update_map_run(&run)?;
        if !start.is_empty() {
            let work = Work::StartItems {
                map_run: run.id.0,
                next: start.start,
                until: start.end,
            };
            self.workflow.steps().leave_to(run.execution, &work)?;
        }
        Ok(())
    }
}

impl WorkflowContext<'_> {
    /// The outputs of the child executions that succeeded, in the order of their items; where together they are too
    /// long for a state's data, only enough to show it.
    pub(crate) fn item_results(&self, id: MapRunId) -> Result<Vec<Payload>, StoreError> {
        let mut results = Vec::new();
        let (mut bytes, mut after) = (0, ExecutionId(0));
        loop {
            let succeeded = ExecutionStatus::Succeeded;
            let rows = self
                .store
                .frames
                .map_run_children(id, succeeded, after, CHUNK)?;
            let Some(last) = rows.last() else {
                return Ok(results);
            };
            after = last.id;
            for row in rows {
                let result = rampmeter_store::stored_output(self.store.executions, &row)?;
                bytes += result.len();
                results.push(result);
                if bytes > MAX_DATA_BYTES {
                    return Ok(results);
                }
            }
        }
    }
}
