//! What a failure leads to: a retry, a catcher, or the end.

use super::failure::Failure;
use super::interpreter::Interpreter;
use super::run::Continuation;
use super::states::ActiveState;
use crate::execution::event::Detail;
use crate::execution::frame::Rest;
use crate::execution::stimulus::{Timer, TimerKind};
use crate::model::machine::{Catcher, Retrier, State};
use crate::model::state_kind::StateKind;
use rampmeter_expression::Payload;

impl Interpreter<'_, '_> {
    /// The first retrier that matches and is not used up, otherwise the first catcher that matches,
    /// otherwise the end.
    pub(super) fn settle(&mut self, state: &State, failure: Failure) -> Continuation {
        let failure = self.run.take_down(failure);
        self.run.clear_timers();
        if let Some(probe) = &mut self.host.probe {
            probe.failure = Some((failure.error.clone(), failure.cause.clone()));
        }
        let retrier = state
            .retry
            .iter()
            .position(|retrier| failure.matches_any(&retrier.errors));
        if let Some(index) = retrier
            && let Some(next) = self.retry(&state.retry, index)
        {
            return next;
        }
        let catcher = state
            .catch
            .iter()
            .position(|catcher| failure.matches_any(&catcher.errors));
        if let Some(probe) = &mut self.host.probe {
            probe.catcher = catcher;
        }
        if failure.marks_its_state(catcher.is_some()) && self.note_state_failed(state).is_err() {
            return self.run.fail(Failure::history_full());
        }
        let Some(catcher) = catcher.map(|index| &state.catch[index]) else {
            return self.run.fail(failure);
        };
        match self.catch(state, catcher, &failure) {
            Ok(next) => next,
            // What fails while an error is caught cannot be caught again.
            Err(failure) => {
                let failure = self.run.take_down(failure);
                self.run.fail(failure)
            }
        }
    }

    /// Waits for the next attempt, unless the retrier is used up.
    fn retry(&mut self, retriers: &[Retrier], index: usize) -> Option<Continuation> {
        let frame = &mut *self.run.frame;
        frame.retries.resize(retriers.len(), 0);
        let used = frame.retries[index];
        let retrier = &retriers[index];
        if let Some(probe) = &mut self.host.probe {
            probe.retrier = Some((index, None));
        }
        if used >= retrier.max_attempts {
            return None;
        }
        frame.retries[index] = used + 1;
        let delay = delay_milliseconds(retrier, used, self.host.context.random);
        if let Some(probe) = &mut self.host.probe {
            probe.retrier = Some((index, Some(delay)));
        }
        let timer = Timer {
            at: self.run.now.saturating_add(delay),
            event: frame.last,
            kind: TimerKind::Retry,
        };
        frame.rest = Rest::Retry {
            event: timer.event,
            at: timer.at,
        };
        self.run.set_timer(timer);
        Some(Continuation::Rest)
    }

    /// Records that a Parallel or Map state has failed for good.
    fn note_state_failed(&mut self, state: &State) -> Result<(), Failure> {
        if matches!(state.kind, StateKind::Parallel | StateKind::Map) {
            self.run.emit(Detail::StateFailed { kind: state.kind })?;
        }
        Ok(())
    }

    fn catch(
        &mut self,
        state: &State,
        catcher: &Catcher,
        failure: &Failure,
    ) -> Result<Continuation, Failure> {
        let result = Payload::from_value(failure.output());
        ActiveState::of(state, &mut self.run, &mut self.host).leave_by(catcher, &result)
    }
}

/// The delay before the next attempt: `IntervalSeconds` times `BackoffRate` to the power of the
/// attempts before, at most `MaxDelaySeconds`; with full jitter, any time up to that.
fn delay_milliseconds(retrier: &Retrier, used: u32, random: &mut dyn FnMut() -> u64) -> i64 {
    // Longer than the longest execution; keeps every later sum within range.
    const MAX_DELAY_MS: f64 = 100_000_000_000.0;
    #[expect(clippy::cast_precision_loss, reason = "at most 99,999,999")]
    let interval = retrier.interval_seconds as f64;
    let grown = interval * retrier.backoff_rate.powf(f64::from(used)) * 1000.0;
    #[expect(clippy::cast_precision_loss, reason = "at most 31,622,400")]
    let cap = retrier
        .max_delay_seconds
        .map_or(MAX_DELAY_MS, |seconds| seconds as f64 * 1000.0);
    #[expect(
        clippy::cast_possible_truncation,
        reason = "between 0 and MAX_DELAY_MS"
    )]
    let delay = grown.min(cap).min(MAX_DELAY_MS).round() as i64;
    if !retrier.full_jitter {
        return delay;
    }
    let span = i128::from(delay) + 1;
    i64::try_from((i128::from(random()) * span) >> 64).unwrap_or(delay)
}

#[cfg(test)]
mod tests {
    use super::super::run::after;
    use super::*;

    fn retrier(full_jitter: bool) -> Retrier {
        Retrier {
            errors: vec!["States.ALL".to_owned()],
            interval_seconds: 3,
            max_attempts: 10,
            backoff_rate: 2.0,
            max_delay_seconds: Some(20),
            full_jitter,
        }
    }

    #[test]
    fn the_pause_doubles_until_it_meets_the_longest_delay() {
        let delays: Vec<_> = (0..5)
            .map(|used| delay_milliseconds(&retrier(false), used, &mut || 0))
            .collect();
        assert_eq!(delays, [3_000, 6_000, 12_000, 20_000, 20_000]);
    }

    #[test]
    fn full_jitter_spans_the_whole_pause() {
        assert_eq!(delay_milliseconds(&retrier(true), 0, &mut || 0), 0);
        assert_eq!(
            delay_milliseconds(&retrier(true), 0, &mut || u64::MAX),
            3_000
        );
        assert_eq!(
            delay_milliseconds(&retrier(true), 0, &mut || u64::MAX / 2),
            1_500
        );
    }

    #[test]
    fn a_pause_that_grows_beyond_all_bounds_stays_a_number() {
        let retrier = Retrier {
            max_delay_seconds: None,
            backoff_rate: 1e300,
            ..retrier(false)
        };
        assert_eq!(
            delay_milliseconds(&retrier, 1_000, &mut || 0),
            100_000_000_000
        );
        assert_eq!(after(i64::MAX - 1, 5), i64::MAX);
    }
}
