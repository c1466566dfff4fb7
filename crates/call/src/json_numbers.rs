//! Whether JSON text says more than a `Value` can hold: numbers beyond 64 bits, and decimals longer than a double keeps.
//! Pure.

/// Whether reading this JSON as a `Value` would change a number in it: an integer beyond 64 bits, or a decimal whose digits
/// a double does not keep. The text must be valid JSON.
#[must_use]
pub fn changes_a_number(json: &str) -> bool {
    let bytes = json.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => at = end_of_string(bytes, at + 1),
            b'-' | b'0'..=b'9' => {
                let end = at + length_of_number(&bytes[at..]);
                if !is_kept(&json[at..end]) {
                    return true;
                }
                at = end;
            }
            _ => at += 1,
        }
    }
    false
}

/// Where a string ends, from behind its opening quote.
fn end_of_string(bytes: &[u8], mut at: usize) -> usize {
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    at
}

fn length_of_number(bytes: &[u8]) -> usize {
    let rest = bytes
        .iter()
        .position(|byte| !matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'));
    rest.unwrap_or(bytes.len())
}

/// Whether it is negative, its digits without zeros at either end, and the power of ten of the last of them.
type Decimal = (bool, String, i64);

fn is_kept(number: &str) -> bool {
    if !number.contains(['.', 'e', 'E']) {
        return number.parse::<i64>().is_ok() || number.parse::<u64>().is_ok();
    }
    let Ok(double) = number.parse::<f64>() else {
        return false;
    };
    double.is_finite() && decimal(number) == decimal(&format!("{double:e}"))
}

fn decimal(number: &str) -> Option<Decimal> {
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let exponent: i64 = exponent.parse().ok()?;
    let (negative, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, mantissa),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let kept = digits.trim_end_matches('0');
    let dropped = i64::try_from(digits.len() - kept.len()).ok()?;
    let scale = i64::try_from(fraction.len()).ok()?;
    let kept = kept.trim_start_matches('0');
    if kept.is_empty() {
        return Some((negative, String::new(), 0));
    }
    let power = exponent.checked_sub(scale)?.checked_add(dropped)?;
    Some((negative, kept.to_owned(), power))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    #[test]
    fn numbers_that_a_value_holds_are_kept() {
        for json in [
            "0",
            "-1",
            "18446744073709551615",
            "-9223372036854775808",
            "1.10",
            "0.1",
            "1E5",
            "-0.0",
            "0e9",
            "1e-7",
            "0.30000000000000004",
            "[1, {\"12345678901234567890123\": \"12345678901234567890123\"}]",
            "\"\\\"12345678901234567890123\"",
            "true",
        ] {
            assert!(!changes_a_number(json), "{json}");
        }
    }

    #[test]
    fn numbers_that_a_value_would_change_are_seen() {
        for json in [
            "12345678901234567890123",
            "18446744073709551616",
            "100000000000000000000",
            "9007199254740993.25",
            "0.1234567890123456789",
            "{\"a\": [\"x\", 1, -12345678901234567890]}",
            "1e400",
        ] {
            assert!(changes_a_number(json), "{json}");
        }
    }

    proptest! {
        #[test]
        fn what_a_value_wrote_is_kept(number: f64) {
            let text = Value::from(number).to_string();
            prop_assert!(!changes_a_number(&text), "{text}");
        }

        #[test]
        fn no_text_makes_it_panic(text in "[0-9eE.+\"\\\\ é-]{0,30}") {
            let _seen = changes_a_number(&text);
        }
    }
}
