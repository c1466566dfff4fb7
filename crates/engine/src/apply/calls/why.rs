//! Why a call of a target has not ended. The gate explains the calls that wait in their lanes; what only the engine
//! knows of the others is added here, as the same type. The wording is `dispatch`'s.

use std::time::Duration;

use rampmeter_dispatch::{Explanation, Holder, Position, Priority, Time};
use rampmeter_store::model::id::MessageNumber;
use rampmeter_store::{JobRow, MessageRow};

use rampmeter_index::Target;

/// Two delays that end within this time of each other end together, as far as people are concerned.
const ABOUT: Duration = Duration::from_secs(1);

/// The status of a call that has not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    /// Its request is out.
    InFlight,
    /// It enters its lane again at this moment; `None` where that is not known.
    Delayed {
        until: Option<Time>,
        /// Why: the answer to one of its requests was lost.
        after_lost_answer: bool,
    },
    /// Another call of its OrderingKey goes first: this one, where it is known.
    Parked { before: Option<MessageNumber> },
    /// It waits in its lane, behind so many others.
    Waiting { ahead: Ahead },
}

/// How many calls of its lane go before one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Ahead {
    pub(crate) calls: u64,
    /// They were not counted one by one.
    pub(crate) is_estimate: bool,
}

impl Status {
    /// The status in a word, for people.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Status::InFlight => "in flight",
            Status::Delayed { .. } => "delayed",
            Status::Parked { .. } | Status::Waiting { .. } => "waiting",
        }
    }
}

/// Why a call of a configured target has not ended.
pub(crate) fn explain(
    target: &Target,
    priority: Priority,
    status: Status,
    call: &MessageRow,
    now: Time,
) -> Explanation {
    match status {
        Status::InFlight => Explanation::by_host(Holder::InFlight, None, None),
        Status::Delayed { until, .. } if is_closed_as_long(target, until, now) => {
            in_its_turn(target, priority, 0, now)
        }
        Status::Delayed {
            until,
            after_lost_answer,
        } => {
            let held_by = match call.receive_count {
                0 => Holder::Delay,
                _ if call.refusals > 0 => Holder::SetBack {
                    refusals: call.refusals,
                },
                _ => Holder::BackOff {
                    after: after_lost_answer.then(|| "a lost answer".to_owned()),
                },
            };
            Explanation::by_host(held_by, None, until)
        }
        Status::Parked { before } => {
            let call = before.map_or_else(
                || "another call".to_owned(),
                |before| format!("c-{}", before.0),
            );
            Explanation::by_host(Holder::OrderingKey { call }, None, None)
        }
        Status::Waiting { ahead } => in_its_turn(target, priority, ahead.calls, now),
    }
}

/// Whether the whole target is closed for about as long as a call is delayed: then it is explained like a call that
/// waits in its lane.
fn is_closed_as_long(target: &Target, until: Option<Time>, now: Time) -> bool {
    let closed_until = target.gate.view(now).closed_until();
    closed_until
        .zip(until)
        .is_some_and(|(closed_until, until)| {
            closed_until > now && until <= closed_until.saturating_add(ABOUT)
        })
}

/// Why a call that has become a job has not ended. `polled_at`: when it is polled next, where that is known.
pub(crate) fn explain_job(job: &JobRow, polled_at: Option<Time>) -> Explanation {
    let held_by = Holder::Job {
        job: job.follow_up.job.clone(),
        polls: job.polls,
    };
    Explanation::by_host(held_by, Some(job.since), polled_at)
}

/// Why the first call in each lane has not started, HIGH first.
pub(crate) fn explain_first(target: &Target, now: Time) -> [Option<Explanation>; 3] {
    Priority::ALL.map(|priority| {
        (target.ready[priority.index()] > 0).then(|| in_its_turn(target, priority, 0, now))
    })
}

fn in_its_turn(target: &Target, priority: Priority, ahead: u64, now: Time) -> Explanation {
    let lanes_above = Priority::ALL.into_iter().filter(|lane| *lane < priority);
    let position = Position {
        priority,
        ahead,
        above: lanes_above.map(|lane| target.ready[lane.index()]).sum(),
    };
    let waiting = target.waiting();
    let explanation = target
        .gate
        .view(now)
        .explanation(position, waiting, target.latency());
    let note = match explanation.held_by {
        Holder::Pause { scope, .. } => target.pauses.iter().find(|note| note.scope == scope),
        _ => None,
    };
    match note {
        Some(note) => explanation.with_reason(&note.reason, Some(note.at)),
        None => explanation,
    }
}
