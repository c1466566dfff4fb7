//! Durations as people write them: a whole number and a unit.

use std::time::Duration;

/// Reads `250ms`, `2s`, `1m`, `24h` or `30d`.
#[must_use]
pub fn parse(text: &str) -> Option<Duration> {
    let split = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(split);
    let number: u64 = number.parse().ok()?;
    let millis_per_unit: u64 = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    Some(Duration::from_millis(number.checked_mul(millis_per_unit)?))
}

/// The shortest form that `parse` reads back to the same duration.
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
    fn every_unit_is_read_and_shown() {
        for (text, millis) in [
            ("250ms", 250),
            ("2s", 2_000),
            ("1m", 60_000),
            ("14m", 840_000),
            ("24h", 86_400_000),
            ("30d", 2_592_000_000),
        ] {
            assert_eq!(parse(text), Some(Duration::from_millis(millis)), "{text}");
            assert_eq!(
                parse(&show(Duration::from_millis(millis))),
                Some(Duration::from_millis(millis))
            );
        }
        assert_eq!(show(Duration::from_secs(86_400)), "1d");
    }

    #[test]
    fn what_is_no_duration_is_none() {
        for text in [
            "",
            "5",
            "s",
            "5 s",
            "-5s",
            "1.5s",
            "5S",
            "5sec",
            "1h30m",
            "99999999999999999999s",
            "18446744073709551615d",
            "５s",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
