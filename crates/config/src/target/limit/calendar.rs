//! The reset of a quota that a vendor counts by the calendar: `"00:00 Europe/Paris"` each day,
//! `"monday 00:00 UTC"` each week, `"1 00:00 America/New_York"` each month. Zones are those of the
//! IANA database that is built in, so that one file means the same everywhere.

use std::time::Duration;

use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;
use rampmeter_dispatch::{Calendar, ResetDay};

use crate::document::{Reading, Section};
use crate::problem::{Code, Problem};

/// How far the vendor's clock may be off if the file does not say.
const MARGIN: Duration = Duration::from_secs(1);
/// A clock that is further off is in another time zone.
const MAX_MARGIN: Duration = Duration::from_secs(60 * 60);

const FORM: &str = "write `reset = \"00:00 Europe/Paris\"`, with a weekday or a day of the month from 1 to 28 before it if it is not every day";

/// Reads `reset`, which excludes `per`.
pub(super) fn read(reading: &Reading<'_>, section: &Section<'_>) -> Option<Calendar> {
    if let Some(per) = section.get("per") {
        reading.note(
            Problem::new(Code::BadReset, "a limit has either `per` or `reset`")
                .at(&per.span)
                .note("`per` is a rolling window of that length, `reset` a period of the calendar"),
        );
        return None;
    }
    let found = section.text("reset")?;
    match parse(&found.value) {
        Ok(calendar) => {
            if let Some(problem) = fixed_zone(&found.value) {
                reading.note(problem.at(&found.location));
            }
            let margin = section.duration("reset_margin", Duration::ZERO..=MAX_MARGIN);
            let margin = margin.unwrap_or(MARGIN);
            Some(Calendar { margin, ..calendar })
        }
        Err(reason) => {
            reading.note(
                Problem::new(Code::BadReset, format!("`reset` {reason}"))
                    .at(&found.location)
                    .help(FORM),
            );
            None
        }
    }
}

/// Notes a `reset_margin` without a `reset`.
pub(super) fn refuse_margin_alone(reading: &Reading<'_>, section: &Section<'_>) {
    if section.get("reset").is_none()
        && let Some(margin) = section.get("reset_margin")
    {
        reading.note(
            Problem::new(Code::BadReset, "`reset_margin` goes with `reset`")
                .at(&margin.span)
                .help(FORM),
        );
    }
}

/// Abbreviations that name zones without summer time, although the places they stand for have it.
const FIXED_ZONES: [(&str, &str); 5] = [
    ("EST", "America/New_York"),
    ("MST", "America/Denver"),
    ("HST", "Pacific/Honolulu"),
    ("Etc/GMT+5", "America/New_York"),
    ("Etc/GMT-1", "Europe/Paris"),
];

/// The warning about a zone that stays on winter time while its place does not.
pub(in crate::target) fn fixed_zone(text: &str) -> Option<Problem> {
    let zone = text.split_whitespace().last()?;
    let (_, meant) = FIXED_ZONES
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(zone))?;
    Some(
        Problem::warning(
            Code::FixedZone,
            format!("{zone} has no summer time: for half of the year it would be an hour off"),
        )
        .help(format!("write the place, which has it: {meant}")),
    )
}

fn parse(text: &str) -> Result<Calendar, String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let (day, at, zone) = match words[..] {
        [at, zone] => (None, at, zone),
        [day, at, zone] => (Some(day), at, zone),
        _ => return Err("is not a time of day and a time zone".to_owned()),
    };
    Ok(Calendar {
        zone: TimeZone::get(zone).map_err(|_| "names no time zone of the IANA database")?,
        at: time_of_day(at).ok_or("has no time of day from 00:00 to 23:59")?,
        on: match day {
            None => ResetDay::Daily,
            Some(day) => reset_day(day)
                .ok_or("names neither a weekday nor a day of the month from 1 to 28")?,
        },
        margin: MARGIN,
    })
}

pub(in crate::target) fn time_of_day(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    let digits = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(hour) || !digits(minute) {
        return None;
    }
    Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
}

fn reset_day(text: &str) -> Option<ResetDay> {
    let weekday = match text.to_ascii_lowercase().as_str() {
        "monday" => Weekday::Monday,
        "tuesday" => Weekday::Tuesday,
        "wednesday" => Weekday::Wednesday,
        "thursday" => Weekday::Thursday,
        "friday" => Weekday::Friday,
        "saturday" => Weekday::Saturday,
        "sunday" => Weekday::Sunday,
        other => {
            let day = other.parse().ok().filter(|day| (1..=28).contains(day))?;
            return Some(ResetDay::Monthly(day));
        }
    };
    Some(ResetDay::Weekly(weekday))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::time;

    #[test]
    fn every_day_one_day_a_week_and_one_day_a_month_are_read() {
        let paris = parse("00:00 Europe/Paris").expect("daily");
        assert_eq!(paris.zone.iana_name(), Some("Europe/Paris"));
        assert_eq!((paris.at, paris.on), (time(0, 0, 0, 0), ResetDay::Daily));
        let weekly = parse("Monday  06:30 UTC").expect("weekly");
        assert_eq!(weekly.on, ResetDay::Weekly(Weekday::Monday));
        assert_eq!(weekly.at, time(6, 30, 0, 0));
        assert_eq!(
            parse("28 00:00 UTC").expect("monthly").on,
            ResetDay::Monthly(28)
        );
    }

    #[test]
    fn what_is_no_reset_is_refused_with_a_reason() {
        for wrong in [
            "",
            "UTC",
            "0:00 UTC",
            "00:60 UTC",
            "+1:00 UTC",
            "00:00",
            "00:00 Mars/Olympus",
            "0 00:00 UTC",
            "29 00:00 UTC",
            "mon 00:00 UTC",
            "a b c d",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
