//! Brings one execution as far as one stimulus carries it, and appends the step: its events, the frame as it then
//! stands, and the messages it sent, all in the open transaction.

use std::cell::RefCell;
use std::collections::VecDeque;

use rampmeter_asl::{
    Context, Detail, Effect, End, Event, Frame, Payload, Progress, Standing, Stimulus, Task,
    Waiting, record,
};

use super::service::{Submission, TaskError};
use crate::id::{ExecutionId, StepId};
use crate::machines::Machine;
use crate::request::ExecutionStatus;
use crate::store::{ExecutionRow, MessageRow, StepRow, StoreError};
use crate::turn::{Notice, Turn};

/// States that one command may enter in its own transaction, so that no workflow can hold the writer.
pub(super) const TRANSITIONS: u32 = 64;

/// What became of a stimulus.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Advanced {
    /// The execution moved, and the step is written.
    Moved,
    /// The execution does not wait for that event any more. Nothing was written.
    Stale,
}

/// A message that the step being made sends. Its body lies in the step, so it is written after it.
#[derive(Debug)]
pub(super) struct Sending {
    pub(super) message: MessageRow,
    pub(super) parameters: Payload,
    pub(super) placed: super::send::Placed,
}

impl Turn<'_> {
    /// Advances an execution that has begun. `call` is the audit of the call that caused it. One whose own data cannot be
    /// read fails; it must not end the server, which would find it again at every start.
    pub(super) fn advance(
        &mut self,
        execution: ExecutionRow,
        stimulus: Stimulus,
        call: Option<&str>,
    ) -> Result<Advanced, StoreError> {
        match self.advance_readable(execution.clone(), stimulus, call) {
            Err(StoreError::Damaged(why)) => self.fail_unreadable(execution, &why),
            other => other,
        }
    }

    fn advance_readable(
        &mut self,
        mut execution: ExecutionRow,
        stimulus: Stimulus,
        call: Option<&str>,
    ) -> Result<Advanced, StoreError> {
        let Some(frame) = self.load_frame(&execution)? else {
            return Ok(Advanced::Stale);
        };
        let previous = Some(execution.last_step);
        let machine = self.machine(execution.revision)?;
        let beaten = matches!(stimulus, Stimulus::TaskHeartbeat { .. }).then(|| frame.clone());
        let Some(made) = self.make_step(&machine, &execution, frame, stimulus, TRANSITIONS)? else {
            return Ok(Advanced::Stale);
        };
        if let Some(before) = beaten {
            assert!(made.events.is_empty(), "a heartbeat makes no event");
            if made.frame != Some(before) {
                self.rewrite_frame(&execution, &made)?;
            }
            return Ok(Advanced::Moved);
        }
        made.write_into(&mut execution, self.now_ms());
        self.append(&execution, previous, &made, call)?;
        self.store().update_execution(&execution)?;
        Ok(Advanced::Moved)
    }

    /// A heartbeat changes when a timer is due and nothing else: no step of its own, or each beat would store the
    /// input again. The events keep their payloads' places, so what points into the step still does.
    fn rewrite_frame(&self, execution: &ExecutionRow, made: &MadeStep) -> Result<(), StoreError> {
        let data = self.store().step_data(execution.last_step)?;
        let step = record::decode(&data).map_err(|error| unreadable(execution, &error))?;
        let encoded = record::encode(&step.events, made.frame.as_ref(), &[]);
        self.store()
            .rewrite_step(execution.last_step, &encoded.text)
    }

    fn fail_unreadable(
        &mut self,
        mut execution: ExecutionRow,
        why: &str,
    ) -> Result<Advanced, StoreError> {
        tracing::error!(
            execution = execution.name,
            why,
            "an execution cannot be read and fails"
        );
        let previous = Some(execution.last_step);
        let (error, cause) = (Some("States.Runtime".to_owned()), Some(why.to_owned()));
        let detail = Detail::ExecutionFailed {
            error: error.clone(),
            cause: cause.clone(),
        };
        let mut made = MadeStep::new(execution.id, execution.events + 1);
        made.id = StepId(self.writer.numbers.step.take(&self.writer.store)?);
        made.last_event = execution.events + 1;
        made.events = vec![Event {
            id: made.last_event,
            previous: execution.events,
            at: self.now_ms(),
            detail,
        }];
        made.standing = Standing::Ended(End::Failed { error, cause });
        made.write_into(&mut execution, self.now_ms());
        self.append(&execution, previous, &made, None)?;
        self.store().update_execution(&execution)?;
        Ok(Advanced::Moved)
    }

    /// Begins an execution whose row is not in the store yet. It enters at most `transitions` states now.
    pub(super) fn begin(
        &mut self,
        machine: &Machine,
        mut execution: ExecutionRow,
        input: Payload,
        transitions: u32,
    ) -> Result<(), StoreError> {
        let made = self
            .make_step(
                machine,
                &execution,
                Frame::root(),
                Stimulus::Start { input },
                transitions,
            )?
            .expect("an execution that has not begun takes its start");
        made.write_into(&mut execution, self.now_ms());
        execution.first_step = made.id;
        self.append(&execution, None, &made, None)?;
        self.store().insert_execution(&machine.name, &execution)
    }

    /// Where an execution stands; `None` once it has ended.
    pub(super) fn load_frame(&self, execution: &ExecutionRow) -> Result<Option<Frame>, StoreError> {
        if execution.status != ExecutionStatus::Running {
            return Ok(None);
        }
        let data = self.store().step_data(execution.last_step)?;
        record::decode_frame(&data).map_err(|error| unreadable(execution, &error))
    }

    fn make_step(
        &mut self,
        machine: &Machine,
        execution: &ExecutionRow,
        mut frame: Frame,
        stimulus: Stimulus,
        mut transitions: u32,
    ) -> Result<Option<MadeStep>, StoreError> {
        let mut progress = Progress {
            events: execution.events,
            frames: 0,
        };
        let mut made = MadeStep::new(execution.id, execution.events + 1);
        let start_input = match &stimulus {
            Stimulus::Start { input } => Some(input.clone()),
            _ => None,
        };
        let mut stimuli = VecDeque::from([stimulus]);
        let mut first = true;
        while let Some(stimulus) = stimuli.pop_front() {
            let advanced = self.step_once(
                machine,
                execution,
                start_input.as_ref(),
                &mut progress,
                &mut frame,
                stimulus,
                transitions,
            )?;
            let Ok(advance) = advanced else {
                assert!(
                    first,
                    "a task's own submission finds the task waiting for it"
                );
                return Ok(None);
            };
            if first {
                made.id = StepId(self.writer.numbers.step.take(&self.writer.store)?);
                first = false;
            }
            made.events.extend(advance.events);
            made.standing = advance.standing;
            for effect in advance.effects {
                match effect {
                    Effect::Submit(task) => {
                        stimuli.extend(self.submit(&task, &mut made)?);
                    }
                    Effect::SetTimer(timer) => self.store().set_timer(execution.id, timer)?,
                    Effect::ClearTimer(timer) => self.store().clear_timer(execution.id, timer)?,
                    Effect::Abandon(event) => self.abandon(execution.id, event)?,
                    Effect::Fork(_) | Effect::StartMapRun(_) => {
                        let why = "this host does not run Parallel and Map states yet";
                        return Err(StoreError::Damaged(why.to_owned()));
                    }
                }
            }
            // Each request sent in one transaction halves what remains, so that a loop of requests ends too.
            transitions /= 2;
        }
        made.frame = Some(frame);
        made.last_event = progress.events;
        Ok(Some(made))
    }

    /// One advance of the interpreter. `start_input` is the execution's input while its row is not written yet.
    #[expect(
        clippy::too_many_arguments,
        reason = "what one advance may see, and what it changes"
    )]
    fn step_once(
        &self,
        machine: &Machine,
        execution: &ExecutionRow,
        start_input: Option<&Payload>,
        progress: &mut Progress,
        frame: &mut Frame,
        stimulus: Stimulus,
        transitions: u32,
    ) -> Result<Result<rampmeter_asl::Advance, rampmeter_asl::Stale>, StoreError> {
        let writer = &*self.writer;
        let unreadable = RefCell::new(None);
        let stored_input = || {
            super::execution::stored_input(self.store(), execution).unwrap_or_else(|error| {
                unreadable.replace(Some(error));
                Payload::from_value(serde_json::Value::Null)
            })
        };
        let execution_arn = writer.place.execution_arn(&machine.name, &execution.name);
        let mut context = Context {
            now: self.now_ms(),
            region: &writer.place.region,
            execution_arn: &execution_arn,
            execution_name: &execution.name,
            role_arn: &machine.role_arn,
            started_at: execution.started_at,
            redrive_count: 0,
            machine_arn: &machine.arn,
            machine_name: &machine.name,
            execution_input: &|| start_input.cloned().unwrap_or_else(stored_input),
            parent: &|_| None,
            results: &Vec::new,
            task_token: &|event| writer.seal.mint(execution.id, event),
            random: &mut random,
            transitions,
        };
        let advanced =
            rampmeter_asl::advance(&machine.definition, progress, frame, stimulus, &mut context);
        match unreadable.into_inner() {
            None => Ok(advanced),
            Some(error) => Err(error),
        }
    }

    /// Carries out a task's request. `None` when the answer comes in a later command.
    fn submit(&mut self, task: &Task, made: &mut MadeStep) -> Result<Option<Stimulus>, StoreError> {
        let event = task.event;
        Ok(match self.request_service(task, made.execution, made.id)? {
            Submission::Sent(sending, output) => {
                made.sending.extend(sending.map(|sending| *sending));
                output.map(|output| Stimulus::Submitted { event, output })
            }
            Submission::Later => None,
            Submission::Answered(Ok(output)) => Some(Stimulus::Submitted { event, output }),
            Submission::Answered(Err(TaskError { error, cause })) => Some(Stimulus::SubmitFailed {
                event,
                error,
                cause,
            }),
        })
    }

    fn append(
        &mut self,
        execution: &ExecutionRow,
        previous: Option<StepId>,
        made: &MadeStep,
        call: Option<&str>,
    ) -> Result<(), StoreError> {
        let ended = matches!(made.standing, Standing::Ended(_));
        let frame = if ended { None } else { made.frame.as_ref() };
        let extra: Vec<&Payload> = made.sending.iter().map(|sent| &sent.parameters).collect();
        let encoded = record::encode(&made.events, frame, &extra);
        self.store().append_step(&StepRow {
            id: made.id,
            execution: execution.id,
            previous,
            at: self.now,
            first_event: made.first_event,
            data: &encoded.text,
            call,
        })?;
        for (sent, payload) in made.sending.iter().zip(encoded.extra) {
            let mut message = sent.message.clone();
            if message.body.is_none() {
                message.stored = Some((made.id, payload));
            }
            self.put_message(&message, &sent.placed)?;
        }
        if let Standing::Ended(end) = &made.standing {
            self.end_waits(execution, end)?;
        }
        if made.standing == Standing::Yielded {
            self.store().note_continuing(execution.id)?;
            self.out.continuing.push(execution.id);
        }
        Ok(())
    }

    /// Goes on with an execution that used up the transitions of its last transaction.
    pub(crate) fn continue_execution(&mut self, id: ExecutionId) -> Result<(), StoreError> {
        self.store().forget_continuing(id)?;
        if let Some(execution) = self.store().execution(id)? {
            self.advance(execution, Stimulus::Continue, None)?;
        }
        Ok(())
    }

    /// Tells executions what came up for them in this transaction, until nothing comes up any more.
    pub(crate) fn give_notices(&mut self) -> Result<(), StoreError> {
        while let Some(Notice {
            execution,
            stimulus,
        }) = self.notices.pop_front()
        {
            if let Some(execution) = self.store().execution(execution)? {
                self.advance(execution, stimulus, None)?;
            }
        }
        Ok(())
    }
}

/// A step while it is made.
#[derive(Debug)]
pub(super) struct MadeStep {
    id: StepId,
    execution: ExecutionId,
    first_event: u64,
    last_event: u64,
    events: Vec<Event>,
    frame: Option<Frame>,
    standing: Standing,
    sending: Vec<Sending>,
}

impl MadeStep {
    fn new(execution: ExecutionId, first_event: u64) -> MadeStep {
        MadeStep {
            id: StepId(0),
            execution,
            first_event,
            last_event: first_event - 1,
            events: Vec::new(),
            frame: None,
            standing: Standing::Waiting,
            sending: Vec::new(),
        }
    }

    /// Brings the execution's row up to this step. `now` in milliseconds since the Unix epoch.
    fn write_into(&self, execution: &mut ExecutionRow, now: i64) {
        execution.events = self.last_event;
        execution.last_step = self.id;
        execution.waits_for = match (&self.standing, self.frame.as_ref().map(Frame::waiting_for)) {
            (Standing::Waiting, Some(Waiting::Task { event })) => event,
            _ => 0,
        };
        if let Standing::Ended(end) = &self.standing {
            execution.status = match end {
                End::Succeeded { .. } => ExecutionStatus::Succeeded,
                End::Failed { .. } => ExecutionStatus::Failed,
                End::TimedOut { .. } => ExecutionStatus::TimedOut,
                End::Aborted { .. } => ExecutionStatus::Aborted,
            };
            execution.stopped_at = Some(now);
        }
    }
}

fn unreadable(execution: &ExecutionRow, error: &record::RecordError) -> StoreError {
    StoreError::Damaged(format!("step {}: {error}", execution.last_step.0))
}

fn random() -> u64 {
    getrandom::u64().expect("the operating system gives random bytes")
}
