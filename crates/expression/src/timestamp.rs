//! Times as Step Functions reads and writes them: RFC 3339 with a capital `T` and a zone.

use jiff::Timestamp;

/// The moment that a text names, to the nanosecond. Stricter than RFC 3339 where AWS is: a blank
/// instead of `T`, a small letter and a missing zone are refused.
pub fn parse(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    let has_zone = text.ends_with('Z')
        || bytes
            .len()
            .checked_sub(6)
            .is_some_and(|at| matches!(bytes[at], b'+' | b'-') && bytes[at + 3] == b':');
    let is_strict = bytes.len() >= 20
        && bytes[4] == b'-'
        && bytes[10] == b'T'
        && has_zone
        && bytes
            .iter()
            .all(|byte| byte.is_ascii_digit() || b"TZ:.+-".contains(byte));
    if is_strict { text.parse().ok() } else { None }
}

/// The first millisecond that is not before the moment: a Wait state must not end early.
pub fn ceil_millisecond(moment: Timestamp) -> i64 {
    let floor = moment.as_nanosecond().div_euclid(1_000_000);
    let rest = moment.as_nanosecond().rem_euclid(1_000_000);
    i64::try_from(floor + i128::from(rest > 0)).unwrap_or(i64::MAX)
}

/// The text of a moment, such as `2019-03-26T20:14:13.192Z`. A moment beyond the calendar is shown
/// as its nearest end.
#[must_use]
pub fn write(milliseconds: i64) -> String {
    let moment = Timestamp::from_millisecond(milliseconds).unwrap_or(if milliseconds < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    });
    format!("{moment:.3}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_strict_timestamps_are_read() {
        for text in [
            "2016-03-14T01:59:00Z",
            "2016-03-05T21:29:29.243167252Z",
            "2016-03-14T01:59:00+02:00",
        ] {
            assert!(parse(text).is_some(), "{text}");
        }
        for text in [
            "",
            "05-12-2016T21:29:29Z",
            "2016-12-05 21:29:29Z",
            "2016-12-05T21:29:29",
            "2016-13-05T21:29:29Z",
            "2016-12-05T25:29:29Z",
            "2016-12-05t21:29:29z",
            "2016-12-05T21:29:29Z[UTC]",
        ] {
            assert!(parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_timestamp_is_written_with_milliseconds() {
        assert_eq!(write(1_553_631_253_192), "2019-03-26T20:14:13.192Z");
        assert_eq!(write(0), "1970-01-01T00:00:00.000Z");
    }

    #[test]
    fn a_fraction_of_a_millisecond_counts_as_one() {
        let moment = parse("1970-01-01T00:00:00.000000001Z").unwrap();
        assert_eq!(ceil_millisecond(moment), 1);
        assert_eq!(
            ceil_millisecond(parse("1970-01-01T00:00:00.001Z").unwrap()),
            1
        );
    }
}
