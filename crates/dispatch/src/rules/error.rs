//! Why rules cannot be used.

use std::time::Duration;

use super::MIN_WINDOW;
use crate::priority::Priority;

/// Why a set of rules cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    /// A limit without a name.
    #[error("limit number {} has no name", .position + 1)]
    NoName {
        /// Its position in the list, from 0.
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
    /// A window below [`MIN_WINDOW`].
    #[error("the window of limit `{name}` is {per:?} long; the shortest is {MIN_WINDOW:?}")]
    WindowTooShort {
        /// The limit.
        name: String,
        /// Its length.
        per: Duration,
    },
    /// A window above [`crate::MAX_WINDOW`].
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
    /// A reserve for BATCH, which would keep nothing: no priority is below it.
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
    /// A limit on requests and jobs together without a slot for a poll.
    #[error("limit `{name}` counts requests and jobs together and needs {needed} places at least")]
    NoPlaceForPolls {
        /// The limit.
        name: String,
        /// The least slots it can have with its reserves.
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
    /// Too many different ways of counting.
    #[error(
        "the limits count in {tariffs} ways beside every call once; at most {} can be told apart",
        super::MAX_TARIFFS
    )]
    TooManyTariffs {
        /// How many there are.
        tariffs: usize,
    },
    /// A limit on jobs that does not count all of them.
    #[error("limit `{name}` counts jobs, and those of all calls alike")]
    TariffOfJobs {
        /// The limit.
        name: String,
    },
    /// An even pace for a window that does not count every call once.
    #[error(
        "limit `{name}` is filled evenly, which only a window can be that counts every call once"
    )]
    TariffWithPace {
        /// The limit.
        name: String,
    },
    /// Calls that take more places than there are.
    #[error("limit `{name}` admits nothing: a call takes {cost} slots of {max}")]
    CostOverLimit {
        /// The limit.
        name: String,
        /// What a call takes.
        cost: u32,
        /// What there is.
        max: u64,
    },
    /// A deferral bound of 0.
    #[error("max_deferrals is 0; use 1 or more, or \"unlimited\" for strict priority")]
    ZeroDeferrals,
}
