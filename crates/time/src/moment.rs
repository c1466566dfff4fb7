//! Moments as the answers of both ports write them.

use jiff::Timestamp;

/// A time in RFC 3339, UTC, with milliseconds; for a number out of range the number itself.
#[must_use]
pub fn rfc3339(milliseconds: i64) -> String {
    match Timestamp::from_millisecond(milliseconds) {
        Ok(time) => format!("{time:.3}"),
        Err(_) => milliseconds.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rfc_3339_in_utc_with_milliseconds() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(rfc3339(1_795_397_061_120), "2026-11-23T01:24:21.120Z");
    }
}
