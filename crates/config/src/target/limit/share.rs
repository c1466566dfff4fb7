//! The most slots of a limit that each priority may take: a number, or a percentage of the limit,
//! rounded down but at least one.

use rampmeter_dispatch::{Priority, Reserve, Share};

use crate::document::{Node, Reading, Section, Value};
use crate::problem::{Code, Problem};

/// Reads `share`. `max`: the slots of the limit.
pub(super) fn read(
    reading: &Reading<'_>,
    section: &Section<'_>,
    max: Option<u64>,
    reserve: Option<Reserve>,
) -> Option<Share> {
    let Some(node) = section.get("share") else {
        return Some(Share::default());
    };
    let keys = Priority::ALL.map(Priority::as_str);
    let inner = Section::open(reading, "share", node, "a share", &keys)?;
    let (max, reserve) = (max?, reserve?);
    let mut places = [None; 3];
    let mut hundredths = [None; 3];
    for priority in Priority::ALL {
        if let Some(node) = inner.get(priority.as_str()) {
            let share = one(node, max, reserve.of(priority));
            match share {
                Ok(share) => {
                    places[priority.index()] = Some(share);
                    hundredths[priority.index()] = part(node);
                }
                Err(reason) => {
                    let what = format!("the share of {priority} {reason}");
                    reading.note(Problem::new(Code::BadShare, what).at(&node.span).help(
                        "write a number of places or a percentage, such as { BATCH = \"60%\" }",
                    ));
                    return None;
                }
            }
        }
    }
    let [high, medium, batch] = places;
    Some(Share {
        high,
        medium,
        batch,
        hundredths,
    })
}

/// The percentage of a share that is written as one.
fn part(node: &Node) -> Option<u8> {
    match &node.value {
        Value::Text(text) => percentage(text).ok(),
        _ => None,
    }
}

fn one(node: &Node, max: u64, reserved: u32) -> Result<u32, String> {
    let places = match &node.value {
        Value::Integer(places) => u64::try_from(*places).unwrap_or(0),
        Value::Text(text) => Share::part(percentage(text)?, max),
        _ => return Err("is neither a number nor a percentage".to_owned()),
    };
    if places == 0 {
        return Err("is nothing: none of its calls could ever start".to_owned());
    }
    if places > max {
        return Err(format!("is more than the {max} places of the limit"));
    }
    if places < u64::from(reserved) {
        return Err(format!(
            "is less than the {reserved} places it has reserved"
        ));
    }
    u32::try_from(places).map_err(|_| "is too large".to_owned())
}

fn percentage(text: &str) -> Result<u8, String> {
    let part = text.strip_suffix('%').and_then(|part| part.parse().ok());
    part.filter(|part| *part <= 100)
        .ok_or_else(|| "is not a percentage from 1% to 100%".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(value: Value, max: u64) -> Result<u32, String> {
        one(&Node { span: 0..0, value }, max, 2)
    }

    #[test]
    fn a_share_is_a_number_or_a_part_of_the_limit_rounded_down_but_never_to_nothing() {
        assert_eq!(share(Value::Integer(7), 10), Ok(7));
        assert_eq!(share(Value::Text("60%".to_owned()), 12), Ok(7));
        assert_eq!(
            one(
                &Node {
                    span: 0..0,
                    value: Value::Text("1%".to_owned())
                },
                12,
                0
            ),
            Ok(1)
        );
        assert_eq!(share(Value::Text("100%".to_owned()), 12), Ok(12));
    }

    #[test]
    fn a_share_that_makes_no_sense_is_refused() {
        for (value, max) in [
            (Value::Integer(0), 10),
            (Value::Integer(-3), 10),
            (Value::Integer(11), 10),
            (Value::Integer(1), 10),
            (Value::Text("101%".to_owned()), 10),
            (Value::Text("0%".to_owned()), 10),
            (Value::Text("-1%".to_owned()), 10),
            (Value::Boolean(true), 10),
        ] {
            assert!(share(value, max).is_err());
        }
    }
}
