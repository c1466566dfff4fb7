//! Quantities as people write and read them: durations, rates, shares; in the options, the workload file and the
//! report.

use std::time::Duration;

use rampmeter_dispatch::Time;
use rampmeter_time::{duration, span};
use serde::de::{Deserialize, Deserializer, Error};

/// The longest stretch that is simulated: a year.
pub(crate) const MAX_DURATION: Duration = Duration::from_secs(366 * 24 * 60 * 60);
/// More calls a second than this are no workload for a rate-limited API.
const MAX_PER_SECOND: f64 = 100_000.0;

/// A duration of at most a year, written `250ms`, `30s`, `90m`, `8h` or `1d`; `0s` is allowed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Span(pub Duration);

impl std::str::FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Span, String> {
        if text == "0s" {
            return Ok(Span(Duration::ZERO));
        }
        let duration = duration::parse(text)?;
        if duration > MAX_DURATION {
            return Err("longer than a year (366d)".to_owned());
        }
        Ok(Span(duration))
    }
}

/// Calls a second, written `0.3/s`, `18/m` or `1000/h`; above 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rate(pub(crate) f64);

impl std::str::FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Rate, String> {
        let wrong = || "not a rate such as 0.3/s, 18/m or 1000/h".to_owned();
        let (number, unit) = text.split_once('/').ok_or_else(wrong)?;
        let number: f64 = number.trim().parse().map_err(|_| wrong())?;
        let seconds = match unit.trim() {
            "s" => 1.0,
            "m" | "min" => 60.0,
            "h" => 3_600.0,
            "d" => 86_400.0,
            _ => return Err(wrong()),
        };
        let per_second = number / seconds;
        if per_second > 0.0 && per_second <= MAX_PER_SECOND {
            Ok(Rate(per_second))
        } else {
            Err("a rate is above 0 and at most 100000/s".to_owned())
        }
    }
}

/// A share of calls, from 0 to 1.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Share(pub(crate) f64);

impl Share {
    fn new(share: f64) -> Result<Share, String> {
        if (0.0..=1.0).contains(&share) {
            Ok(Share(share))
        } else {
            Err("a share is between 0 and 1".to_owned())
        }
    }
}

impl std::str::FromStr for Share {
    type Err = String;

    fn from_str(text: &str) -> Result<Share, String> {
        let share = text.parse().map_err(|_| "not a number".to_owned())?;
        Share::new(share)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Span, D::Error> {
        String::deserialize(input)?
            .parse()
            .map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Rate, D::Error> {
        String::deserialize(input)?
            .parse()
            .map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Share, D::Error> {
        Share::new(f64::deserialize(input)?).map_err(D::Error::custom)
    }
}

/// A duration in JSON, whose fields end with `_ms`.
pub(crate) fn millis(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1e3
}

/// How far into the simulation a moment is: its clock starts at 0.
pub(crate) fn offset(time: Time) -> Duration {
    time.saturating_since(Time::default())
}

/// A duration in words: enough digits to compare two of them, no more.
pub(crate) fn words(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 0.005 {
        "0 s".to_owned()
    } else if seconds < 9.995 {
        format!("{seconds:.2} s")
    } else if seconds < 59.95 {
        format!("{seconds:.1} s")
    } else if seconds < 7_199.5 {
        let whole = seconds.round() as u64;
        format!("{} min {} s", whole / 60, whole % 60)
    } else {
        span(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX))
    }
}

/// A duration as it would be written in an option: `2s`, `90m`.
pub(crate) fn written(duration: Duration) -> String {
    let millis = duration.as_millis();
    let units = [(3_600_000, "h"), (60_000, "m"), (1_000, "s")];
    let unit = units
        .iter()
        .find(|(length, _)| millis >= 2 * length && millis.is_multiple_of(*length));
    match unit {
        Some((length, unit)) => format!("{}{unit}", millis / length),
        None if millis == 1_000 => "1s".to_owned(),
        None => format!("{millis}ms"),
    }
}

/// A number with a blank between thousands.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_with_their_units() {
        assert_eq!("90m".parse(), Ok(Span(Duration::from_secs(5_400))));
        assert_eq!("0s".parse(), Ok(Span(Duration::ZERO)));
        assert_eq!("18/m".parse(), Ok(Rate(0.3)));
        assert_eq!("0.3/s".parse(), Ok(Rate(0.3)));
        assert_eq!("0.25".parse(), Ok(Share(0.25)));
    }

    #[test]
    fn what_is_no_quantity_is_refused() {
        for text in ["", "5", "-1s", "400d", "1e9h"] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
        for text in ["", "5", "0/s", "-1/s", "NaN/s", "inf/s", "5/week", "1e9/s"] {
            assert!(text.parse::<Rate>().is_err(), "{text}");
        }
        for text in ["", "-0.1", "1.1", "NaN", "1 %"] {
            assert!(text.parse::<Share>().is_err(), "{text}");
        }
    }

    #[test]
    fn durations_and_numbers_are_shown_for_comparison() {
        for (millis, shown) in [
            (0, "0 s"),
            (4, "0 s"),
            (130, "0.13 s"),
            (9_996, "10.0 s"),
            (61_000, "1 min 1 s"),
            (3_652_000, "60 min 52 s"),
            (9_000_000, "2 h 30 min"),
        ] {
            assert_eq!(words(Duration::from_millis(millis)), shown);
        }
        for (millis, shown) in [
            (250, "250ms"),
            (1_000, "1s"),
            (2_000, "2s"),
            (60_000, "60s"),
            (5_400_000, "90m"),
            (7_200_000, "2h"),
            (1_500, "1500ms"),
        ] {
            assert_eq!(written(Duration::from_millis(millis)), shown);
        }
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_234_567), "1 234 567");
    }
}
