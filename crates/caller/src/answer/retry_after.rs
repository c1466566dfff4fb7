//! The Retry-After header (RFC 9110, section 10.2.3): seconds, or a date in any of the three forms of HTTP; and related
//! headers in milliseconds. Pure: the present arrives as an argument.

use std::time::{Duration, SystemTime};

use rampmeter_call::Answer;

/// Headers in which some vendors say the same more exactly, in milliseconds.
const IN_MILLISECONDS: [&str; 2] = ["retry-after-ms", "x-ms-retry-after-ms"];

/// The longest credible pause. A vendor that asks for more is called again after a day.
pub const MAX_PAUSE: Duration = Duration::from_secs(24 * 60 * 60);

/// How long an answer asks to be left alone. A date is compared with the answer's own, so that a wrong clock on either side
/// does no harm.
pub(crate) fn of(answer: &Answer, now: SystemTime) -> Option<Duration> {
    let in_milliseconds = IN_MILLISECONDS.iter().find_map(|name| {
        let text = answer.header(name)?.trim();
        let whole = text.split_once('.').map_or(text, |(whole, _)| whole);
        let milliseconds: u64 = whole.parse().ok()?;
        let begun = u64::from(whole.len() < text.len());
        Some(Duration::from_millis(milliseconds.saturating_add(begun)).min(MAX_PAUSE))
    });
    in_milliseconds.or_else(|| parse(answer.header("retry-after")?, sent_at(answer, now)))
}

/// Reads a Retry-After value. Decimal seconds, which some vendors send, are rounded up; a date in the past means
/// now; more than [`MAX_PAUSE`] means [`MAX_PAUSE`]. Unreadable text gives none.
#[must_use]
pub fn parse(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    let pause = seconds(value).or_else(|| until(value, now))?;
    Some(pause.min(MAX_PAUSE))
}

/// `120`, `2.0`, `1.5`: digits with at most one dot between them. No sign, no exponent.
fn seconds(value: &str) -> Option<Duration> {
    let (whole, fraction) = value.split_once('.').unwrap_or((value, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        return None;
    }
    // A number too large for 64 bits is a very long pause, not an unreadable one.
    let whole: u64 = whole.parse().unwrap_or(u64::MAX);
    let begun = u64::from(fraction.bytes().any(|b| b != b'0'));
    Some(Duration::from_secs(whole.saturating_add(begun)))
}

fn until(value: &str, now: SystemTime) -> Option<Duration> {
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(now).unwrap_or(Duration::ZERO))
}

/// When the vendor sent an answer, by its own clock if the answer states it: dates in the answer are by that clock.
pub(crate) fn sent_at(answer: &Answer, now: SystemTime) -> SystemTime {
    vendor_date(answer).unwrap_or(now)
}

/// What the vendor's clock said when it sent an answer, in whole seconds; none if the answer does not say.
#[must_use]
pub fn vendor_date(answer: &Answer) -> Option<SystemTime> {
    let date = httpdate::parse_http_date(answer.header("date")?).ok()?;
    // An answer from a cache is this old (RFC 9111, section 5.1).
    let age = answer.header("age").and_then(|age| age.trim().parse().ok());
    Some(
        date.checked_add(Duration::from_secs(age.unwrap_or_default()))
            .unwrap_or(date),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vendor::tests::answer_with;

    /// Sun, 06 Nov 1994 08:49:37 GMT, the example date of RFC 9110.
    const EXAMPLE: u64 = 784_111_777;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn seconds_are_read_and_decimals_rounded_up() {
        let cases = [
            ("0", 0),
            ("120", 120),
            (" 7 ", 7),
            ("2.0", 2),
            ("1.5", 2),
            ("0.001", 1),
            ("007", 7),
        ];
        for (value, seconds) in cases {
            assert_eq!(
                parse(value, at(0)),
                Some(Duration::from_secs(seconds)),
                "{value}"
            );
        }
    }

    #[test]
    fn all_three_date_forms_are_read() {
        let forms = [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
        ];
        for form in forms {
            assert_eq!(
                parse(form, at(EXAMPLE - 90)),
                Some(Duration::from_secs(90)),
                "{form}"
            );
        }
    }

    #[test]
    fn a_date_is_compared_with_that_of_the_answer() {
        let ours = at(EXAMPLE + 7_200);
        let until = ("retry-after", "Sun, 06 Nov 1994 08:50:37 GMT");
        let sent = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");
        let pause = |headers: &[(&str, &str)]| of(&answer_with(429, headers), ours);
        assert_eq!(pause(&[until, sent]), Some(Duration::from_secs(60)));
        assert_eq!(
            pause(&[until, sent, ("age", "20")]),
            Some(Duration::from_secs(40))
        );
        assert_eq!(pause(&[until]), Some(Duration::ZERO));
        assert_eq!(pause(&[until, ("date", "now")]), Some(Duration::ZERO));
    }

    #[test]
    fn milliseconds_are_more_exact_than_seconds() {
        let pause = |headers: &[(&str, &str)]| of(&answer_with(429, headers), at(EXAMPLE));
        let seconds = ("retry-after", "2");
        let exact = Some(Duration::from_millis(1_250));
        assert_eq!(pause(&[seconds, ("retry-after-ms", "1250")]), exact);
        assert_eq!(pause(&[("x-ms-retry-after-ms", "1249.5")]), exact);
        assert_eq!(
            pause(&[seconds, ("retry-after-ms", "soon")]),
            Some(Duration::from_secs(2))
        );
        assert_eq!(pause(&[("retry-after-ms", "99999999999")]), Some(MAX_PAUSE));
        assert_eq!(pause(&[]), None);
    }

    #[test]
    fn a_past_date_means_now() {
        assert_eq!(
            parse("Sun, 06 Nov 1994 08:49:37 GMT", at(EXAMPLE + 1)),
            Some(Duration::ZERO)
        );
    }

    #[test]
    fn a_pause_is_capped() {
        for value in [
            "999999999",
            "99999999999999999999999999",
            "Fri, 31 Dec 9999 23:59:59 GMT",
        ] {
            assert_eq!(parse(value, at(0)), Some(MAX_PAUSE), "{value}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_none() {
        for value in [
            "",
            "-1",
            "+1",
            "1e3",
            "1.",
            ".5",
            "1.2.3",
            "soon",
            "NaN",
            "Sun, 99 Nov 1994",
            "5 s",
        ] {
            assert_eq!(parse(value, at(0)), None, "{value}");
        }
    }
}
