//! The host of these tests. It carries out effects at once and checks what every host relies on.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use rampmeter_asl::{
    Advance, ChildFailure, Context, Effect, Effort, End, Event, Fork, Frame, FrameId, Join, MapRun,
    Next, Outcome, Payload, Progress, Reach, StateMachine, Status, Stimulus, Task, Timer,
    TimerKind, Unmoved, Waiting, advance, map_run_input, record,
};
use serde_json::{Value, json};

/// The time at which executions of these tests start: 2023-11-14T22:13:20Z.
pub(crate) const START: i64 = 1_700_000_000_000;

/// One execution and all that its host knows about it.
pub(crate) struct Host {
    machine: Arc<StateMachine>,
    input: Payload,
    progress: Progress,
    pub(crate) frame: Frame,
    /// The frames of branches and iterations that run.
    pub(crate) children: BTreeMap<FrameId, Frame>,
    /// The frames of those that ended without success.
    failed: BTreeMap<FrameId, Frame>,
    joins: BTreeMap<FrameId, Join>,
    results: BTreeMap<FrameId, Payload>,
    /// Map runs that were started, with the inputs of their child executions.
    pub(crate) map_runs: Vec<(MapRun, Vec<Payload>)>,
    run_results: Vec<Payload>,
    /// Stimuli of the host's own: children to begin, forks that are joined.
    due: VecDeque<(FrameId, Stimulus)>,
    pub(crate) now: i64,
    pub(crate) transitions: u32,
    pub(crate) random: u64,
    /// When it was redriven last.
    redriven_at: Option<i64>,
    pub(crate) events: Vec<Event>,
    pub(crate) timers: Vec<Timer>,
    pub(crate) tasks: Vec<Task>,
    pub(crate) status: Status,
}

impl Host {
    /// An execution that has not begun.
    pub(crate) fn new(definition: &Value, input: &Value) -> Self {
        let machine = StateMachine::parse(&definition.to_string()).expect("a sound definition");
        Self::of(
            Arc::new(machine),
            Frame::root(),
            Payload::from_value(input.clone()),
        )
    }

    fn of(machine: Arc<StateMachine>, frame: Frame, input: Payload) -> Self {
        Self {
            machine,
            input,
            progress: Progress::default(),
            frame,
            children: BTreeMap::new(),
            failed: BTreeMap::new(),
            joins: BTreeMap::new(),
            results: BTreeMap::new(),
            map_runs: Vec::new(),
            run_results: Vec::new(),
            due: VecDeque::new(),
            now: START,
            transitions: 64,
            random: 0,
            redriven_at: None,
            events: Vec::new(),
            timers: Vec::new(),
            tasks: Vec::new(),
            status: Status::Waiting,
        }
    }

    /// An execution that has begun.
    pub(crate) fn started(definition: &Value, input: &Value) -> Self {
        let mut host = Self::new(definition, input);
        let input = host.input.clone();
        host.send(Stimulus::Start { input })
            .expect("a new execution can start");
        host
    }

    /// An execution whose first task was submitted.
    pub(crate) fn submitted(definition: &Value, input: &Value) -> Self {
        let mut host = Self::started(definition, input);
        host.submit();
        host
    }

    /// Sends a stimulus to the frame that waits for it, stores the step, carries out its effects, and
    /// lets branches and iterations run as far as they can.
    pub(crate) fn send(&mut self, stimulus: Stimulus) -> Result<Advance, Unmoved> {
        let to = self.waiting_frame(&stimulus);
        let result = self.send_to(to, stimulus)?;
        while let Some((to, stimulus)) = self.due.pop_front() {
            self.send_to(to, stimulus)
                .expect("the host's own stimuli are awaited");
        }
        Ok(result)
    }

    fn waiting_frame(&self, stimulus: &Stimulus) -> FrameId {
        let awaited = match stimulus {
            Stimulus::Submitted { event, .. }
            | Stimulus::SubmitFailed { event, .. }
            | Stimulus::TaskSucceeded { event, .. }
            | Stimulus::TaskFailed { event, .. }
            | Stimulus::TaskHeartbeat { event }
            | Stimulus::TimerFired { event, .. } => *event,
            _ => 0,
        };
        let waits = |frame: &&Frame| match frame.waiting_for() {
            Waiting::Task { event } | Waiting::Timer { event } | Waiting::Retry { event } => {
                event == awaited
            }
            _ => false,
        };
        self.children.values().find(waits).map_or(0, Frame::id)
    }

    /// Sends a stimulus to one frame.
    pub(crate) fn send_to(&mut self, to: FrameId, stimulus: Stimulus) -> Result<Advance, Unmoved> {
        let before = self.frame_of(to).clone();
        let (mut progress, mut frame) = (self.progress, before.clone());
        let results = || self.results_of(to);
        let brief = self.brief(&frame, &stimulus, &results);
        let result = self.with_results(Reach::Full, &results, |machine, context| {
            advance(machine, &mut progress, &mut frame, stimulus, context)
        });
        if let Some((advance, brief_frame)) = brief {
            assert_eq!(
                (&advance, &brief_frame),
                (&result, &frame),
                "with less work"
            );
        }
        match &result {
            Err(_) => assert_eq!((&before, self.progress), (&frame, progress)),
            Ok(advance) => {
                self.progress = progress;
                self.carry_out(&frame, advance);
            }
        }
        result
    }

    fn results_of(&self, parent: FrameId) -> Vec<Payload> {
        let Some(join) = self.joins.get(&parent) else {
            return self.run_results.clone();
        };
        let Fork { first, total, .. } = *join.fork();
        let range = first..first + u64::from(total);
        self.results
            .range(range)
            .map(|(_, output)| output.clone())
            .collect()
    }

    /// The same advance with the least work allowed: it gives the same result, or none at all.
    fn brief(
        &self,
        frame: &Frame,
        stimulus: &Stimulus,
        results: &dyn Fn() -> Vec<Payload>,
    ) -> Option<(Result<Advance, Unmoved>, Frame)> {
        let (mut progress, mut moved, stimulus) = (self.progress, frame.clone(), stimulus.clone());
        let advance = self.with_results(Reach::Brief, results, |machine, context| {
            advance(machine, &mut progress, &mut moved, stimulus, context)
        });
        if advance == Err(Unmoved::Exceeded) {
            assert_eq!(
                (&moved, progress),
                (frame, self.progress),
                "nothing changed"
            );
            return None;
        }
        Some((advance, moved))
    }

    fn with_context<T>(&self, run: impl FnOnce(&StateMachine, &mut Context<'_>) -> T) -> T {
        self.with_results(Reach::Full, &Vec::new, run)
    }

    fn with_results<T>(
        &self,
        reach: Reach,
        results: &dyn Fn() -> Vec<Payload>,
        run: impl FnOnce(&StateMachine, &mut Context<'_>) -> T,
    ) -> T {
        let input = self.input.clone();
        let random = self.random;
        let mut context = Context {
            now: self.now,
            region: "eu-west-1",
            execution_arn: "arn:aws:states:eu-west-1:000000000000:execution:orders:one",
            execution_name: "one",
            role_arn: "arn:aws:iam::000000000000:role/orders",
            started_at: START,
            redrive_count: 0,
            redriven_at: self.redriven_at,
            machine_arn: "arn:aws:states:eu-west-1:000000000000:stateMachine:orders",
            machine_name: "orders",
            execution_input: &|| input.clone(),
            parent: &|id: FrameId| Some(Arc::new(self.frame_of(id).clone())),
            results,
            task_token: &|event: u64| format!("task-token-{event}"),
            random: &mut || random,
            activity_exists: &|arn| !arn.ends_with(":deleted"),
            transitions: self.transitions,
            effort: &Effort::of(reach),
        };
        run(&self.machine, &mut context)
    }

    fn frame_of(&self, id: FrameId) -> &Frame {
        match id {
            0 => &self.frame,
            id => self.children.get(&id).unwrap_or_else(|| &self.failed[&id]),
        }
    }

    /// `RedriveExecution`, with the children that did not succeed or without them.
    pub(crate) fn redrive(&mut self, with_children: bool) {
        let cause = 0;
        self.redriven_at = Some(self.now);
        self.redrive_frame(0, cause, with_children);
        while let Some((to, stimulus)) = self.due.pop_front() {
            self.send_to(to, stimulus)
                .expect("the host's own stimuli are awaited");
        }
    }

    fn redrive_frame(&mut self, id: FrameId, cause: u64, with_children: bool) {
        if let Some(frame) = self.failed.remove(&id) {
            self.children.insert(id, frame);
        }
        let redrive = Stimulus::Redrive {
            cause,
            with_children,
        };
        self.send_to(id, redrive)
            .expect("what failed can be redriven");
        let cause = self.events.last().map_or(0, |event| event.id);
        let waits = matches!(self.frame_of(id).waiting_for(), Waiting::Children { .. });
        if !with_children || !waits {
            return;
        }
        if let Some(join) = self.joins.get_mut(&id) {
            join.redrive();
        }
        let below: Vec<FrameId> = self
            .failed
            .values()
            .filter(|frame| frame.parent() == Some(id))
            .map(Frame::id)
            .collect();
        for child in below {
            self.redrive_frame(child, cause, true);
        }
    }

    fn carry_out(&mut self, frame: &Frame, advance: &Advance) {
        for event in &advance.events {
            assert_eq!(
                event.id,
                self.events.len() as u64 + 1,
                "events are numbered without gaps"
            );
            assert!(event.previous < event.id, "a cause comes before its effect");
            self.events.push(event.clone());
        }
        for effect in &advance.effects {
            match effect {
                Effect::Submit(task) => self.tasks.push(task.clone()),
                Effect::Abandon(_) => {}
                Effect::SetTimer(timer) => self.timers.push(*timer),
                Effect::ClearTimer(timer) => {
                    let at = self.timers.iter().position(|set| set == timer);
                    self.timers
                        .remove(at.expect("only a timer that was set is cleared"));
                }
                Effect::Fork(fork) => self.fork(fork),
                Effect::StartMapRun(run) => self.start_map_run(frame, run),
            }
        }
        let stored = record::encode(&advance.events, Some(frame), &[]).text;
        let step = record::decode(&stored).expect("a step can be read back");
        assert_eq!(step.events, advance.events);
        assert_eq!(step.frame.as_ref(), Some(frame));
        let frame = record::decode_frame(&stored).expect("a frame can be read back");
        self.store(frame.expect("a frame was stored"), &advance.status);
        let mut timers = self.frame.timers();
        timers.extend(self.children.values().flat_map(Frame::timers));
        assert_eq!(self.timers.len(), timers.len(), "frames know their timers");
        assert!(timers.iter().all(|timer| self.timers.contains(timer)));
    }

    fn store(&mut self, frame: Frame, status: &Status) {
        let id = frame.id();
        match (id, status) {
            (0, status) => {
                self.frame = frame;
                self.status = status.clone();
                if matches!(status, Status::Ended(_)) {
                    // A host forgets the timers of what runs below an execution that is over.
                    self.failed.append(&mut self.children);
                    let own = self.frame.timers();
                    self.timers.retain(|timer| own.contains(timer));
                    assert_eq!(self.timers, [], "an execution that is over has no timers");
                }
            }
            (id, Status::Ended(end)) => {
                self.children.remove(&id);
                if !matches!(end, End::Succeeded { .. }) {
                    self.failed.insert(id, frame.clone());
                }
                self.child_ended(&frame, end);
            }
            (id, Status::Waiting) => {
                self.children.insert(id, frame);
            }
            (id, Status::Yielded) => {
                self.children.insert(id, frame);
                self.due.push_back((id, Stimulus::Continue));
            }
        }
    }

    /// Runs the child executions of a map run to their ends, one after the other.
    fn start_map_run(&mut self, parent: &Frame, run: &MapRun) {
        let mut join = Join::new(run.fork.clone());
        let mut waiting: VecDeque<u32> = join.begin().collect();
        let mut inputs = Vec::new();
        self.joins.remove(&run.fork.parent);
        self.run_results.clear();
        while let Some(index) = waiting.pop_front() {
            let input = self
                .with_context(|machine, context| map_run_input(machine, parent, index, context));
            let end = match input {
                Err(ChildFailure { error, cause }) => End::Failed { error, cause },
                Ok(input) => {
                    inputs.push(input.clone());
                    let frame = Frame::item(&run.state);
                    let mut child = Self::of(self.machine.clone(), frame, input.clone());
                    child.send(Stimulus::Start { input }).expect("it is new");
                    child.end().clone()
                }
            };
            let next = join.execution_ended(&end);
            if let End::Succeeded { output } = end {
                self.run_results.push(output);
            }
            match next {
                Next::Start { index, .. } => waiting.push_back(index),
                Next::Wait => {}
                Next::Complete(outcome) | Next::Fail(outcome) => {
                    self.join(&run.fork, outcome);
                    break;
                }
            }
        }
        self.map_runs.push((run.clone(), inputs));
    }

    fn fork(&mut self, fork: &Fork) {
        let mut join = Join::new(fork.clone());
        for index in join.begin() {
            self.begin(fork, index, fork.event);
        }
        self.joins.insert(fork.parent, join);
    }

    fn begin(&mut self, fork: &Fork, index: u32, cause: u64) {
        let id = fork.first + u64::from(index);
        let child = Frame::child(fork.parent, id, index, cause);
        self.children.insert(id, child);
        self.due.push_back((id, Stimulus::Begin));
    }

    fn child_ended(&mut self, frame: &Frame, end: &End) {
        let parent = frame.parent().expect("a child has a parent");
        if let End::Succeeded { output } = end {
            self.results.insert(frame.id(), output.clone());
        }
        let Some(join) = self.joins.get_mut(&parent) else {
            return;
        };
        let fork = join.fork().clone();
        match join.child_ended(frame, end) {
            Next::Start { index, cause } => self.begin(&fork, index, cause),
            Next::Wait => {}
            Next::Complete(outcome) => self.join(&fork, outcome),
            Next::Fail(outcome) => {
                self.cancel_below(parent);
                self.join(&fork, outcome);
            }
        }
    }

    fn join(&mut self, fork: &Fork, outcome: Outcome) {
        let event = fork.event;
        self.due
            .push_back((fork.parent, Stimulus::Joined { event, outcome }));
    }

    /// Cancels what runs below a frame, deepest first.
    fn cancel_below(&mut self, parent: FrameId) {
        let below: Vec<FrameId> = self
            .children
            .values()
            .filter(|frame| frame.parent() == Some(parent))
            .map(Frame::id)
            .collect();
        for id in below {
            self.joins.remove(&id);
            self.cancel_below(id);
            self.due.retain(|(to, _)| *to != id);
            // One that has not begun accepts no stimulus but its beginning.
            let _ = self.send_to(id, Stimulus::Cancel);
            self.children.remove(&id);
        }
    }

    /// Says that the newest task was accepted by its service.
    pub(crate) fn submit(&mut self) {
        let event = self.tasks.last().expect("a task was to be submitted").event;
        let output = Payload::from_value(json!({ "MessageId": "m-1" }));
        self.send(Stimulus::Submitted { event, output })
            .expect("the task waits for it");
    }

    /// `SendTaskSuccess` for the newest task.
    pub(crate) fn succeed(&mut self, output: Value) -> Result<Advance, Unmoved> {
        let event = self.tasks.last().expect("a task was submitted").event;
        self.send(Stimulus::TaskSucceeded {
            event,
            output: Payload::from_value(output),
        })
    }

    /// `SendTaskFailure` for the newest task.
    pub(crate) fn fail(&mut self, error: &str, cause: &str) -> Result<Advance, Unmoved> {
        let event = self.tasks.last().expect("a task was submitted").event;
        let (error, cause) = (Some(error.to_owned()), Some(cause.to_owned()));
        self.send(Stimulus::TaskFailed {
            event,
            error,
            cause,
        })
    }

    /// Lets time pass until the next timer, and fires it.
    pub(crate) fn fire(&mut self) -> TimerKind {
        let timer = *self
            .timers
            .iter()
            .min_by_key(|timer| timer.at)
            .expect("a timer is set");
        self.timers.retain(|set| *set != timer);
        self.now = self.now.max(timer.at);
        self.send(Stimulus::TimerFired {
            event: timer.event,
            kind: timer.kind,
        })
        .expect("a timer that is set is awaited");
        timer.kind
    }

    /// How the execution ended.
    pub(crate) fn end(&self) -> &End {
        match &self.status {
            Status::Ended(end) => end,
            other => panic!("the execution has not ended: {other:?}"),
        }
    }

    /// The output of an execution that succeeded.
    pub(crate) fn output(&self) -> &Value {
        match self.end() {
            End::Succeeded { output } => output.value(),
            other => panic!("the execution did not succeed: {other:?}"),
        }
    }

    /// Error and cause of an execution that failed.
    pub(crate) fn failure(&self) -> (&str, &str) {
        match self.end() {
            End::Failed { error, cause } => (
                error.as_deref().unwrap_or(""),
                cause.as_deref().unwrap_or(""),
            ),
            other => panic!("the execution did not fail: {other:?}"),
        }
    }

    /// The history as `id<previous Type`.
    pub(crate) fn history(&self) -> Vec<String> {
        let line = |event: &Event| format!("{}<{} {}", event.id, event.previous, event.type_name());
        self.events.iter().map(line).collect()
    }

    /// The `parameters` of the newest task.
    pub(crate) fn parameters(&self) -> &Value {
        self.tasks
            .last()
            .expect("a task was submitted")
            .parameters
            .value()
    }
}

/// A definition with one state that ends the execution.
pub(crate) fn single(state: Value) -> Value {
    let mut state = state;
    if !["Succeed", "Fail", "Choice"].contains(&state["Type"].as_str().unwrap_or("")) {
        state["End"] = json!(true);
    }
    json!({ "StartAt": "A", "States": { "A": state } })
}

/// A callback task with further fields.
pub(crate) fn callback(fields: Value) -> Value {
    let mut state = json!({
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": { "MessageBody": { "TaskToken.$": "$$.Task.Token" } },
    });
    if let (Value::Object(state), Value::Object(fields)) = (&mut state, fields) {
        state.extend(fields);
    }
    state
}

/// The output of a Pass state with these fields.
pub(crate) fn pass(fields: Value, input: &Value) -> Host {
    let mut state = json!({ "Type": "Pass" });
    if let (Value::Object(state), Value::Object(fields)) = (&mut state, fields) {
        state.extend(fields);
    }
    Host::started(&single(state), input)
}
