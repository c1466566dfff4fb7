//! Durations as people write them, in the configuration and on the command line alike: `250ms`, `30s`, `5m`, `2h`, `1d`, and
//! sums such as `1h 30m`. The grammar is jiff's; a day is 24 hours here.

use std::time::Duration;

use jiff::{SignedDuration, Span, SpanRelativeTo};

/// Examples of durations, for the help in an error.
pub const EXAMPLES: &str = "250ms, 30s, 5m, 2h, 1d or 1h 30m";

/// Reads a duration; none if the text is not one, or is negative.
#[must_use]
pub fn read(text: &str) -> Option<Duration> {
    let span: Span = text.trim().parse().ok()?;
    let signed: SignedDuration = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    Duration::try_from(signed).ok()
}

/// The value of an option: a duration greater than zero.
///
/// # Errors
/// What is wrong with it, in words.
pub fn parse(text: &str) -> Result<Duration, String> {
    match read(text) {
        None => Err(format!("not a duration such as {EXAMPLES}")),
        Some(Duration::ZERO) => Err("must be longer than nothing".to_owned()),
        Some(duration) => Ok(duration),
    }
}

/// The shortest form with one unit that `read` reads back as the same duration, in whole milliseconds.
#[must_use]
pub fn show(duration: Duration) -> String {
    let millis = duration.as_millis();
    for (per_unit, unit) in [
        (86_400_000, "d"),
        (3_600_000, "h"),
        (60_000, "m"),
        (1_000, "s"),
    ] {
        if millis >= per_unit && millis.is_multiple_of(per_unit) {
            return format!("{}{unit}", millis / per_unit);
        }
    }
    format!("{millis}ms")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_means_the_same_everywhere() {
        for (text, millis) in [
            ("250ms", 250),
            ("2s", 2_000),
            ("1.5s", 1_500),
            ("5 s", 5_000),
            ("5sec", 5_000),
            (" 5s ", 5_000),
            ("1m", 60_000),
            ("14m", 840_000),
            ("90m", 5_400_000),
            ("1h 30m", 5_400_000),
            ("1h30m", 5_400_000),
            ("1 hour 30 minutes", 5_400_000),
            ("1:30:00", 5_400_000),
            ("PT1H30M", 5_400_000),
            ("24h", 86_400_000),
            ("1d", 86_400_000),
            ("1d 2h", 93_600_000),
            ("2d", 172_800_000),
            ("1w", 604_800_000),
            ("30d", 2_592_000_000),
            ("0s", 0),
        ] {
            let expected = Duration::from_millis(millis);
            assert_eq!(read(text), Some(expected), "{text}");
            assert_eq!(read(&show(expected)), Some(expected), "{text}");
        }
        assert_eq!(show(Duration::from_secs(86_400)), "1d");
        assert_eq!(show(Duration::from_secs(5_400)), "90m");
    }

    #[test]
    fn what_is_no_duration_is_none() {
        for text in [
            "",
            "5",
            "s",
            "soon",
            "-5s",
            "5s ago",
            "1h -30m",
            "30m 1h",
            "5S",
            "５s",
            // A month has no fixed length.
            "2mo",
            "1y",
            "99999999999999999999s",
            "18446744073709551615d",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn an_option_is_longer_than_nothing_and_says_what_is_wrong() {
        assert_eq!(parse("1h 30m"), Ok(Duration::from_secs(5_400)));
        assert_eq!(parse("0s"), Err("must be longer than nothing".to_owned()));
        let refused = parse("30").unwrap_err();
        assert!(
            refused.starts_with("not a duration such as 250ms"),
            "{refused}"
        );
    }
}
