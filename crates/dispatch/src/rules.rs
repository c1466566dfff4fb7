//! What a target is configured to allow: its limits and its deferral bounds, and which of them make
//! sense.
//!
//! Reading `rampmeter.toml` is the business of the `config` crate, which builds these values.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::time::Duration;

use crate::calendar::{Calendar, ResetDay};
use crate::priority::Priority;
use crate::reserve::Reserve;
use crate::share::Share;

/// The shortest window: below it, the clocks and the network decide more than the limit does.
pub const SHORTEST_WINDOW: Duration = Duration::from_millis(100);
/// The longest window, a month.
pub const LONGEST_WINDOW: Duration = Duration::from_secs(31 * 24 * 60 * 60);
/// The bound a lane has unless it is given another.
pub const DEFAULT_MAX_DEFERRALS: NonZeroU32 = NonZeroU32::new(20).expect("20 is not zero");

/// All rules of one target. A call starts only if every limit admits it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// The limits of the target; none means that nothing but the priorities orders its calls.
    pub limits: Vec<Limit>,
    /// How often higher lanes may start past a lower one.
    pub max_deferrals: MaxDeferrals,
}

/// One limit of a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Its name, unique in the target; it keys what the host persists and is what people read.
    pub name: String,
    /// What it counts.
    pub kind: LimitKind,
    /// Places kept for a priority and those above it.
    pub reserve: Reserve,
    /// The most places that each priority may take.
    pub share: Share,
    /// From when on a window counts a call. A concurrency limit ignores it.
    pub count_from: CountFrom,
    /// What a concurrency limit counts. A window counts requests.
    pub counts: Counts,
}

/// What a concurrency limit counts, where the vendor accepts calls and works on them in the
/// background as *jobs*.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Counts {
    /// Requests that are out: a call until its answer, and each poll of a job.
    #[default]
    Requests,
    /// Jobs that run: a call from its start until its job has ended, or until an answer without a
    /// job. Polls take no place.
    Jobs,
    /// Both in one pool. One place is kept free of jobs, so that they can be polled.
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
    /// A place is free one window's length after the answer. Exact whenever the vendor counts
    /// between send and answer.
    #[default]
    Answer,
    /// A place is free one window's length after the permit. Faster on short windows, exact only if
    /// the vendor counts at the moment of the permit.
    Send,
}

/// How many calls of higher lanes may start past an eligible lane before the lane goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeferralBound {
    /// At most this many.
    AtMost(NonZeroU32),
    /// Any number: strict priority.
    Unlimited,
}

impl DeferralBound {
    /// The bound `deferrals`, which must not be 0.
    ///
    /// # Errors
    /// [`RulesError::ZeroDeferrals`] for 0: a lane that may never be passed is not a lower lane.
    pub fn at_most(deferrals: u32) -> Result<DeferralBound, RulesError> {
        NonZeroU32::new(deferrals)
            .map(DeferralBound::AtMost)
            .ok_or(RulesError::ZeroDeferrals)
    }
}

impl Default for DeferralBound {
    fn default() -> DeferralBound {
        DeferralBound::AtMost(DEFAULT_MAX_DEFERRALS)
    }
}

/// The deferral bounds of a target. HIGH has none: nothing passes it but a due lane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MaxDeferrals {
    /// The bound of the MEDIUM lane.
    pub medium: DeferralBound,
    /// The bound of the BATCH lane.
    pub batch: DeferralBound,
}

impl MaxDeferrals {
    /// The same bound for both lanes.
    pub const fn both(bound: DeferralBound) -> MaxDeferrals {
        MaxDeferrals {
            medium: bound,
            batch: bound,
        }
    }

    /// The bound of a lane.
    pub const fn of(&self, priority: Priority) -> DeferralBound {
        match priority {
            Priority::High => DeferralBound::Unlimited,
            Priority::Medium => self.medium,
            Priority::Batch => self.batch,
        }
    }
}

/// Why a set of rules cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    /// A limit without a name.
    #[error("limit number {} has no name", .position + 1)]
    NoName {
        /// Its place in the list, from 0.
        position: usize,
    },
    /// Two limits of one name: their rows could not be told apart.
    #[error("two limits are named `{name}`")]
    DuplicateName {
        /// The name.
        name: String,
    },
    /// A limit of 0, which would let no call start, ever.
    #[error("limit `{name}` admits nothing: its {what} is 0")]
    Zero {
        /// The limit.
        name: String,
        /// The setting that is 0.
        what: &'static str,
    },
    /// More calls than a window can count.
    #[error(
        "limit `{name}` allows {calls} calls in a window; at most {} can be counted",
        u32::MAX
    )]
    TooManyCalls {
        /// The limit.
        name: String,
        /// What it allows.
        calls: u64,
    },
    /// A window below [`SHORTEST_WINDOW`].
    #[error("the window of limit `{name}` is {per:?} long; the shortest is {SHORTEST_WINDOW:?}")]
    WindowTooShort {
        /// The limit.
        name: String,
        /// Its length.
        per: Duration,
    },
    /// A window above [`LONGEST_WINDOW`].
    #[error("the window of limit `{name}` is {per:?} long; the longest is 31 days")]
    WindowTooLong {
        /// The limit.
        name: String,
        /// Its length.
        per: Duration,
    },
    /// Reserves that add up to more than the limit.
    #[error("limit `{name}` reserves {reserved} of {max} places")]
    ReserveOverLimit {
        /// The limit.
        name: String,
        /// The sum of its reserves.
        reserved: u64,
        /// The limit itself.
        max: u64,
    },
    /// A reserve for BATCH, which keeps nothing: everybody is above it.
    #[error(
        "limit `{name}` reserves places for BATCH, which keeps nothing: all priorities may use them"
    )]
    ReserveForBatch {
        /// The limit.
        name: String,
    },
    /// A share that is less than what the priority has reserved, which it could never use.
    #[error("limit `{name}` reserves {reserved} places for {priority}, whose share is {share}")]
    ShareBelowReserve {
        /// The limit.
        name: String,
        /// The priority.
        priority: Priority,
        /// Its reserve.
        reserved: u32,
        /// Its share.
        share: u32,
    },
    /// A limit on requests and jobs together without a place for a poll.
    #[error("limit `{name}` counts requests and jobs together and needs {needed} places at least")]
    NoPlaceForPolls {
        /// The limit.
        name: String,
        /// The least places it can have with its reserves.
        needed: u64,
    },
    /// A monthly reset on a day that some months do not have.
    #[error("limit `{name}` resets on day {day} of the month; use 1 to 28")]
    BadResetDay {
        /// The limit.
        name: String,
        /// The day.
        day: i8,
    },
    /// A deferral bound of 0.
    #[error("max_deferrals is 0; use 1 or more, or \"unlimited\" for strict priority")]
    ZeroDeferrals,
}

impl Rules {
    /// Whether a gate can hold to these rules.
    ///
    /// # Errors
    /// The first thing that is wrong, in the order of the limits.
    pub fn validate(&self) -> Result<(), RulesError> {
        let mut names = BTreeSet::new();
        for (position, limit) in self.limits.iter().enumerate() {
            if limit.name.is_empty() {
                return Err(RulesError::NoName { position });
            }
            if !names.insert(&limit.name) {
                return Err(RulesError::DuplicateName {
                    name: limit.name.clone(),
                });
            }
            limit.validate()?;
        }
        Ok(())
    }
}

impl Limit {
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
        }
    }

    /// The most places it has.
    pub fn max(&self) -> u64 {
        match self.kind {
            LimitKind::Concurrency { max } => u64::from(max),
            LimitKind::Window { calls, .. } | LimitKind::Calendar { calls, .. } => calls,
        }
    }

    /// Whether it must know which priority took a place.
    pub(crate) fn tells_priorities_apart(&self) -> bool {
        !self.reserve.is_empty() || !self.share.is_empty()
    }

    fn validate(&self) -> Result<(), RulesError> {
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
            LimitKind::Window { per, .. } if per < SHORTEST_WINDOW => {
                Err(RulesError::WindowTooShort { name: name(), per })
            }
            LimitKind::Window { per, .. } if per > LONGEST_WINDOW => {
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

#[cfg(test)]
mod tests;
