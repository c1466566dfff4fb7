//! Functions on arrays and objects.

use serde_json::Value;

use super::numbers::integer;
use super::{CallError, failed};

/// How many items `States.ArrayRange` may make; AWS's limit.
const RANGE_LIMIT: i64 = 1_000;

fn array(values: &[Value]) -> Result<&Vec<Value>, CallError> {
    match values.first() {
        Some(Value::Array(items)) => Ok(items),
        _ => failed("The argument at index 0 is not an array"),
    }
}

/// Equality as people see it: `1` and `1.0` are the same number.
fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            crate::number::compare(left, right) == Some(std::cmp::Ordering::Equal)
        }
        _ => left == right,
    }
}

/// `States.ArrayContains(array, value)`.
pub(super) fn contains(values: &[Value]) -> Result<Value, CallError> {
    let wanted = &values[1];
    Ok(Value::Bool(
        array(values)?.iter().any(|item| same(item, wanted)),
    ))
}

/// `States.ArrayGetItem(array, index)`.
pub(super) fn get_item(values: &[Value]) -> Result<Value, CallError> {
    let (items, index) = (array(values)?, integer(values, 1)?);
    match usize::try_from(index).ok().and_then(|at| items.get(at)) {
        Some(item) => Ok(item.clone()),
        None => failed(format!(
            "The index {index} is out of range of an array of {}",
            items.len()
        )),
    }
}

/// `States.ArrayLength(array)`.
pub(super) fn length(values: &[Value]) -> Result<Value, CallError> {
    Ok(Value::from(array(values)?.len()))
}

/// `States.ArrayPartition(array, size)`.
pub(super) fn partition(values: &[Value]) -> Result<Value, CallError> {
    let (items, size) = (array(values)?, integer(values, 1)?);
    match usize::try_from(size) {
        Ok(size) if size > 0 => Ok(Value::Array(
            items
                .chunks(size)
                .map(|chunk| Value::Array(chunk.to_vec()))
                .collect(),
        )),
        _ => failed("The argument at index 1 is not a positive integer"),
    }
}

/// `States.ArrayRange(first, last, step)`, with the last number included.
pub(super) fn range(values: &[Value]) -> Result<Value, CallError> {
    let (first, last, step) = (
        integer(values, 0)?,
        integer(values, 1)?,
        integer(values, 2)?,
    );
    if step == 0 {
        return failed("The argument at index 2 is zero");
    }
    let distance = i128::from(last) - i128::from(first);
    let count = (distance / i128::from(step)).max(-1) + 1;
    if distance.signum() * i128::from(step).signum() < 0 {
        return Ok(Value::Array(Vec::new()));
    }
    if count > i128::from(RANGE_LIMIT) {
        return failed(format!("The range has more than {RANGE_LIMIT} items"));
    }
    let mut items = Vec::new();
    let mut next = i128::from(first);
    for _ in 0..count {
        items.push(Value::from(i64::try_from(next).unwrap_or(last)));
        next += i128::from(step);
    }
    Ok(Value::Array(items))
}

/// `States.ArrayUnique(array)`: each value once, where it first occurred.
pub(super) fn unique(values: &[Value]) -> Result<Value, CallError> {
    let mut seen = std::collections::BTreeSet::new();
    let items = array(values)?
        .iter()
        .filter(|item| seen.insert(item.to_string()));
    Ok(Value::Array(items.cloned().collect()))
}

/// `States.JsonMerge(one, two, false)`: the fields of both; those of the second take precedence.
pub(super) fn merge(values: &[Value]) -> Result<Value, CallError> {
    let (Value::Object(one), Value::Object(two)) = (&values[0], &values[1]) else {
        return failed("The arguments at index 0 and 1 are not both objects");
    };
    if values[2] != Value::Bool(false) {
        return failed(
            "Only the shallow merge is supported: the argument at index 2 must be false",
        );
    }
    let mut merged = one.clone();
    merged.extend(
        two.iter()
            .map(|(name, value)| (name.clone(), value.clone())),
    );
    Ok(Value::Object(merged))
}
