//! When more of a limit becomes available, as headers state it: seconds from now, a Unix time, a date, or a duration in
//! words. A value is read as a whole or not at all: the beginning of a date is a number too. Pure.

use std::time::{Duration, SystemTime};

use jiff::{Span, SpanRelativeTo, Timestamp, civil, tz::TimeZone};

/// The longest credible time until a reset: a month.
pub(super) const MAX_RESET: Duration = Duration::from_secs(31 * 24 * 60 * 60);

/// Reads the time until a reset. A moment in the past means now; unreadable text gives none.
pub(super) fn parse(text: &str, now: SystemTime) -> Option<Duration> {
    let text = text.trim();
    let until = match number(text) {
        Some((whole, fraction)) => from_number(whole, fraction, now),
        None => match date(text) {
            Some(date) => date.duration_since(now).unwrap_or_default(),
            None => duration(text)?,
        },
    };
    Some(until.min(MAX_RESET))
}

/// Digits with at most one dot between them, as whole units and thousandths, rounded up.
pub(super) fn number(text: &str) -> Option<(u64, u64)> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        return None;
    }
    let (kept, rest) = fraction.split_at(fraction.len().min(3));
    let thousandths: u64 = format!("{kept:0<3}").parse().ok()?;
    let begun = u64::from(rest.bytes().any(|digit| digit != b'0'));
    // A number too large for 64 bits is a very late reset, not an unreadable one.
    Some((whole.parse().unwrap_or(u64::MAX), thousandths + begun))
}

/// Seconds from now, or a Unix time in seconds, milliseconds or microseconds: told apart by size.
fn from_number(whole: u64, thousandths: u64, now: SystemTime) -> Duration {
    let seconds = || Duration::from_secs(whole).saturating_add(Duration::from_millis(thousandths));
    let at = match whole {
        0..=1_000_000_000 => return seconds(),
        1_000_000_001..=1_000_000_000_000 => seconds(),
        1_000_000_000_001..=1_000_000_000_000_000 => Duration::from_millis(whole),
        _ => Duration::from_micros(whole),
    };
    let since_epoch = now.duration_since(SystemTime::UNIX_EPOCH);
    at.saturating_sub(since_epoch.unwrap_or_default())
}

/// A date of HTTP, or of ISO 8601; one without an offset counts as UTC.
fn date(text: &str) -> Option<SystemTime> {
    if let Ok(date) = httpdate::parse_http_date(text) {
        return Some(date);
    }
    let at = text.parse::<Timestamp>().ok().or_else(|| {
        let date: civil::DateTime = text.parse().ok()?;
        Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp())
    });
    at.map(SystemTime::from)
}

/// `6m0s`, `1h30m`, `250ms`, `1d2h`, `PT6M`.
fn duration(text: &str) -> Option<Duration> {
    let span: Span = text.parse().ok()?;
    let days = SpanRelativeTo::days_are_24_hours();
    Duration::try_from(span.to_duration(days).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// 2023-11-14T22:13:20Z.
    const NOW: u64 = 1_700_000_000;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn every_form_of_the_same_time_is_the_same() {
        for text in [
            "30",
            "30.0",
            "1700000030",
            "1700000030.000",
            "1700000030000",
            "1700000030000000",
            "Tue, 14 Nov 2023 22:13:50 GMT",
            "2023-11-14T22:13:50Z",
            "2023-11-14T22:13:50.000Z",
            "2023-11-15T00:13:50+02:00",
            "2023-11-15T00:13:50+0200",
            "2023-11-14T22:13:50",
            "2023-11-14 22:13:50",
            "30s",
            "0m30s",
            "30000ms",
            "PT30S",
        ] {
            assert_eq!(
                parse(text, at(NOW)),
                Some(Duration::from_secs(30)),
                "{text}"
            );
        }
    }

    #[test]
    fn a_value_is_read_as_a_whole() {
        for (text, milliseconds) in [
            ("2.5", 2_500),
            ("0.0001", 1),
            ("6m0s", 360_000),
            ("1h2m3.5s", 3_723_500),
            ("250ms", 250),
            ("1d", 86_400_000),
            ("1700000030.5", 30_500),
            ("2023-11-14T22:14Z", 40_000),
            ("2023-11-14T22:13:00Z", 0),
            ("1600000000", 0),
        ] {
            let expected = Some(Duration::from_millis(milliseconds));
            assert_eq!(parse(text, at(NOW)), expected, "{text}");
        }
    }

    #[test]
    fn what_is_too_far_away_is_cut() {
        for text in [
            "9999999",
            "99999999999999999",
            "99999999999999999999999",
            "2999-01-01T00:00:00Z",
            "999d",
        ] {
            assert_eq!(parse(text, at(NOW)), Some(MAX_RESET), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_none() {
        for text in [
            "",
            "-1",
            "soon",
            "30 apples",
            "30;w=60",
            "2023",
            "2023-11",
            "1e3",
            "1.",
            ".5",
            "-PT5S",
        ] {
            let read = parse(text, at(NOW));
            // A bare year is a number like any other.
            let year = (text == "2023").then_some(Duration::from_secs(2023));
            assert_eq!(read, year, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[0-9TZPhmsd:+. -]{0,30}|.{0,30}") {
            let _read = parse(&text, at(NOW));
        }
    }
}
