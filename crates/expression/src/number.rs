//! Comparing JSON numbers: whole numbers exactly, all others as IEEE 754 doubles.

use std::cmp::Ordering;

use serde_json::Number;

/// How two numbers compare. None only for NaN, which JSON cannot hold.
pub fn compare(left: &Number, right: &Number) -> Option<Ordering> {
    match (left.as_i128(), right.as_i128()) {
        (Some(left), Some(right)) => Some(left.cmp(&right)),
        _ => left.as_f64()?.partial_cmp(&right.as_f64()?),
    }
}

/// The whole number that a JSON number represents; `1.0` is one, `1.5` is not.
pub fn whole(number: &Number) -> Option<i64> {
    if let Some(integer) = number.as_i64() {
        return Some(integer);
    }
    let float = number.as_f64()?;
    // 2^53: up to here every whole double is exact.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the range is checked in the same line"
    )]
    (float.fract() == 0.0 && float.abs() <= 9_007_199_254_740_992.0).then_some(float as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_whole_numbers_compare_exactly() {
        let left = Number::from(9_007_199_254_740_993_i64);
        let right = Number::from(9_007_199_254_740_992_i64);
        assert_eq!(compare(&left, &right), Some(Ordering::Greater));
    }

    #[test]
    fn a_whole_number_equals_its_decimal_form() {
        let decimal = Number::from_f64(1.0).unwrap();
        assert_eq!(compare(&Number::from(1), &decimal), Some(Ordering::Equal));
        assert_eq!(whole(&decimal), Some(1));
        assert_eq!(whole(&Number::from_f64(-1.5).unwrap()), None);
    }
}
