//! Amazon States Language: parse a definition, check it, and advance one execution by one stimulus.
//!
//! Pure. No clock, file, socket, thread or random source: time, ids and random bytes are arguments,
//! so that the same stimuli always lead to the same history. The host owns storage, queues and timers;
//! it feeds [`Stimulus`]es to [`advance`] and carries out the [`Effect`]s it gets back.

mod advance;
mod budget;
mod choice;
mod definition;
mod diagnostic;
mod event;
mod expression;
mod frame;
mod history;
mod intrinsic;
mod machine;
mod number;
mod path;
mod payload;
pub mod record;
mod resource;
mod scope;
mod stimulus;
mod template;
mod timestamp;

pub use advance::advance;
pub use diagnostic::{Diagnostic, Severity, Unserved};
pub use event::{Detail, Event, EventId, StateKind};
pub use frame::{Frame, FrameId, Progress, Waiting};
pub use machine::StateMachine;
pub use payload::Payload;
pub use resource::Resource;
pub use stimulus::{
    Advance, Context, Effect, End, Stale, Standing, Stimulus, Task, Timer, TimerKind,
};
