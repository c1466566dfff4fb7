//! One step of one frame: what the interpreter makes of a stimulus, appended with its events, the frame's new state and
//! the messages it sent, all in the open transaction. What follows in other frames is noted as due.

use std::cell::RefCell;
use std::collections::VecDeque;

use rampmeter_asl::{
    Advance, Context, Detail, Effect, Effort, End, Event, EventId, Fork, Frame, FrameId, MapRun,
    Payload, Progress, Reach, StateMachine, Status, Stimulus, Task, Timer, TimerKind, Unmoved,
    Waiting, record,
};
use rampmeter_evaluation::Question;
use rampmeter_store::model::execution::ExecutionStatus;
use rampmeter_store::model::id::{ExecutionId, StepId};
use rampmeter_store::{
    ExecutionRow, FrameRow, FrameStatus, ItemOf, StepRow, StoreError, unreadable,
};

use crate::apply::calls::send::Sending;
use crate::apply::subject::Subject;
use crate::apply::workflow::context::{WorkflowContext, WorkflowStore};
use crate::apply::workflow::service::{Submission, TaskError};
use crate::apply::workflow::work::{Joining, Moving, REQUEST, Work};

/// The steps of executions: they move frames and note what is due.
#[derive(Debug)]
pub(crate) struct Steps<'a, 't> {
    pub(crate) workflow: &'a mut WorkflowContext<'t>,
    pub(crate) store: WorkflowStore<'t>,
}

impl<'t> WorkflowContext<'t> {
    pub(crate) fn steps(&mut self) -> Steps<'_, 't> {
        Steps {
            store: self.store,
            workflow: self,
        }
    }
}

impl Steps<'_, '_> {
    /// Moves one frame by one stimulus. `call` is the audit of the call that caused it. `None` when the frame does not
    /// wait for it, or when the execution is suspended because the step takes more than the writer may do; then nothing
    /// was written. Otherwise the end of the frame, if it ended.
    pub(crate) fn step(
        &mut self,
        moving: &mut Moving,
        frame: Frame,
        stimulus: Stimulus,
        call: Option<&str>,
    ) -> Result<Option<Option<End>>, StoreError> {
        let beaten = frame.heartbeat().map(|(event, _)| event);
        let Some(made) = self.make_step(moving, frame, stimulus)? else {
            return Ok(None);
        };
        if let Some(event) = beaten
            && made.heartbeat() != Some(event)
        {
            self.store.frames.delete_heartbeat(moving.row.id, event)?;
        }
        self.append(moving, made, call).map(Some)
    }

    /// A heartbeat changes when a timer is due and nothing else: it is noted beside the frame, which stays as it is.
    pub(crate) fn heartbeat(
        &mut self,
        moving: &mut Moving,
        frame: Frame,
        stimulus: Stimulus,
    ) -> Result<bool, StoreError> {
        let before = frame.heartbeat();
        let Some(made) = self.make_step(moving, frame, stimulus)? else {
            return Ok(false);
        };
        assert!(made.events.is_empty(), "a heartbeat makes no event");
        let after = made.frame.as_ref().and_then(Frame::heartbeat);
        if let Some((event, at)) = after
            && after != before
        {
            self.store.frames.put_heartbeat(moving.row.id, event, at)?;
        }
        Ok(true)
    }

    fn make_step(
        &mut self,
        moving: &mut Moving,
        mut frame: Frame,
        stimulus: Stimulus,
    ) -> Result<Option<StepBuilder>, StoreError> {
        let mut progress = Progress {
            events: moving.row.events,
            frames: moving.row.frames,
        };
        let mut made = StepBuilder::new(progress.events + 1);
        let start_input = match &stimulus {
            Stimulus::Start { input } => Some(input.clone()),
            _ => None,
        };
        let mut stimuli = VecDeque::from([stimulus]);
        let mut first = true;
        while let Some(stimulus) = stimuli.pop_front() {
            let advanced = self.step_once(
                moving,
                start_input.as_ref(),
                &mut progress,
                &mut frame,
                stimulus.clone(),
            )?;
            let advance = match advanced {
                Ok(advance) => advance,
                Err(Unmoved::Stale) => {
                    assert!(
                        first,
                        "a task's own submission finds the task waiting for it"
                    );
                    return Ok(None);
                }
                // Let it begin now, and enter its first state in a step of its own.
                Err(Unmoved::Exceeded) if start_input.is_some() && moving.budget > 0 => {
                    moving.budget = 0;
                    stimuli.push_front(stimulus);
                    continue;
                }
                Err(Unmoved::Exceeded) if first => {
                    let question = Question::Advance {
                        frame: Box::new(frame),
                        progress,
                        stimulus,
                    };
                    moving.suspension = Some(self.take_down(moving, question)?);
                    return Ok(None);
                }
                // Tell the task its immediate result in a step of its own.
                Err(Unmoved::Exceeded) => {
                    let now = self.workflow.now();
                    stimuli.push_front(stimulus);
                    for stimulus in stimuli.into_iter().rev() {
                        moving.due.push_front(Work::deliver(stimulus, now, None));
                    }
                    break;
                }
            };
            if first {
                made.id = StepId(
                    self.workflow
                        .memory
                        .step_numbers
                        .take(self.workflow.ledger)?,
                );
                first = false;
            }
            let entered = |event: &&Event| matches!(event.detail, Detail::StateEntered { .. });
            let entered = advance.events.iter().filter(entered).count();
            moving.spend(u32::try_from(entered).unwrap_or(u32::MAX));
            made.events.extend(advance.events);
            made.status = advance.status;
            for effect in advance.effects {
                stimuli.extend(self.carry_out(effect, moving, &mut made)?);
            }
        }
        made.frame = Some(frame);
        made.last_event = progress.events;
        made.frames = progress.frames;
        Ok(Some(made))
    }

    /// Carries out one effect. If a task's request has an immediate result, that is the next stimulus.
    fn carry_out(
        &mut self,
        effect: Effect,
        moving: &mut Moving,
        made: &mut StepBuilder,
    ) -> Result<Option<Stimulus>, StoreError> {
        let execution = moving.row.id;
        match effect {
            Effect::Submit(task) => {
                moving.spend(REQUEST);
                return self.submit(&task, execution, made);
            }
            Effect::SetTimer(timer) => self.store.executions.set_timer(execution, timer)?,
            Effect::ClearTimer(timer) => self.store.executions.clear_timer(execution, timer)?,
            Effect::Abandon(event) => self.workflow.services().abandon(execution, event)?,
            Effect::Fork(fork) => made.fork = Some(fork),
            Effect::StartMapRun(run) => made.map_run = Some(run),
        }
        Ok(None)
    }

    /// One advance of the interpreter, or the result of the one that was evaluated beside the writer. `start_input` is
    /// the execution's input while its row is not written yet.
    fn step_once(
        &self,
        moving: &mut Moving,
        start_input: Option<&Payload>,
        progress: &mut Progress,
        frame: &mut Frame,
        stimulus: Stimulus,
    ) -> Result<Result<Advance, Unmoved>, StoreError> {
        let evaluated = moving.evaluated.take();
        if let Some((moved, then, advance)) =
            evaluated.and_then(|evaluated| evaluated.into_advance(frame.id(), *progress))
        {
            (*frame, *progress) = (moved, then);
            return Ok(advance.ok_or(Unmoved::Stale));
        }
        let effort = Effort::of(Reach::Brief);
        let advanced =
            self.workflow
                .with_context(moving, start_input, &effort, |machine, context| {
                    rampmeter_asl::advance(machine, progress, frame, stimulus, context)
                });
        self.note_evaluated(&effort);
        advanced
    }

    /// Carries out a task's request. `None` when the result comes with a later command.
    fn submit(
        &mut self,
        task: &Task,
        execution: ExecutionId,
        made: &mut StepBuilder,
    ) -> Result<Option<Stimulus>, StoreError> {
        let event = task.event;
        Ok(
            match self
                .workflow
                .services()
                .request_service(task, execution, made.id)?
            {
                Submission::Sent(sending, output) => {
                    made.sending.extend(sending.map(|sending| *sending));
                    output.map(|output| Stimulus::Submitted { event, output })
                }
                Submission::Later => None,
                Submission::Answered(Ok(output)) => Some(Stimulus::Submitted { event, output }),
                Submission::Answered(Err(TaskError { error, cause })) => {
                    Some(Stimulus::SubmitFailed {
                        event,
                        error,
                        cause,
                    })
                }
            },
        )
    }

    /// Writes a step, brings its frame's row up to it, and notes what follows from it.
    pub(crate) fn append(
        &mut self,
        moving: &mut Moving,
        made: StepBuilder,
        call: Option<&str>,
    ) -> Result<Option<End>, StoreError> {
        let mut extra: Vec<&Payload> = made.sending.iter().map(|sent| &sent.parameters).collect();
        let (stored, end) = match &made.status {
            // A frame that succeeded is never read again; one that failed may be redriven.
            Status::Ended(End::Succeeded { output }) => {
                extra.push(output);
                (None, true)
            }
            Status::Ended(_) => (made.frame.as_ref(), true),
            _ => (made.frame.as_ref(), false),
        };
        let encoded = record::encode(&made.events, stored, &extra);
        let row = &mut moving.row;
        self.store.executions.append_step(&StepRow {
            id: made.id,
            execution: row.id,
            previous: (row.last_step.0 > 0).then_some(row.last_step),
            at: self.workflow.now(),
            first_event: made.first_event,
            data: &encoded.text,
            call,
        })?;
        if row.first_step.0 == 0 {
            row.first_step = made.id;
        }
        row.events = made.last_event;
        row.frames = made.frames;
        row.last_step = made.id;
        for (sent, payload) in made.sending.iter().zip(&encoded.extra) {
            let mut message = sent.message.clone();
            if message.body.is_none() {
                message.stored = Some((made.id, *payload));
            }
            self.workflow
                .calls
                .put_message(&mut message, &sent.placed)?;
        }
        let output = if end {
            encoded.extra.last().copied()
        } else {
            None
        };
        match made
            .frame
            .as_ref()
            .and_then(|frame| frame.parent().map(|parent| (frame, parent)))
        {
            None => self.root_moved(moving, &made)?,
            Some((frame, parent)) => self.child_moved(moving, &made, frame, parent, output)?,
        }
        let id = made.frame.as_ref().map_or(0, Frame::id);
        if made.status == Status::Yielded {
            moving.due.push_back(Work::Continue { frame: id });
        }
        if let (Some(fork), Some(frame)) = (made.fork, made.frame) {
            self.workflow
                .forks()
                .fork(moving, fork, made.id, frame, encoded.text.len())?;
        }
        if let Some(run) = made.map_run {
            self.workflow.map_runs().start_map_run(moving, run)?;
        }
        Ok(match made.status {
            Status::Ended(end) => Some(end),
            Status::Waiting | Status::Yielded => None,
        })
    }

    fn root_moved(&mut self, moving: &mut Moving, made: &StepBuilder) -> Result<(), StoreError> {
        let now = self.workflow.now_millis();
        let row = &mut moving.row;
        row.frame_step = made.id;
        row.waits_for = match (&made.status, made.frame.as_ref().map(Frame::waiting_for)) {
            (Status::Waiting, Some(Waiting::Task { event })) => event,
            _ => 0,
        };
        let Status::Ended(end) = &made.status else {
            return Ok(());
        };
        row.status = match end {
            End::Succeeded { .. } => ExecutionStatus::Succeeded,
            End::Failed { .. } => ExecutionStatus::Failed,
            End::TimedOut { .. } => ExecutionStatus::TimedOut,
            End::Aborted { .. } => ExecutionStatus::Aborted,
        };
        row.stopped_at = Some(now);
        if row.frames > 0 && !matches!(end, End::Succeeded { .. }) {
            moving.due.push_back(Work::Quiet { from: 1 });
        }
        if !matches!(end, End::Succeeded { .. }) {
            self.workflow.map_runs().abort_map_runs(moving, None)?;
        }
        if let Some(ItemOf { map_run, items, .. }) = moving.row.item.clone() {
            self.workflow.map_runs().item_ended(map_run, end, items)?;
        }
        self.workflow.note_end(moving, end);
        self.workflow.services().end_waits(&moving.row, end)
    }

    fn child_moved(
        &mut self,
        moving: &mut Moving,
        made: &StepBuilder,
        frame: &Frame,
        parent: FrameId,
        output: Option<u32>,
    ) -> Result<(), StoreError> {
        let waits_for = match (&made.status, frame.waiting_for()) {
            (
                Status::Waiting,
                Waiting::Task { event } | Waiting::Timer { event } | Waiting::Retry { event },
            ) => event,
            _ => 0,
        };
        let status = match &made.status {
            Status::Ended(End::Succeeded { .. }) => FrameStatus::Succeeded,
            Status::Ended(_) => FrameStatus::Failed,
            Status::Waiting | Status::Yielded => FrameStatus::Running,
        };
        let row = FrameRow {
            id: frame.id(),
            parent,
            status,
            step: made.id,
            waits_for,
            output: output.filter(|_| status == FrameStatus::Succeeded),
        };
        self.store.frames.put_frame(moving.row.id, &row)?;
        match &made.status {
            Status::Ended(end) => self.workflow.forks().child_ended(moving, frame, end),
            Status::Waiting | Status::Yielded => Ok(()),
        }
    }
}

impl WorkflowContext<'_> {
    /// A frame of a running execution; `None` once the frame or the execution has ended.
    pub(crate) fn load_frame(
        &self,
        execution: &ExecutionRow,
        id: FrameId,
    ) -> Result<Option<Frame>, StoreError> {
        if execution.status != ExecutionStatus::Running {
            return Ok(None);
        }
        let step = match id {
            0 => execution.frame_step,
            id => match self.store.frames.frame(execution.id, id)? {
                Some(row) if row.status == FrameStatus::Running => row.step,
                _ => return Ok(None),
            },
        };
        let data = self.store.executions.step_data(step)?;
        let frame = record::decode_frame(&data).map_err(|error| unreadable(step, &error))?;
        let Some(mut frame) = frame else {
            return Ok(None);
        };
        if let Some((event, _)) = frame.heartbeat()
            && let Some(at) = self.store.frames.heartbeat(execution.id, event)?
        {
            frame.move_heartbeat(at);
        }
        Ok(Some(frame))
    }

    /// The timers that a stored frame has set and that have not fired.
    pub(crate) fn timers_of(
        &self,
        execution: ExecutionId,
        frame: &Frame,
    ) -> Result<Vec<Timer>, StoreError> {
        let mut timers = frame.timers();
        for timer in &mut timers {
            if timer.kind == TimerKind::Heartbeat
                && let Some(at) = self.store.frames.heartbeat(execution, timer.event)?
            {
                timer.at = at;
            }
        }
        Ok(timers)
    }

    /// Runs the interpreter with what it may see of an execution and the effort that its expressions may spend.
    pub(crate) fn with_context<T>(
        &self,
        moving: &Moving,
        start_input: Option<&Payload>,
        effort: &Effort,
        run: impl FnOnce(&StateMachine, &mut Context<'_>) -> T,
    ) -> Result<T, StoreError> {
        let (machine, execution) = (moving.machine(), &moving.row);
        let unreadable = RefCell::new(None);
        let stored_input = || {
            rampmeter_store::stored_input(self.store.executions, execution).unwrap_or_else(
                |error| {
                    unreadable.replace(Some(error));
                    Payload::from_value(serde_json::Value::Null)
                },
            )
        };
        let parent = |id: FrameId| {
            self.ancestor(execution, id).unwrap_or_else(|error| {
                unreadable.replace(Some(error));
                None
            })
        };
        let results = || {
            let results = match moving.joining.clone() {
                None => Ok(Vec::new()),
                Some(Joining::Frames(children)) => self.results(execution, children),
                Some(Joining::MapRun(run)) => self.item_results(run),
            };
            results.unwrap_or_else(|error| {
                unreadable.replace(Some(error));
                Vec::new()
            })
        };
        let execution_arn = execution.arn(self.arns, &machine.name);
        let mut times = self.memory.step_times.borrow_mut();
        let now = times.next(execution.id, self.now_millis());
        drop(times);
        let mut context = Context {
            now: now.0,
            region: &self.arns.region,
            execution_arn: &execution_arn,
            execution_name: execution.given_name(),
            role_arn: &machine.role_arn,
            started_at: execution.started_at.0,
            redrive_count: execution.redrives,
            redriven_at: execution.redriven_at.map(|at| at.0),
            machine_arn: &machine.arn,
            machine_name: &machine.name,
            execution_input: &|| start_input.cloned().unwrap_or_else(stored_input),
            parent: &parent,
            results: &results,
            activity_exists: &|arn| {
                rampmeter_store::model::arn::activity_name(arn)
                    .is_ok_and(|name| self.memory.activities.contains_key(name))
            },
            task_token: &|event| self.seal.mint(execution.id, event),
            random: &mut random,
            transitions: moving.budget,
            effort,
        };
        let made = run(&machine.definition, &mut context);
        match unreadable.into_inner() {
            None => Ok(made),
            Some(error) => Err(error),
        }
    }
}

/// A step while it is made.
#[derive(Debug)]
pub(crate) struct StepBuilder {
    pub(crate) id: StepId,
    pub(crate) first_event: EventId,
    pub(crate) last_event: EventId,
    /// How many frames the execution has had by then.
    pub(crate) frames: FrameId,
    pub(crate) events: Vec<Event>,
    pub(crate) frame: Option<Frame>,
    pub(crate) status: Status,
    sending: Vec<Sending>,
    fork: Option<Fork>,
    map_run: Option<MapRun>,
}

impl StepBuilder {
    pub(crate) fn new(first_event: EventId) -> StepBuilder {
        StepBuilder {
            id: StepId(0),
            first_event,
            last_event: first_event - 1,
            frames: 0,
            events: Vec::new(),
            frame: None,
            status: Status::Waiting,
            sending: Vec::new(),
            fork: None,
            map_run: None,
        }
    }

    /// The task whose heartbeat it then waits for.
    fn heartbeat(&self) -> Option<EventId> {
        let frame = self.frame.as_ref()?;
        frame.heartbeat().map(|(event, _)| event)
    }
}

fn random() -> u64 {
    getrandom::u64().expect("the operating system gives random bytes")
}
