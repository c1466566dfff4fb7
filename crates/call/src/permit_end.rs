//! What becomes of the permit of a request to the vendor, by its outcome: whether its slots are free again, or the vendor
//! may still be at work, and whose trouble the outcome may be. All three hosts report to their gate through this file; what
//! the gate makes of it is in `dispatch`, and what follows for the call in `next_action`.

use std::time::Duration;

use rampmeter_dispatch::{
    CallId, Gate, Holder, PermitId, Refusal, Throttle, ThrottleReport, Time, Trouble, Troubled,
    Whose, WindowRow,
};

use crate::judgement::Judgement;
use crate::outcome::{Outcome, Repeatable, Throttle as Kind};

/// How the permit of one request ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PermitEnd {
    /// The vendor has finished with it: its slots are free by the rule of each limit.
    Free,
    /// Nothing of it was sent: its slots are free at once, in windows too.
    NotSent,
    /// The vendor may still be at work on it: its slots are held for as long as the target says.
    Held,
    /// The vendor refused it because too much was asked. Its slots are free.
    Throttled {
        /// Which sort of limit refused, and for how long.
        throttle: Throttle,
        /// The vendor says that nobody may call.
        for_all: bool,
        /// It may be the vendor's own trouble as well: it was overloaded and stated no time.
        overload: bool,
    },
    /// It may be the account's trouble.
    Troubled {
        /// What is wrong.
        kind: Trouble,
        /// How far the request got.
        reach: Reach,
    },
}

/// How far a request got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Nothing of it was sent.
    NotSent,
    /// It was answered.
    Answered,
    /// A gateway answered in the vendor's place, and the vendor may still be at work on it.
    Lost,
}

/// The request whose permit ends.
#[derive(Clone, Copy, Debug)]
pub struct EndedRequest {
    /// Its permit.
    pub permit: PermitId,
    /// Its call, under the same id for all of its attempts.
    pub call: CallId,
    /// How often the vendor refused the call before.
    pub refusals: u32,
    /// Until when the vendor may be at work on it, if its answer was lost.
    pub held_until: Time,
    /// Now.
    pub now: Time,
    /// Any random number: it spreads the pauses whose length the vendor did not state.
    pub jitter: u64,
}

/// What the gate made of the end of a permit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GateReply {
    /// What to persist with it.
    pub rows: Vec<WindowRow>,
    /// Its slots are held.
    pub is_held: bool,
    /// The judgement for the call.
    pub judgement: Judgement,
    /// What a throttle changed.
    pub throttle: Option<ThrottleReport>,
    /// The gate learned what a restart must not forget.
    pub learned: bool,
}

impl PermitEnd {
    /// How a permit ends by the outcome of its request, be it a call or a poll of a job.
    #[must_use]
    pub fn of(outcome: &Outcome) -> PermitEnd {
        let troubled = |kind, reach| PermitEnd::Troubled { kind, reach };
        match outcome {
            Outcome::Unknown {
                gateway: Some(_), ..
            } => troubled(Trouble::Unreachable, Reach::Lost),
            Outcome::Unknown { gateway: None, .. } => PermitEnd::Held,
            Outcome::Throttled {
                kind,
                retry_after,
                for_all,
                answer,
                ..
            } => PermitEnd::Throttled {
                throttle: throttle(*kind, *retry_after),
                for_all: *for_all,
                overload: answer.status == 503 && retry_after.is_none(),
            },
            Outcome::Repeatable { reason, answer, .. } => match (reason, answer) {
                (Repeatable::ConnectFailed(_), _) => troubled(Trouble::Unreachable, Reach::NotSent),
                (Repeatable::SignInFailed(_), _) => {
                    troubled(Trouble::SignInRefused, Reach::NotSent)
                }
                (
                    Repeatable::FetchLost {
                        gateway: Some(_), ..
                    },
                    _,
                ) => troubled(Trouble::Unreachable, Reach::Lost),
                (Repeatable::FetchLost { gateway: None, .. }, _) => PermitEnd::Held,
                (Repeatable::ServerError, Some(answer)) if matches!(answer.status, 502..=504) => {
                    troubled(Trouble::Unreachable, Reach::Answered)
                }
                _ => PermitEnd::Free,
            },
            Outcome::Final { answer, .. } if answer.status == 401 => {
                troubled(Trouble::SignInRefused, Reach::Answered)
            }
            Outcome::Invalid { .. } => PermitEnd::NotSent,
            Outcome::Success(_) | Outcome::Final { .. } | Outcome::Unresolved { .. } => {
                PermitEnd::Free
            }
        }
    }

    /// Reports it to the gate. Not for a call that continues as a job: see [`Gate::accepted`].
    ///
    /// # Panics
    /// If the permit is not open.
    pub fn settle(self, gate: &mut Gate, request: &EndedRequest) -> GateReply {
        let EndedRequest {
            permit,
            call,
            refusals,
            held_until,
            now,
            jitter,
        } = *request;
        let before = (gate.trouble(), gate.view(now).closed_until());
        let was_probe = is_probing(gate, now);
        let mut whose = Whose::Call;
        let mut throttle = None;
        match self {
            PermitEnd::Free | PermitEnd::NotSent | PermitEnd::Held => {}
            PermitEnd::Throttled {
                throttle: kind,
                for_all,
                overload,
            } => {
                let outage = overload.then(|| {
                    let outcome = Troubled {
                        call,
                        kind: Trouble::Unreachable,
                        reached: true,
                    };
                    gate.feedback(now).troubled(permit, outcome, jitter).whose
                });
                if outage == Some(Whose::Account) {
                    whose = Whose::Account;
                } else {
                    let refusal = Refusal {
                        throttle: kind,
                        call,
                        earlier: refusals,
                        for_all,
                        overload,
                    };
                    let report = gate.feedback(now).throttled(permit, refusal, jitter);
                    whose = report.whose;
                    throttle = Some(report);
                }
            }
            PermitEnd::Troubled { kind, reach } => {
                let outcome = Troubled {
                    call,
                    kind,
                    reached: reach != Reach::NotSent,
                };
                whose = gate.feedback(now).troubled(permit, outcome, jitter).whose;
            }
        }
        let rows = if self.keeps_its_slots() {
            gate.hold(permit, held_until);
            Vec::new()
        } else if self.was_sent() {
            gate.finish(permit, now)
        } else {
            gate.not_sent(permit, now)
        };
        GateReply {
            rows,
            is_held: self.keeps_its_slots(),
            judgement: Judgement {
                whose,
                is_proven: throttle.is_none_or(|report| report.is_proven),
                was_probe,
                closed_for: closed_for(gate, now),
            },
            learned: throttle.is_some()
                || before != (gate.trouble(), gate.view(now).closed_until()),
            throttle,
        }
    }

    /// Whether the vendor may still be at work on the request.
    #[must_use]
    pub fn keeps_its_slots(self) -> bool {
        matches!(
            self,
            PermitEnd::Held
                | PermitEnd::Troubled {
                    reach: Reach::Lost,
                    ..
                }
        )
    }

    fn was_sent(self) -> bool {
        !matches!(
            self,
            PermitEnd::NotSent
                | PermitEnd::Troubled {
                    reach: Reach::NotSent,
                    ..
                }
        )
    }
}

fn throttle(kind: Kind, retry_after: Option<Duration>) -> Throttle {
    match kind {
        Kind::Concurrency => Throttle::Concurrency { retry_after },
        Kind::Window => Throttle::Window { retry_after },
    }
}

/// Whether a call in flight will show whether the target may open: a probe, or one of the calls of a ramp.
fn is_probing(gate: &Gate, now: Time) -> bool {
    gate.view(now)
        .vendor()
        .is_some_and(|vendor| match vendor.held_by {
            Holder::Ramp { .. } => true,
            Holder::Trouble { .. } => vendor.until.is_none(),
            _ => false,
        })
}

/// For how long the target starts nothing, if the vendor, or its absence, closes it.
fn closed_for(gate: &Gate, now: Time) -> Option<Duration> {
    let until = gate.view(now).closed_until()?;
    (until > now).then(|| until.saturating_since(now))
}

#[cfg(test)]
mod tests;
