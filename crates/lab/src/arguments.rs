//! Parsers for the values of options that several commands share.

use std::time::Duration;

use rampmeter_time::duration;

/// A duration, which may be 0.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    duration::read(text).ok_or_else(|| format!("not a duration such as {}", duration::EXAMPLES))
}

/// A number from 1 to `most`.
pub(crate) fn up_to(most: i64) -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(1..=most)
}
