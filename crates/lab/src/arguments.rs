//! Values of options that several commands have.

use std::time::Duration;

/// Reads `250ms` or `1.5s`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let parsed: jiff::SignedDuration = text
        .parse()
        .map_err(|error: jiff::Error| error.to_string())?;
    Duration::try_from(parsed).map_err(|_| "a duration is not negative".to_owned())
}

/// A number from 1 to `most`.
pub(crate) fn up_to(most: i64) -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(1..=most)
}
