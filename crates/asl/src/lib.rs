//! Amazon States Language: parse a definition, check it, and advance one execution by one stimulus.
//!
//! Pure. No clock, file, socket, thread or random source: time, ids and random bytes are arguments, so
//! that the same stimuli always lead to the same history. The host owns storage, queues and timers; it
//! feeds [`Stimulus`]es to [`advance`] and carries out the [`Effect`]s that it returns.
//!
//! ```
//! use rampmeter_asl::*;
//!
//! let definition = r#"{"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": 42, "End": true}}}"#;
//! let machine = StateMachine::parse(definition).expect("a sound definition");
//! let input = Payload::parse("{}").expect("JSON");
//! let mut context = Context {
//!     now: 0,
//!     region: "eu-west-1",
//!     execution_arn: "arn:aws:states:eu-west-1:000000000000:execution:answer:one",
//!     execution_name: "one",
//!     role_arn: "arn:aws:iam::000000000000:role/answer",
//!     started_at: 0,
//!     redrive_count: 0,
//!     redriven_at: None,
//!     machine_arn: "arn:aws:states:eu-west-1:000000000000:stateMachine:answer",
//!     machine_name: "answer",
//!     execution_input: &|| input.clone(),
//!     parent: &|_| None,
//!     results: &Vec::new,
//!     activity_exists: &|_arn| true,
//!     task_token: &|event| format!("task token of event {event}"),
//!     random: &mut || 4,
//!     transitions: 64,
//!     effort: &Effort::of(Reach::Full),
//! };
//! let (mut progress, mut frame) = (Progress::default(), Frame::root());
//! let start = Stimulus::Start { input: input.clone() };
//! let step = advance(&machine, &mut progress, &mut frame, start, &mut context).expect("not begun");
//! let types: Vec<_> = step.events.iter().map(Event::type_name).collect();
//! assert_eq!(types, ["ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"]);
//! ```

mod advance;
mod definition;
mod execution;
mod model;
mod test_state;

pub use advance::{advance, map_run_input};
pub use execution::event::{Detail, Event, EventId, Phase, StateKind};
pub use execution::frame::{Frame, FrameId, Progress, Waiting};
pub use execution::join::{ChildFailure, Fork, Join, Next, Outcome, Tolerance};
pub use execution::record;
pub use execution::stimulus::{
    Advance, Context, Effect, End, MapRun, Status, Stimulus, Task, Timer, TimerKind, Unmoved,
};
pub use model::diagnostic::{Diagnostic, Severity, Unserved};
pub use model::machine::StateMachine;
pub use model::resource::{Action, Pattern, Resource};
pub use rampmeter_expression::json_problem::json_problem;
pub use rampmeter_expression::timestamp::write as write_timestamp;
pub use rampmeter_expression::{Effort, Payload, Reach, Selector, SelectorError, jsonata};
pub use test_state::{
    Configuration, FieldValidation, Inspection, Mock, MockError, Refusal, Setting, Stage,
    TestState, TestStatus, Tested, test_state,
};
