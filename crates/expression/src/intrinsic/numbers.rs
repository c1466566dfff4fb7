//! Functions on numbers: `MathAdd`, `MathRandom`.

use serde_json::Value;

use super::{CallError, failed};
use crate::java_random::JavaRandom;
use crate::scope::Scope;

/// A whole-number argument. Others are rounded half up, as AWS's recordings show.
pub(super) fn integer(values: &[Value], index: usize) -> Result<i64, CallError> {
    let Some(Value::Number(number)) = values.get(index) else {
        return failed(format!("The argument at index {index} is not a number"));
    };
    if let Some(integer) = number.as_i64() {
        return Ok(integer);
    }
    let rounded = number
        .as_f64()
        .map_or(f64::NAN, |float| (float + 0.5).floor());
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the range is checked in the same line"
    )]
    if rounded.abs() <= 9_007_199_254_740_992.0 {
        Ok(rounded as i64)
    } else {
        failed(format!("The argument at index {index} is out of range"))
    }
}

fn small(values: &[Value], index: usize) -> Result<i64, CallError> {
    let integer = integer(values, index)?;
    if i32::try_from(integer).is_ok() {
        Ok(integer)
    } else {
        failed(format!(
            "The argument at index {index} is not a 32-bit integer"
        ))
    }
}

/// `States.MathAdd(a, b)`, in 32 bits.
pub(super) fn add(values: &[Value]) -> Result<Value, CallError> {
    match i32::try_from(small(values, 0)? + small(values, 1)?) {
        Ok(sum) => Ok(Value::from(sum)),
        Err(_) => failed("The sum is not a 32-bit integer"),
    }
}

/// `States.MathRandom(start, end[, seed])`: a number from `start` up to but not including `end`.
/// The same seed gives the same number.
pub(super) fn random(values: &[Value], scope: &mut dyn Scope) -> Result<Value, CallError> {
    let (start, end) = (small(values, 0)?, small(values, 1)?);
    if start >= end {
        return failed("The end of the range is not after its start");
    }
    if values.len() > 2 {
        let mut random = JavaRandom::of(integer(values, 2)?);
        return Ok(Value::from(random.next_between(start, end)));
    }
    let bits = scope.random();
    let span = i128::from(end - start);
    let offset = (i128::from(bits) * span) >> 64;
    let picked = i64::try_from(offset).map_or(start, |offset| start + offset);
    Ok(Value::from(picked))
}
