//! Advancing an execution by one stimulus: as far as it can go on its own, or as its budget allows.
//! The stimulus is checked first; a stale one changes nothing.
//!
//! From the top: the `interpreter` applies a stimulus and goes from state to state; `states` do what a state of each
//! type does; `fields` evaluate what a state's fields say; the `run` moves the frame and records its events and
//! effects. A `failure` is passed up to the interpreter, which consults the retriers and catchers.

mod awaited;
mod failure;
mod fields;
mod host;
mod interpreter;
mod redrive;
mod run;
mod settlement;
mod states;

use crate::execution::frame::{Frame, Progress};
use crate::execution::join::ChildFailure;
use crate::execution::probe::StateProbe;
use crate::execution::stimulus::{Advance, Context, Stimulus, Unmoved};
use crate::model::machine::StateMachine;
use rampmeter_expression::{Payload, Reach};

use self::host::Host;
use self::interpreter::Interpreter;
use self::run::Run;

/// Advances `frame` by `stimulus`.
///
/// Events are numbered from `progress`. Effects are in the order in which the host must carry them
/// out, once the advance is durable. The frame and the progress are then to be stored.
///
/// # Errors
/// [`Unmoved::Stale`] when the frame does not wait for the event of the stimulus, [`Unmoved::Exceeded`] when its expressions take
/// more work than the context allows; then nothing has changed.
pub fn advance(
    machine: &StateMachine,
    progress: &mut Progress,
    frame: &mut Frame,
    stimulus: Stimulus,
    context: &mut Context<'_>,
) -> Result<Advance, Unmoved> {
    advance_watched(machine, progress, frame, stimulus, context, None)
}

/// Like [`advance`], with a test watching.
pub(crate) fn advance_watched(
    machine: &StateMachine,
    progress: &mut Progress,
    frame: &mut Frame,
    stimulus: Stimulus,
    context: &mut Context<'_>,
    probe: Option<&mut StateProbe>,
) -> Result<Advance, Unmoved> {
    awaited::check(frame, &stimulus, context.now)?;
    let effort = context.effort;
    let before = (effort.reach() != Reach::Full).then(|| frame.clone());
    let mut interpreter = Interpreter {
        machine,
        budget: context.transitions,
        run: Run::of(frame, *progress, context.now),
        host: Host { context, probe },
    };
    let next = interpreter.take(stimulus);
    let status = interpreter.go(next);
    let run = interpreter.run;
    if let (true, Some(before)) = (effort.is_exceeded(), before) {
        *run.frame = before;
        return Err(Unmoved::Exceeded);
    }
    *progress = run.progress;
    Ok(Advance {
        events: run.events,
        effects: run.effects,
        status,
    })
}

/// The input of one child execution of a map run. `parent` is the frame that waits for the map run,
/// `context` that of its execution.
///
/// # Errors When the `ItemSelector` or the `BatchInput` fails: the child counts as failed with that error, unless the effort
/// of the context is exceeded: then nothing is known about it.
pub fn map_run_input(
    machine: &StateMachine,
    parent: &Frame,
    index: u32,
    context: &mut Context<'_>,
) -> Result<Payload, ChildFailure> {
    let mut host = Host {
        context,
        probe: None,
    };
    fields::child_input(machine.state(&parent.state), parent, index, &mut host).map_err(|failure| {
        ChildFailure {
            error: failure.error,
            cause: failure.cause,
        }
    })
}
