//! What a start takes over from the previous run where it cannot simply go on: rows that it needs but cannot read
//! (`repair`), and what was durable under another configuration, which is carried over by the rule in `docs/limits.md`.
//!
//! Which target and which limit of the new configuration is which of the old one is decided in `targets` and `limits`,
//! without I/O; `calendar` is where the days of a vendor begin; `former` is what is kept about a configuration for the next
//! start, and `carry_over` does what was decided, in the transaction of the start. `time` decides what the time since the
//! last commit amounts to, and `seal` the key of the task tokens. How a gate restores its slots is not here.

mod account;
mod calendar;
mod carry_over;
mod change;
mod former;
mod limits;
pub mod repair;
mod seal;
mod targets;
mod time;

use std::time::Duration;

use rampmeter_config::Target;

pub use calendar::take_up_calendar;
pub use carry_over::carry_over;
pub use change::ConfigurationChange;
pub use seal::token_seal;
pub use time::take_up_time;

/// A call leaves after the commit of its permit, not with it: this is the time allowed for the
/// commit.
pub const COMMIT: Duration = Duration::from_secs(1);

/// How long a call keeps its slots if its answer never comes, from the moment that it may leave.
#[must_use]
pub fn holds_for(target: &Target) -> Duration {
    target.timeout + target.hold_after_timeout + COMMIT
}
