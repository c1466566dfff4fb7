//! Durations in options: `250ms`, `30s`, `5m`, `2h`, `1d` and sums such as `1h 30m`.

use std::time::Duration;

use jiff::SignedDuration;

/// Reads a duration that is longer than nothing.
pub fn parse(text: &str) -> Result<Duration, String> {
    let days = text
        .trim()
        .strip_suffix('d')
        .and_then(|days| days.parse::<u32>().ok());
    let duration = match days {
        Some(days) => Duration::from_secs(u64::from(days) * 86_400),
        None => text
            .parse::<SignedDuration>()
            .ok()
            .and_then(|duration| Duration::try_from(duration).ok())
            .ok_or_else(|| "not a duration such as 250ms, 30s, 5m or 2h".to_owned())?,
    };
    if duration.is_zero() {
        Err("must be longer than nothing".to_owned())
    } else {
        Ok(duration)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units() {
        assert_eq!(parse("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(parse("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(parse("5m"), Ok(Duration::from_secs(300)));
        assert_eq!(parse("1h 30m"), Ok(Duration::from_secs(5400)));
        assert_eq!(parse("2d"), Ok(Duration::from_secs(172_800)));
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in ["", "30", "0s", "-5s", "soon", "99999999999999d"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
