//! Whether a frame waits for a stimulus: task results and timers come late, twice, or for something
//! that is over.

use crate::execution::event::EventId;
use crate::execution::frame::{Frame, Rest};
use crate::execution::stimulus::{Stimulus, TimerKind, Unmoved};

/// Whether the frame waits for this stimulus.
pub(super) fn check(frame: &Frame, stimulus: &Stimulus, now: i64) -> Result<(), Unmoved> {
    let task = |event: EventId| match &frame.rest {
        Rest::Task(task) if task.event == event => Some(task),
        _ => None,
    };
    let is_running = !matches!(frame.rest, Rest::Unstarted | Rest::Ended);
    let is_awaited = match *stimulus {
        Stimulus::Start { .. } => frame.rest == Rest::Unstarted && frame.parent.is_none(),
        Stimulus::Begin => frame.rest == Rest::Unstarted && frame.parent.is_some(),
        Stimulus::Joined { event, .. } => frame.rest == Rest::Forked { event },
        // A success leaves nothing to redrive, and no input.
        Stimulus::Redrive { .. } => {
            let is_before_its_state = frame.parent.is_some() && frame.state.is_empty();
            frame.rest != Rest::Unstarted && (frame.input.is_some() || is_before_its_state)
        }
        Stimulus::Cancel => is_running && frame.parent.is_some(),
        Stimulus::Continue => frame.rest == Rest::Yielded,
        Stimulus::Submitted { event, .. } | Stimulus::SubmitFailed { event, .. } => {
            task(event).is_some_and(|task| !task.submitted)
        }
        Stimulus::TaskStarted { event, .. } => task(event).is_some_and(|task| !task.submitted),
        Stimulus::TaskSucceeded { event, .. } | Stimulus::TaskFailed { event, .. } => {
            task(event).is_some()
        }
        Stimulus::TaskHeartbeat { event } => task(event).is_some(),
        Stimulus::TimerFired { event, kind } => match kind {
            TimerKind::ExecutionTimeout => is_running && frame.deadline.is_some(),
            // A heartbeat may have moved the timer while it was about to fire.
            TimerKind::Heartbeat => task(event)
                .and_then(|task| task.heartbeat)
                .is_some_and(|heartbeat| heartbeat.at <= now),
            TimerKind::TaskTimeout => task(event).is_some_and(|task| task.timeout_at.is_some()),
            TimerKind::Wait => matches!(frame.rest, Rest::Timer { event: own, .. } if own == event),
            TimerKind::Retry => {
                matches!(frame.rest, Rest::Retry { event: own, .. } if own == event)
            }
        },
        Stimulus::ExecutionTimedOut | Stimulus::Stop { .. } => is_running,
    };
    if is_awaited {
        Ok(())
    } else {
        Err(Unmoved::Stale)
    }
}
