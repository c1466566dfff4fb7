//! `[[targets.X.pauses]]`: the planned pauses of a target. `every = "weekdays 18:00-20:00 Europe/Paris"`: days, two times of
//! day, and a time zone of the IANA database.

use jiff::civil::Time;
use jiff::tz::TimeZone;
use rampmeter_dispatch::{PlannedPause, Priority};

use super::limit::calendar::{fixed_zone, time_of_day};
use crate::document::{Node, Reading, Section, Value};
use crate::problem::{Code, Problem};

const KEYS: &[&str] = &["lanes", "every", "reason"];

const FORM: &str = "write `every = \"weekdays 18:00-20:00 Europe/Paris\"`; the days are daily, weekdays, weekends, or names of days such as monday-thursday or saturday,sunday";

/// Names of the days of the week, in its order.
const DAYS: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];

/// The pauses of a target, in the order of the file.
pub(super) fn read(reading: &Reading<'_>, target: &Section<'_>) -> Vec<PlannedPause> {
    let Some(node) = target.get("pauses") else {
        return Vec::new();
    };
    let Value::Array(items) = &node.value else {
        reading.note(
            Problem::new(Code::WrongType, "`pauses` must be a list of tables")
                .at(&node.span)
                .help("write one [[targets.NAME.pauses]] for each pause"),
        );
        return Vec::new();
    };
    items
        .iter()
        .filter_map(|item| pause(reading, item))
        .collect()
}

fn pause(reading: &Reading<'_>, node: &Node) -> Option<PlannedPause> {
    let section = Section::open(reading, "pauses", node, "a pause", KEYS)?;
    let lanes = lanes(reading, &section);
    let reason = section.text("reason").map(|found| found.value);
    let found = section
        .requires("every")
        .then(|| section.text("every"))
        .flatten()?;
    let (days, from, to, zone) = match parse(&found.value) {
        Ok(parsed) => parsed,
        Err(why) => {
            reading.note(
                Problem::new(Code::BadPause, format!("`every` {why}"))
                    .at(&found.location)
                    .help(FORM),
            );
            return None;
        }
    };
    if let Some(problem) = fixed_zone(&found.value) {
        reading.note(problem.at(&found.location));
    }
    Some(PlannedPause {
        lanes: lanes?,
        days,
        from,
        to,
        zone,
        reason: reason.unwrap_or_default(),
    })
}

/// `lanes = ["BATCH"]`; all of them if it is absent.
fn lanes(reading: &Reading<'_>, section: &Section<'_>) -> Option<[bool; 3]> {
    let Some(node) = section.get("lanes") else {
        return Some([true; 3]);
    };
    let mut lanes = [false; 3];
    for found in section.texts("lanes")? {
        match found.value.parse::<Priority>() {
            Ok(lane) => lanes[lane.index()] = true,
            Err(_) => reading.note(
                Problem::new(Code::BadValue, "`lanes` are HIGH, MEDIUM and BATCH")
                    .at(&found.location),
            ),
        }
    }
    if lanes == [false; 3] {
        reading.note(
            Problem::new(Code::BadPause, "a pause of no lane stops nothing")
                .at(&node.span)
                .help("leave `lanes` out to stop all of them"),
        );
        return None;
    }
    Some(lanes)
}

type Parsed = ([bool; 7], Time, Time, TimeZone);

fn parse(text: &str) -> Result<Parsed, &'static str> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let (days, hours, zone) = match words[..] {
        [hours, zone] => ("daily", hours, zone),
        [days, hours, zone] => (days, hours, zone),
        _ => return Err("is not days, two times of day and a time zone"),
    };
    let (from, to) = hours
        .split_once('-')
        .ok_or("does not have two times of day with a - between them")?;
    let wrong = "has a time of day that is not between 00:00 and 24:00";
    let from = time_of_day(from).ok_or(wrong)?;
    let to = match to {
        "24:00" => Time::midnight(),
        to => time_of_day(to).ok_or(wrong)?,
    };
    // From midnight to midnight is a whole day; any other time to itself is a mistake.
    if from == to && from != Time::midnight() {
        return Err("ends when it begins");
    }
    let zone = TimeZone::get(zone).map_err(|_| "names no time zone of the IANA database")?;
    let days = days_of(&days.to_ascii_lowercase()).ok_or("names days that do not exist")?;
    Ok((days, from, to, zone))
}

fn days_of(text: &str) -> Option<[bool; 7]> {
    let mut days = [false; 7];
    let day = |name: &str| DAYS.iter().position(|day| *day == name);
    for part in text.split(',') {
        let (first, last) = match part {
            "daily" => (0, 6),
            "weekdays" => (0, 4),
            "weekends" => (5, 6),
            part => match part.split_once('-') {
                Some((first, last)) => (day(first)?, day(last)?),
                None => (day(part)?, day(part)?),
            },
        };
        // A range may go over the end of the week: saturday-monday.
        let length = (last + 7 - first) % 7;
        for step in 0..=length {
            days[(first + step) % 7] = true;
        }
    }
    Some(days)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::time;

    fn days(text: &str) -> String {
        let days = days_of(text).expect("days");
        days.iter().map(|on| if *on { 'x' } else { '.' }).collect()
    }

    #[test]
    fn days_are_read_by_name_range_and_list() {
        for (text, expected) in [
            ("daily", "xxxxxxx"),
            ("weekdays", "xxxxx.."),
            ("weekends", ".....xx"),
            ("wednesday", "..x...."),
            ("monday-thursday", "xxxx..."),
            ("saturday-monday", "x....xx"),
            ("monday,friday-saturday", "x...xx."),
        ] {
            assert_eq!(days(text), expected, "{text}");
        }
    }

    #[test]
    fn hours_and_zone_are_read_and_the_days_may_be_left_out() {
        let (days, from, to, zone) = parse("Weekdays 18:00-20:30 Europe/Paris").expect("a pause");
        assert!(!days[6]);
        assert_eq!((from, to), (time(18, 0, 0, 0), time(20, 30, 0, 0)));
        assert_eq!(zone.iana_name(), Some("Europe/Paris"));
        let (days, _, to, _) = parse("22:00-24:00 UTC").expect("a pause");
        assert_eq!((days, to), ([true; 7], Time::midnight()));
        parse("weekends 00:00-24:00 UTC").expect("whole days");
    }

    #[test]
    fn what_is_no_pause_is_refused_with_a_reason() {
        for wrong in [
            "",
            "18:00-20:00",
            "18:00 UTC",
            "8:00-20:00 UTC",
            "18:00-25:00 UTC",
            "24:00-01:00 UTC",
            "18:00-18:00 UTC",
            "workdays 18:00-20:00 UTC",
            "monday- 18:00-20:00 UTC",
            "18:00-20:00 Mars/Olympus",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
