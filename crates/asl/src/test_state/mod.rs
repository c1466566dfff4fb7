//! TestState: one state run alone, with a mock instead of what it calls, and a view of its data between
//! the fields. The interpreter itself runs the state; this module adds what surrounds that: the checks
//! of the request, the one-state frame, the mocked answer, and what AWS shows of it.
//! <https://docs.aws.amazon.com/step-functions/latest/apireference/API_TestState.html>
//!
//! Left out: calling a service without a mock, and the requests and responses of HTTP tasks.

mod context_object;
mod definition;
mod map;
mod mock;
mod shape;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use self::definition::Subject;
use self::mock::MockResult;
pub use self::mock::{Mock, MockError};
pub use self::shape::FieldValidation;
use crate::advance::advance_watched;
use crate::execution::frame::{Frame, Progress, Rest, Waiting};
use crate::execution::join::{Outcome, Tolerance};
pub use crate::execution::probe::Stage;
use crate::execution::probe::StateProbe;
use crate::execution::stimulus::{Context, End, Status, Stimulus, TimerKind};
use crate::model::diagnostic::Diagnostic;
use crate::model::machine::Flow;
use crate::model::state_kind::StateKind;
use rampmeter_expression::json_problem::json_problem;
use rampmeter_expression::{Effort, Payload, Reach};

/// AWS runs a test for at most five minutes.
const MAX_TEST_MS: i64 = 300_000;

/// What is to be tested.
#[derive(Clone, Debug, Default)]
pub struct TestState {
    /// A state, or a whole state machine.
    pub definition: String,
    /// Which state of a whole state machine.
    pub state_name: Option<String>,
    /// The input of the state as JSON text; an empty object when absent.
    pub input: Option<String>,
    /// The variables that the state can read, a JSON object as text.
    pub variables: Option<String>,
    /// The context object, a JSON object as text; made up when absent.
    pub context: Option<String>,
    /// What stands in for the service, the branches or the iterations.
    pub mock: Option<Mock>,
    /// Whether the client asks to see what a connection keeps secret.
    pub reveals_secrets: bool,
    /// The situation of the state when the mock answers.
    pub configuration: Configuration,
}

/// `stateConfiguration`.
#[derive(Clone, Debug, Default)]
pub struct Configuration {
    /// How often the retrier that matches was used before.
    pub retrier_retry_count: Option<u32>,
    /// The state inside a Map or Parallel state that the mocked error comes from.
    pub error_caused_by_state: Option<String>,
    /// How many iterations of a Map state failed.
    pub map_iteration_failure_count: Option<u32>,
    /// What the `ItemReader` of a Map state reads, as JSON text.
    pub map_item_reader_data: Option<String>,
}

/// The execution that the state seems to be part of.
pub struct Setting<'a> {
    /// The time, in milliseconds since 1970.
    pub now: i64,
    /// The region.
    pub region: &'a str,
    /// ARN of the execution.
    pub execution_arn: &'a str,
    /// Name of the execution.
    pub execution_name: &'a str,
    /// ARN of the state machine.
    pub machine_arn: &'a str,
    /// Name of the state machine.
    pub machine_name: &'a str,
    /// The role that the client gave.
    pub role_arn: Option<&'a str>,
    /// The task token that a task which waits for one passes on.
    pub task_token: &'a str,
    /// 64 random bits.
    pub random: &'a mut dyn FnMut() -> u64,
}

impl std::fmt::Debug for Setting<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Setting")
            .field("now", &self.now)
            .field("execution_arn", &self.execution_arn)
            .finish_non_exhaustive()
    }
}

/// Why nothing was tested.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// `ValidationException`.
    #[error("{0}")]
    Validation(String),
    /// `InvalidDefinition`: all faults of the definition.
    #[error("the definition has faults")]
    InvalidDefinition(Vec<Diagnostic>),
    /// `InvalidDefinition`: a sound definition of a state that cannot be tested in this way.
    #[error("{0}")]
    Unsupported(String),
    /// `InvalidExecutionInput`, with what is wrong with the JSON.
    #[error("{0}")]
    InvalidInput(String),
}

/// How the state ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TestStatus {
    /// It succeeded.
    Succeeded,
    /// It failed, and nothing catches the error.
    Failed,
    /// It failed and would be retried.
    Retriable,
    /// It failed and a catcher leads on.
    CaughtError,
}

impl TestStatus {
    /// AWS's name of the status.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::Retriable => "RETRIABLE",
            Self::CaughtError => "CAUGHT_ERROR",
        }
    }
}

/// The result of a test.
#[derive(Clone, Debug)]
pub struct Tested {
    /// How the state ended.
    pub status: TestStatus,
    /// Its output, when it leads on or ends well.
    pub output: Option<Payload>,
    /// Error name.
    pub error: Option<String>,
    /// Cause.
    pub cause: Option<String>,
    /// Where it leads.
    pub next_state: Option<String>,
    /// How long the state waits before it ends, in milliseconds: at most five minutes.
    pub waits: i64,
    /// What happened inside.
    pub inspection: Inspection,
}

/// The inside of a tested state (`inspectionData`).
#[derive(Clone, Debug)]
pub struct Inspection {
    /// The raw input.
    pub input: Payload,
    /// The data at each stage that the state has.
    pub stages: BTreeMap<Stage, Payload>,
    /// The retrier that matched the error.
    pub retry_index: Option<usize>,
    /// How many iterations of a Map state may run at once, 0 for as many as there can be.
    pub max_concurrency: Option<u64>,
    /// How many iterations of a Map state may fail.
    pub tolerance: Tolerance,
    /// The variables after the state, when there are any.
    pub variables: Option<Payload>,
    /// The delay before the next attempt, in seconds; absent if the retrier is used up.
    pub retry_backoff_seconds: Option<i64>,
    /// The catcher that matched the error.
    pub catch_index: Option<usize>,
}

/// Tests a state.
///
/// # Errors
/// [`Refusal`] when the request cannot be carried out; an error of the state itself is a result.
pub fn test_state(request: &TestState, setting: &mut Setting<'_>) -> Result<Tested, Refusal> {
    let subject = Subject::read(&request.definition, request.state_name.as_deref())?;
    let text = request.input.as_deref().unwrap_or("{}");
    let input = Payload::parse(text).map_err(|_| Refusal::InvalidInput(json_problem(text)))?;
    let variables = variables(request.variables.as_deref())?;
    let has_role = setting.role_arn.is_some();
    let answer = mock::read(request, &subject, has_role)?;
    let retries = request.configuration.retrier_retry_count.unwrap_or(0);
    let context_object = match &request.context {
        Some(text) => context_object::read(text, &subject)?,
        None => context_object::made_up(setting, &subject, input.value(), retries),
    };
    let mut test = Test {
        subject: &subject,
        frame: Frame {
            variables,
            ..Frame::root()
        },
        progress: Progress::default(),
        probe: StateProbe {
            context_object: Some(Arc::new(context_object)),
            result: answer.as_ref().and_then(MockResult::result).cloned(),
            items: map::items_read(&subject, &request.configuration),
            ..StateProbe::default()
        },
        input,
        began: setting.now,
    };
    let status = test.run(answer.as_ref(), &request.configuration, setting);
    Ok(test.tested(status, answer.as_ref(), setting.now))
}

/// The variables that a state can read.
fn variables(text: Option<&str>) -> Result<BTreeMap<String, Payload>, Refusal> {
    let Some(text) = text else {
        return Ok(BTreeMap::new());
    };
    let Ok(Value::Object(variables)) = serde_json::from_str(text) else {
        return Err(Refusal::Validation(
            "Variables must be a valid JSON object".to_owned(),
        ));
    };
    let held = variables.into_iter();
    Ok(held
        .map(|(name, value)| (name, Payload::from_value(value)))
        .collect())
}

/// A state while it is tested.
struct Test<'s> {
    subject: &'s Subject,
    frame: Frame,
    progress: Progress,
    probe: StateProbe,
    input: Payload,
    began: i64,
}

impl Test<'_> {
    /// Enters the state and answers what it asks, until it ends, leads on or would be retried.
    fn run(
        &mut self,
        answer: Option<&MockResult>,
        configuration: &Configuration,
        setting: &mut Setting<'_>,
    ) -> Status {
        let retries = configuration.retrier_retry_count.unwrap_or(0);
        // The event before the state's own is that of the start.
        self.progress.events = 1;
        self.frame.state.clone_from(&self.subject.name);
        self.frame.input = Some(self.input.clone());
        self.frame.rest = Rest::Yielded;
        let mut status = self.send(Stimulus::Continue, 1, setting);
        while status == Status::Waiting {
            let stimulus = match (self.frame.waiting_for(), answer) {
                (Waiting::Task { event }, Some(answer)) => {
                    self.count_retries(retries);
                    match answer.clone() {
                        MockResult::Result(output) => Stimulus::TaskSucceeded { event, output },
                        MockResult::Error(mock) => Stimulus::TaskFailed {
                            event,
                            error: mock.error,
                            cause: mock.cause,
                        },
                    }
                }
                (Waiting::Children { event }, Some(answer)) => {
                    self.count_retries(retries);
                    let failure = self.failure_below(answer, configuration);
                    let cause = event;
                    let outcome = Outcome { cause, failure };
                    Stimulus::Joined { event, outcome }
                }
                (Waiting::Timer { event }, _) => {
                    let end = self
                        .frame
                        .timers()
                        .first()
                        .map_or(setting.now, |timer| timer.at);
                    if end.saturating_sub(self.began) > MAX_TEST_MS {
                        return self.too_long();
                    }
                    setting.now = end;
                    let kind = TimerKind::Wait;
                    Stimulus::TimerFired { event, kind }
                }
                _ => break,
            };
            status = self.send(stimulus, 0, setting);
        }
        status
    }

    /// As if every retrier had been used this often.
    fn count_retries(&mut self, retries: u32) {
        let retriers = &self.subject.machine.state(&self.subject.name).retry;
        self.frame.retries = vec![retries; retriers.len()];
    }

    fn send(&mut self, stimulus: Stimulus, transitions: u32, setting: &mut Setting<'_>) -> Status {
        let input = self.input.clone();
        let mut context = Context {
            now: setting.now,
            region: setting.region,
            execution_arn: setting.execution_arn,
            execution_name: setting.execution_name,
            role_arn: setting.role_arn.unwrap_or_default(),
            started_at: self.began,
            redrive_count: 0,
            redriven_at: None,
            machine_arn: setting.machine_arn,
            machine_name: setting.machine_name,
            execution_input: &|| input.clone(),
            parent: &|_| None,
            results: &Vec::new,
            activity_exists: &|_| true,
            task_token: &|_| setting.task_token.to_owned(),
            random: setting.random,
            transitions,
            effort: &Effort::of(Reach::Full),
        };
        let advanced = advance_watched(
            &self.subject.machine,
            &mut self.progress,
            &mut self.frame,
            stimulus,
            &mut context,
            Some(&mut self.probe),
        );
        advanced
            .expect("the frame was just seen to wait for this")
            .status
    }

    fn too_long(&mut self) -> Status {
        Status::Ended(End::Failed {
            error: Some("States.Timeout".to_owned()),
            cause: Some("The test of a state may take at most 5 minutes".to_owned()),
        })
    }

    fn tested(mut self, status: Status, answer: Option<&MockResult>, now: i64) -> Tested {
        self.add_what_needs_no_evaluation(answer);
        let StateProbe {
            seen,
            failure,
            retrier,
            catcher,
            max_concurrency,
            tolerance,
            ..
        } = self.probe;
        let (error, cause) = failure.unwrap_or_default();
        let mut tested = Tested {
            status: TestStatus::Succeeded,
            output: None,
            error,
            cause,
            next_state: None,
            waits: now - self.began,
            inspection: Inspection {
                input: self.input,
                stages: seen,
                retry_index: retrier.map(|(index, _)| index),
                retry_backoff_seconds: retrier
                    .and_then(|(_, pause)| pause)
                    // Rounded up to the next second: AWS shows whole seconds.
                    .map(|pause| pause.saturating_add(999) / 1000),
                max_concurrency,
                tolerance,
                variables: together(&self.frame.variables),
                catch_index: catcher,
            },
        };
        match status {
            Status::Waiting if tested.inspection.retry_backoff_seconds.is_some() => {
                tested.status = TestStatus::Retriable;
            }
            Status::Waiting => {
                // A state that waits for what no mock stands in for.
                tested.status = TestStatus::Failed;
                tested.error = Some("States.Runtime".to_owned());
                tested.cause = Some("This host cannot test the state".to_owned());
            }
            Status::Yielded => {
                if catcher.is_some() {
                    tested.status = TestStatus::CaughtError;
                }
                tested.output = self.frame.input;
                tested.next_state = Some(self.frame.state);
            }
            Status::Ended(End::Succeeded { output }) => tested.output = Some(output),
            Status::Ended(
                End::Failed { error, cause }
                | End::TimedOut { error, cause }
                | End::Aborted { error, cause },
            ) => {
                tested.status = TestStatus::Failed;
                (tested.error, tested.cause) = (error, cause);
            }
        }
        tested
    }

    /// AWS shows some stages that the interpreter has no need to compute, and leaves out others: a Pass
    /// state with a `Result` shows no input, a Parallel state only what follows its result.
    fn add_what_needs_no_evaluation(&mut self, answer: Option<&MockResult>) {
        let state = self.subject.machine.state(&self.subject.name);
        let is_json_path = matches!(state.flow, Flow::JsonPath(_));
        let seen = &mut self.probe.seen;
        match state.kind {
            StateKind::Fail if is_json_path => {
                seen.insert(Stage::AfterInputPath, self.input.clone());
            }
            StateKind::Pass => {
                seen.remove(&Stage::AfterArguments);
                if let Some(result) = self.subject.fields.get("Result") {
                    seen.remove(&Stage::AfterInputPath);
                    seen.remove(&Stage::AfterParameters);
                    seen.insert(Stage::Result, Payload::from_value(Value::clone(result)));
                }
            }
            StateKind::Parallel => {
                seen.remove(&Stage::AfterInputPath);
                seen.remove(&Stage::AfterParameters);
                seen.remove(&Stage::AfterArguments);
            }
            StateKind::Map if !is_json_path => {
                seen.remove(&Stage::AfterItemsPath);
            }
            StateKind::Task => {
                if let Some(MockResult::Result(result)) = answer {
                    seen.insert(Stage::Result, result.clone());
                }
            }
            _ => {}
        }
    }
}

/// All variables in one object.
fn together(variables: &BTreeMap<String, Payload>) -> Option<Payload> {
    let held = variables.iter();
    let object: Map<String, Value> = held
        .map(|(name, value)| (name.clone(), value.value().clone()))
        .collect();
    (!object.is_empty()).then(|| Payload::from_value(Value::Object(object)))
}
