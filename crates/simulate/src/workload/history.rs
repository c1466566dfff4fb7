//! The calls of a store as a workload: the same calls at the same moments, each as long as it was.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rampmeter_dispatch::Time;
use rampmeter_engine::{CallTimes, Reader};

use super::arrivals::{Arrival, MAX_CALLS, Source};
use super::latency::Latency;
use crate::workload::Workload;

/// Reads every call of a data directory that was started.
///
/// # Errors
/// When there is no store, it cannot be read, or no call of it was started once and answered.
pub(crate) fn read(data_dir: &Path, account: &str, region: &str) -> Result<Workload, String> {
    let place = data_dir.display();
    // Opening a missing database would look like an empty one.
    if !data_dir.is_dir() {
        return Err(format!("{place} is no directory"));
    }
    let reader =
        Reader::open(data_dir, account, region).map_err(|why| format!("{place}: {why}"))?;
    let times = reader
        .call_times()
        .map_err(|why| format!("{place}: {why}"))?;
    workload(&format!("the history in {place}"), &times).map_err(|why| format!("{place}: {why}"))
}

fn workload(origin: &str, times: &[CallTimes]) -> Result<Workload, String> {
    let started: Vec<(&CallTimes, Time)> = times
        .iter()
        .filter_map(|call| Some((call, call.started_at?)))
        .collect();
    if started.len() as u64 > MAX_CALLS {
        return Err(format!(
            "{} calls; at most {MAX_CALLS} are simulated",
            started.len()
        ));
    }
    let durations: Vec<Duration> = started
        .iter()
        .filter_map(|(call, _)| duration(call))
        .collect();
    let first = started.iter().map(|(call, _)| call.sent_at).min();
    let (Some(first), false) = (first, durations.is_empty()) else {
        return Err("no call was started once and answered".to_owned());
    };
    let mut calls = Vec::new();
    let mut recorded_waits: [Vec<Duration>; 3] = Default::default();
    for (call, started_at) in started {
        calls.push(Arrival {
            at: Time::default().saturating_add(call.sent_at.saturating_since(first)),
            priority: call.priority,
            duration: duration(call),
        });
        recorded_waits[call.priority.index()].push(started_at.saturating_since(call.sent_at));
    }
    calls.sort_by_key(|call| call.at);
    let last = calls.last().map_or(Time::default(), |call| call.at);
    // Even a history of a single moment needs a stretch of time.
    let stretch = last
        .saturating_since(Time::default())
        .max(Duration::from_secs(1));
    let sources = vec![Source::Recorded(Arc::from(calls))];
    Ok(Workload {
        recorded_waits,
        ..Workload::new(
            origin,
            stretch,
            sources,
            Latency::Measured(Arc::from(durations)),
        )
    })
}

/// How long the call took, if it had only one attempt: of several, only the first start and the last end are known.
fn duration(call: &CallTimes) -> Option<Duration> {
    let started_at = call.started_at?;
    (call.receive_count == 1).then(|| call.ended_at.saturating_since(started_at))
}

#[cfg(test)]
mod tests {
    use rampmeter_dispatch::Priority;

    use super::*;

    fn call(sent_at: i64, started_at: Option<i64>, ended_at: i64, receive_count: u32) -> CallTimes {
        CallTimes {
            execution_arn: String::new(),
            priority: Priority::Medium,
            sent_at: Time::from_micros(sent_at),
            started_at: started_at.map(Time::from_micros),
            ended_at: Time::from_micros(ended_at),
            receive_count,
            attempts: 0,
            crashes: 0,
        }
    }

    #[test]
    fn a_history_is_replayed_from_its_first_call() {
        let times = [
            call(5_000_000, Some(6_000_000), 8_500_000, 1),
            call(2_000_000, Some(2_000_000), 9_000_000, 2),
            call(4_000_000, None, 9_000_000, 0),
        ];
        let workload = workload("here", &times).unwrap();
        let [Source::Recorded(calls)] = &workload.sources[..] else {
            panic!("one source: {:?}", workload.sources);
        };
        let seen: Vec<_> = calls
            .iter()
            .map(|call| (call.at.as_millis(), call.duration))
            .collect();
        assert_eq!(
            seen,
            [(0, None), (3_000, Some(Duration::from_millis(2_500)))]
        );
        assert_eq!(workload.stretch, Duration::from_secs(3));
        let waits = [Duration::from_secs(1), Duration::ZERO];
        assert_eq!(workload.recorded_waits[1], waits);
    }

    #[test]
    fn a_history_without_answers_is_refused() {
        assert!(workload("here", &[]).is_err());
        assert!(workload("here", &[call(1, None, 2, 0)]).is_err());
        assert!(read(Path::new("/nowhere/at/all"), "1", "r").is_err());
    }
}
