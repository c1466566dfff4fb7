//! Arrivals in a CSV file: `at_ms,priority[,duration_ms]`, one call a line, with or without a line of titles.
//! Plain fields only: there is nothing here that would need quotes.

use std::time::Duration;

use rampmeter_dispatch::{Priority, Time};

use super::arrivals::{Arrival, MAX_CALLS};
use crate::quantity::MAX_DURATION;

/// Reads the calls, in any order of time.
///
/// # Errors
/// What is wrong, after `FILE:LINE`.
pub(crate) fn parse(name: &str, text: &str) -> Result<Vec<Arrival>, String> {
    let mut arrivals = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim_end_matches('\r');
        let is_title = number == 1 && line.starts_with("at_ms");
        if line.trim().is_empty() || is_title {
            continue;
        }
        if arrivals.len() as u64 == MAX_CALLS {
            return Err(format!(
                "{name}:{number}: at most {MAX_CALLS} calls are simulated"
            ));
        }
        let call = arrival(line).map_err(|what| format!("{name}:{number}: {what}"))?;
        arrivals.push(call);
    }
    if arrivals.is_empty() {
        return Err(format!(
            "{name}: no calls; a line reads at_ms,priority[,duration_ms]"
        ));
    }
    arrivals.sort_by_key(|call| call.at);
    Ok(arrivals)
}

fn arrival(line: &str) -> Result<Arrival, String> {
    let fields: Vec<&str> = line.split(',').map(str::trim).collect();
    let (at, priority, duration) = match fields[..] {
        [at, priority] | [at, priority, ""] => (at, priority, None),
        [at, priority, duration] => (at, priority, Some(duration)),
        _ => return Err("a line has two or three fields: at_ms,priority[,duration_ms]".to_owned()),
    };
    let at = milliseconds(at, "at_ms")?;
    let duration = duration
        .map(|duration| milliseconds(duration, "duration_ms"))
        .transpose()?;
    Ok(Arrival {
        at: Time::default().saturating_add(at),
        priority: priority
            .parse::<Priority>()
            .map_err(|error| error.to_string())?,
        duration,
    })
}

fn milliseconds(text: &str, field: &str) -> Result<Duration, String> {
    let number: f64 = text
        .parse()
        .map_err(|_| format!("{field} is `{text}`, not a number"))?;
    if number >= 0.0 && number <= MAX_DURATION.as_millis() as f64 {
        Ok(Duration::from_micros((number * 1e3).round() as u64))
    } else {
        Err(format!("{field} is `{text}`; it is between 0 and a year"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_read_in_order_of_time() {
        let text = "at_ms,priority,duration_ms\r\n250,BATCH,1400.5\n\n100,HIGH\n100,MEDIUM,\n";
        let calls = parse("a.csv", text).unwrap();
        let read: Vec<_> = calls
            .iter()
            .map(|call| (call.at.as_millis(), call.priority, call.duration))
            .collect();
        assert_eq!(
            read,
            [
                (100, Priority::High, None),
                (100, Priority::Medium, None),
                (250, Priority::Batch, Some(Duration::from_micros(1_400_500))),
            ]
        );
    }

    #[test]
    fn a_wrong_line_is_named() {
        for (text, place, what) in [
            ("", "a.csv:", "no calls"),
            ("at_ms,priority\n", "a.csv:", "no calls"),
            ("1,HIGH\n2,LOW", "a.csv:2:", "`LOW` is not a priority"),
            ("1", "a.csv:1:", "two or three fields"),
            ("1,HIGH,2,3", "a.csv:1:", "two or three fields"),
            ("x,HIGH", "a.csv:1:", "not a number"),
            ("-1,HIGH", "a.csv:1:", "between 0"),
            ("NaN,HIGH", "a.csv:1:", "between 0"),
            ("1,HIGH,1e300", "a.csv:1:", "between 0"),
            ("\u{0}\u{1}", "a.csv:1:", "two or three fields"),
        ] {
            let refusal = parse("a.csv", text).expect_err(text);
            assert!(
                refusal.starts_with(place) && refusal.contains(what),
                "{refusal}"
            );
        }
    }
}
