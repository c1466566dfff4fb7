//! The drain: no new call starts, calls in flight get their answers or run out of time, and one line a second says
//! which are left. What has no answer by then keeps its slots and is taken up by the next start.

use std::time::Duration;

use rampmeter_engine::{Engine, TargetState};
use rampmeter_terminal::output::note;
use tokio::time::Instant;

use super::signals::Signals;

/// Exit code of a process that was interrupted (128 and SIGINT).
const INTERRUPTED: i32 = 130;

/// Shuts the engine down. A second signal ends the process at once.
pub(super) async fn drain(engine: &Engine, signals: &mut Signals, longest: Duration) {
    let deadline = Instant::now() + longest;
    let stopped = engine.shut_down();
    tokio::pin!(stopped);
    let mut every_second = tokio::time::interval(Duration::from_secs(1));
    loop {
        tokio::select! {
            () = &mut stopped => return,
            () = signals.asked_to_end() => {
                note("ended before the drain was over: calls in flight keep their places");
                std::process::exit(INTERRUPTED);
            }
            _ = every_second.tick() => {
                // The drain may end while this query waits; then there is nothing left to say.
                let answer = tokio::select! {
                    () = &mut stopped => return,
                    targets = engine.calls().targets() => targets,
                };
                if let Ok(targets) = answer {
                    tell(&targets, deadline.saturating_duration_since(Instant::now()));
                }
            }
        }
    }
}

fn tell(targets: &[TargetState], left: Duration) {
    if let Some(line) = line(targets, left) {
        note(&line);
    }
}

/// What is still in flight; `None` when nothing is.
fn line(targets: &[TargetState], left: Duration) -> Option<String> {
    let busy: Vec<_> = targets
        .iter()
        .filter(|target| target.in_flight > 0)
        .collect();
    let total: u64 = busy.iter().map(|target| target.in_flight).sum();
    let each: Vec<_> = busy
        .iter()
        .map(|target| format!("{} {}", target.name, target.in_flight))
        .collect();
    (total > 0).then(|| {
        format!(
            "draining: {total} in flight ({}), {} s left",
            each.join(", "),
            left.as_secs()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rampmeter_dispatch::Time;

    fn target(name: &str, in_flight: u64) -> TargetState {
        TargetState {
            name: name.to_owned(),
            limits: Vec::new(),
            waiting: [0; 3],
            in_flight,
            held: 0,
            deferrals: [0; 3],
            paused: Vec::new(),
            planned_pauses: Vec::new(),
            mean_call: None,
            throttles: 0,
            throttles_under_our_limit: 0,
            reused_keys: 0,
            closed_by_headers: 0,
            vendor: None,
            errors: None,
            first: [None, None, None],
            at: Time::default(),
            vendor_limits: Vec::new(),
            contended: Vec::new(),
        }
    }

    #[test]
    fn the_drain_says_what_is_in_flight_and_how_long_it_waits() {
        let targets = [target("netsuite", 2), target("idle", 0), target("sap", 1)];
        assert_eq!(
            line(&targets, Duration::from_millis(18_900)).as_deref(),
            Some("draining: 3 in flight (netsuite 2, sap 1), 18 s left")
        );
        assert_eq!(line(&targets[1..2], Duration::from_secs(1)), None);
    }
}
