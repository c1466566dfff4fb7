//! One limit of a target as it is configured, and when it makes sense.

use std::time::Duration;

use super::error::RulesError;
use super::reserve::Reserve;
use super::share::Share;
use super::{MAX_WINDOW, MIN_WINDOW};
use crate::calendar::{Calendar, ResetDay};
use crate::priority::Priority;

/// One limit of a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Its name, unique in the target; it keys what the host persists and is what people read.
    pub name: String,
    /// What it counts.
    pub kind: LimitKind,
    /// Slots kept for a priority and those above it.
    pub reserve: Reserve,
    /// The most slots that each priority may take.
    pub share: Share,
    /// From when on a window counts a call. A concurrency limit ignores it.
    pub count_from: CountFrom,
    /// What a concurrency limit counts. A window counts requests.
    pub counts: Counts,
    /// How the slots of a window are taken while work waits. Other limits ignore it.
    pub pace: Pace,
}

/// How the slots of a window are taken while work waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pace {
    /// Each as soon as it is free.
    #[default]
    Burst,
    /// Lower lanes take them no sooner than an even spread over the window provides them, HIGH as soon as they
    /// are free.
    Even,
}

impl Pace {
    /// Its name in the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Pace::Burst => "burst",
            Pace::Even => "even",
        }
    }
}

/// What a concurrency limit counts, where the vendor accepts calls and works on them in the
/// background as *jobs*.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Counts {
    /// Requests in flight: a call until its answer, and each poll of a job.
    #[default]
    Requests,
    /// Jobs that run: a call from its start until its job has ended, or until an answer without a
    /// job. Polls take no slot.
    Jobs,
    /// Both in one pool. One slot is kept free of jobs, so that they can be polled.
    RequestsAndJobs,
}

/// What a limit counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LimitKind {
    /// Calls in flight at the same time, those of unknown outcome included.
    Concurrency {
        /// The most calls in flight.
        max: u32,
    },
    /// Calls in every half-open window of a length, wherever it is placed.
    Window {
        /// The most calls in a window.
        calls: u64,
        /// The length of the window.
        per: Duration,
    },
    /// Calls between two resets by the calendar.
    Calendar {
        /// The most calls in a period.
        calls: u64,
        /// When a period ends and the next begins.
        reset: Calendar,
    },
}

/// From when on a window counts a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CountFrom {
    /// A slot is free one window's length after the answer. Exact whenever the vendor counts
    /// between send and answer.
    #[default]
    Answer,
    /// A slot is free one window's length after the permit. Faster on short windows, exact only if
    /// the vendor counts at the moment of the permit.
    Send,
}

impl Limit {
    /// The same limit, whose window is filled at this pace.
    #[must_use]
    pub fn paced(self, pace: Pace) -> Limit {
        Limit { pace, ..self }
    }

    /// A limit on calls in flight, without reserves.
    pub fn concurrency(name: impl Into<String>, max: u32) -> Limit {
        Limit::of_kind(name.into(), LimitKind::Concurrency { max })
    }

    /// A limit on calls in every window of a length, counted to the answer, without reserves.
    pub fn window(name: impl Into<String>, calls: u64, per: Duration) -> Limit {
        Limit::of_kind(name.into(), LimitKind::Window { calls, per })
    }

    /// A limit on calls between two resets, counted to the answer, without reserves.
    pub fn calendar(name: impl Into<String>, calls: u64, reset: Calendar) -> Limit {
        Limit::of_kind(name.into(), LimitKind::Calendar { calls, reset })
    }

    fn of_kind(name: String, kind: LimitKind) -> Limit {
        Limit {
            name,
            kind,
            reserve: Reserve::default(),
            share: Share::default(),
            count_from: CountFrom::Answer,
            counts: Counts::Requests,
            pace: Pace::Burst,
        }
    }

    /// The most slots it has.
    pub fn max(&self) -> u64 {
        match self.kind {
            LimitKind::Concurrency { max } => u64::from(max),
            LimitKind::Window { calls, .. } | LimitKind::Calendar { calls, .. } => calls,
        }
    }

    /// The same limit with another maximum. Shares given as a percentage follow; all other numbers stay.
    ///
    /// # Errors
    /// If no limit on calls in flight can be so large.
    pub fn with_max(&self, max: u64) -> Result<Limit, RulesError> {
        let mut limit = self.clone();
        match &mut limit.kind {
            LimitKind::Concurrency { max: most } => {
                *most = u32::try_from(max).map_err(|_| RulesError::TooManyCalls {
                    name: self.name.clone(),
                    calls: max,
                })?;
            }
            LimitKind::Window { calls, .. } | LimitKind::Calendar { calls, .. } => *calls = max,
        }
        limit.share.follow(max);
        Ok(limit)
    }

    /// Whether it must know which priority took a slot.
    pub(crate) fn tells_priorities_apart(&self) -> bool {
        !self.reserve.is_empty() || !self.share.is_empty()
    }

    pub(super) fn validate(&self) -> Result<(), RulesError> {
        self.validate_kind()?;
        self.validate_reserve()?;
        self.validate_share()
    }

    fn validate_kind(&self) -> Result<(), RulesError> {
        let name = || self.name.clone();
        let zero = |what| Err(RulesError::Zero { name: name(), what });
        match self.kind {
            LimitKind::Concurrency { max: 0 } => zero("concurrency"),
            LimitKind::Window { calls: 0, .. } | LimitKind::Calendar { calls: 0, .. } => {
                zero("calls")
            }
            LimitKind::Window { calls, .. } | LimitKind::Calendar { calls, .. }
                if calls > u64::from(u32::MAX) =>
            {
                Err(RulesError::TooManyCalls {
                    name: name(),
                    calls,
                })
            }
            LimitKind::Window { per, .. } if per < MIN_WINDOW => {
                Err(RulesError::WindowTooShort { name: name(), per })
            }
            LimitKind::Window { per, .. } if per > MAX_WINDOW => {
                Err(RulesError::WindowTooLong { name: name(), per })
            }
            LimitKind::Calendar {
                reset:
                    Calendar {
                        on: ResetDay::Monthly(day),
                        ..
                    },
                ..
            } if !(1..=28).contains(&day) => Err(RulesError::BadResetDay { name: name(), day }),
            LimitKind::Concurrency { .. }
            | LimitKind::Window { .. }
            | LimitKind::Calendar { .. } => Ok(()),
        }
    }

    fn validate_reserve(&self) -> Result<(), RulesError> {
        let name = self.name.clone();
        if self.reserve.batch > 0 {
            return Err(RulesError::ReserveForBatch { name });
        }
        let (reserved, max) = (self.reserve.total(), self.max());
        if reserved > max {
            return Err(RulesError::ReserveOverLimit {
                name,
                reserved,
                max,
            });
        }
        let needed = reserved + 2;
        let counts_both = self.counts == Counts::RequestsAndJobs;
        if counts_both && matches!(self.kind, LimitKind::Concurrency { .. }) && max < needed {
            return Err(RulesError::NoPlaceForPolls { name, needed });
        }
        Ok(())
    }

    fn validate_share(&self) -> Result<(), RulesError> {
        for priority in Priority::ALL {
            let name = self.name.clone();
            let reserved = self.reserve.of(priority);
            match self.share.of(priority) {
                Some(0) => {
                    return Err(RulesError::Zero {
                        name,
                        what: "share",
                    });
                }
                Some(share) if share < reserved => {
                    return Err(RulesError::ShareBelowReserve {
                        name,
                        priority,
                        reserved,
                        share,
                    });
                }
                _ => {}
            }
        }
        Ok(())
    }
}
