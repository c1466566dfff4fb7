//! The host of these tests. It carries out effects at once and checks what every host relies on.

use rampmeter_asl::{
    Advance, Context, Effect, End, Event, Frame, Payload, Progress, Stale, Standing, StateMachine,
    Stimulus, Task, Timer, TimerKind, advance, record,
};
use serde_json::{Value, json};

/// The time at which executions of these tests start: 2023-11-14T22:13:20Z.
pub(crate) const START: i64 = 1_700_000_000_000;

/// One execution and all that its host knows of it.
pub(crate) struct Host {
    machine: StateMachine,
    input: Payload,
    progress: Progress,
    pub(crate) frame: Frame,
    pub(crate) now: i64,
    pub(crate) transitions: u32,
    pub(crate) random: u64,
    pub(crate) events: Vec<Event>,
    pub(crate) timers: Vec<Timer>,
    pub(crate) tasks: Vec<Task>,
    pub(crate) standing: Standing,
}

impl Host {
    /// An execution that has not begun.
    pub(crate) fn new(definition: &Value, input: &Value) -> Self {
        let machine = StateMachine::parse(&definition.to_string()).expect("a sound definition");
        Self {
            machine,
            input: Payload::from_value(input.clone()),
            progress: Progress::default(),
            frame: Frame::root(),
            now: START,
            transitions: 64,
            random: 0,
            events: Vec::new(),
            timers: Vec::new(),
            tasks: Vec::new(),
            standing: Standing::Waiting,
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

    /// Sends a stimulus, stores the step and carries out its effects.
    pub(crate) fn send(&mut self, stimulus: Stimulus) -> Result<Advance, Stale> {
        let before = (self.progress, self.frame.clone());
        let input = self.input.clone();
        let execution_input = || input.clone();
        let task_token = |event: u64| format!("task-token-{event}");
        let random = self.random;
        let mut random = || random;
        let mut context = Context {
            now: self.now,
            region: "eu-west-1",
            execution_arn: "arn:aws:states:eu-west-1:000000000000:execution:orders:one",
            execution_name: "one",
            role_arn: "arn:aws:iam::000000000000:role/orders",
            started_at: START,
            redrive_count: 0,
            machine_arn: "arn:aws:states:eu-west-1:000000000000:stateMachine:orders",
            machine_name: "orders",
            execution_input: &execution_input,
            task_token: &task_token,
            random: &mut random,
            transitions: self.transitions,
        };
        let result = advance(
            &self.machine,
            &mut self.progress,
            &mut self.frame,
            stimulus,
            &mut context,
        );
        match &result {
            Err(Stale) => assert_eq!(before, (self.progress, self.frame.clone())),
            Ok(advance) => self.carry_out(advance),
        }
        result
    }

    fn carry_out(&mut self, advance: &Advance) {
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
            }
        }
        self.standing = advance.standing.clone();
        assert_eq!(
            self.timers.len(),
            self.frame.timers().len(),
            "the frame knows its timers"
        );
        assert!(
            self.frame
                .timers()
                .iter()
                .all(|timer| self.timers.contains(timer))
        );
        if matches!(advance.standing, Standing::Ended(_)) {
            assert_eq!(self.timers, [], "an execution that is over has no timers");
        }
        let stored = record::encode(&advance.events, Some(&self.frame), &[]).text;
        let step = record::decode(&stored).expect("a step can be read back");
        assert_eq!(step.events, advance.events);
        assert_eq!(step.frame.as_ref(), Some(&self.frame));
        let frame = record::decode_frame(&stored).expect("a frame can be read back");
        self.frame = frame.expect("a frame was stored");
    }

    /// Says that the newest task was accepted by its service.
    pub(crate) fn submit(&mut self) {
        let event = self.tasks.last().expect("a task was to be submitted").event;
        let output = Payload::from_value(json!({ "MessageId": "m-1" }));
        self.send(Stimulus::Submitted { event, output })
            .expect("the task waits for it");
    }

    /// `SendTaskSuccess` for the newest task.
    pub(crate) fn succeed(&mut self, output: Value) -> Result<Advance, Stale> {
        let event = self.tasks.last().expect("a task was submitted").event;
        self.send(Stimulus::TaskSucceeded {
            event,
            output: Payload::from_value(output),
        })
    }

    /// `SendTaskFailure` for the newest task.
    pub(crate) fn fail(&mut self, error: &str, cause: &str) -> Result<Advance, Stale> {
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
        match &self.standing {
            Standing::Ended(end) => end,
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
