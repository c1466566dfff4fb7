//! The vendor of a simulation: how long it works, what goes wrong, and how many calls of ours and of others it takes
//! at once. It knows nothing of our limits.

use std::time::Duration;

use rampmeter_call::{Answer, Outcome, Repeatable, Throttle};

use super::scenario::Scenario;
use crate::random::{Question, Random};

/// How long a refusal takes: the call is not worked on.
pub(crate) const REFUSAL: Duration = Duration::from_millis(50);

/// What the vendor answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reply {
    /// It is done.
    Success,
    /// An error that stays.
    Final,
    /// An error that may pass.
    Repeatable,
    /// Too many calls at once.
    ThrottledAtOnce,
    /// Too many calls in a time, or an overload, and how long the vendor asks to be left alone.
    ThrottledInTime(Option<Duration>),
}

impl Reply {
    /// The outcome of the attempt: the vendor's answer as `caller` would read it, without headers and body.
    pub(crate) fn outcome(self) -> Outcome {
        let answer = |status| Answer {
            status,
            ..Answer::default()
        };
        let throttled = |kind, retry_after| Outcome::Throttled {
            kind,
            retry_after,
            for_all: false,
            answer: answer(429),
            vendor_code: None,
        };
        match self {
            Reply::Success => Outcome::Success(answer(200)),
            Reply::Final => Outcome::Final {
                answer: answer(400),
                vendor_code: None,
            },
            Reply::Repeatable => Outcome::Repeatable {
                reason: Repeatable::ServerError,
                answer: Some(answer(500)),
                vendor_code: None,
            },
            Reply::ThrottledAtOnce => throttled(Throttle::Concurrency, None),
            Reply::ThrottledInTime(retry_after) => throttled(Throttle::Window, retry_after),
        }
    }
}

/// The outcome of an attempt without an answer.
pub(crate) fn no_answer() -> Outcome {
    Outcome::Unknown {
        reason: "no answer came within the timeout".to_owned(),
        gateway: None,
    }
}

/// What becomes of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fate {
    /// How long the vendor works on it; `None` for a refusal, which takes no slot.
    pub(crate) works_for: Option<Duration>,
    /// When the answer comes and what it says; `None` if it is lost.
    pub(crate) answer: Option<(Duration, Reply)>,
}

/// The vendor at work.
#[derive(Debug)]
pub(crate) struct Vendor<'a> {
    scenario: &'a Scenario,
    concurrency: Option<u32>,
    ours: u32,
    others: u32,
    others_refused: u64,
}

impl<'a> Vendor<'a> {
    /// A vendor without calls.
    pub(crate) fn new(scenario: &'a Scenario) -> Vendor<'a> {
        Vendor {
            scenario,
            concurrency: scenario.workload.vendor_concurrency,
            ours: 0,
            others: 0,
            others_refused: 0,
        }
    }

    /// Takes or refuses an attempt of ours. `known` is the duration of the call, where it was recorded.
    pub(crate) fn take(&mut self, call: u64, attempt: u64, known: Option<Duration>) -> Fate {
        if self.is_full() {
            return refusal(Reply::ThrottledAtOnce);
        }
        let workload = &self.scenario.workload;
        let seed = self.scenario.seed;
        let works_for = known.unwrap_or_else(|| {
            let mut random = Random::of(seed, Question::Duration, call, attempt);
            workload.latency.sample(&mut random)
        });
        let failures = workload.failures;
        let mut left = Random::of(seed, Question::Fate, call, attempt).unit();
        let mut falls_in = |share: f64| {
            left -= share;
            left <= 0.0
        };
        if falls_in(workload.throttles.share.0) {
            let retry_after = workload.throttles.retry_after.map(|span| span.0);
            return refusal(Reply::ThrottledInTime(retry_after));
        }
        let answer = if falls_in(failures.lost.0) {
            None
        } else if falls_in(failures.refused.0) {
            Some((works_for, Reply::Final))
        } else if falls_in(failures.repeatable.0) {
            Some((works_for, Reply::Repeatable))
        } else {
            Some((works_for, Reply::Success))
        };
        self.ours += 1;
        Fate {
            works_for: Some(works_for),
            answer,
        }
    }

    /// The work on a call of ours has ended.
    pub(crate) fn end_ours(&mut self) {
        self.ours -= 1;
    }

    /// Takes a call of somebody else, and says how long it works on it; refuses it if it is full.
    pub(crate) fn take_other(&mut self, random: &mut Random) -> Option<Duration> {
        let foreign = self.scenario.workload.foreign.as_ref()?;
        let works_for = foreign.latency.sample(random);
        if self.is_full() {
            self.others_refused += 1;
            return None;
        }
        self.others += 1;
        Some(works_for)
    }

    /// The work on a call of somebody else has ended.
    pub(crate) fn end_other(&mut self) {
        self.others -= 1;
    }

    /// Calls of ours it works on.
    pub(crate) fn ours(&self) -> u32 {
        self.ours
    }

    /// Calls of others it refused because it was full.
    pub(crate) fn others_refused(&self) -> u64 {
        self.others_refused
    }

    fn is_full(&self) -> bool {
        self.concurrency
            .is_some_and(|most| self.ours + self.others >= most)
    }
}

fn refusal(reply: Reply) -> Fate {
    Fate {
        works_for: None,
        answer: Some((REFUSAL, reply)),
    }
}
