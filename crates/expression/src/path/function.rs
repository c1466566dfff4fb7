//! The functions that a path may end with, as the library that AWS uses has them: `$.items.length()`,
//! `$..price.max()`. `first()`, `last()` and `index(n)` are read as steps and are not here.

use serde_json::{Number, Value};

use super::{Missing, Segment, Visits, gather, is_definite, select};

/// A function at the end of a path.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Function {
    pub(super) kind: Kind,
    pub(super) parameters: Vec<Parameter>,
}

/// What a function computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Length,
    Keys,
    Min,
    Max,
    Avg,
    Stddev,
    Sum,
    Concat,
    Append,
}

/// The contents of the parentheses.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Parameter {
    Literal(Value),
    /// `$...`: below the root.
    Root(Vec<Segment>),
}

impl Kind {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "length" | "size" => Self::Length,
            "keys" => Self::Keys,
            "min" => Self::Min,
            "max" => Self::Max,
            "avg" => Self::Avg,
            "stddev" => Self::Stddev,
            "sum" => Self::Sum,
            "concat" => Self::Concat,
            "append" => Self::Append,
            _ => return None,
        })
    }
}

impl Function {
    /// What the function makes of the value that the path before it found.
    pub(super) fn apply(&self, model: &Value, visits: &Visits<'_>) -> Result<Value, Missing> {
        let mut parameters = Vec::with_capacity(self.parameters.len());
        for parameter in &self.parameters {
            match parameter {
                Parameter::Literal(value) => parameters.push(value.clone()),
                Parameter::Root(steps) => {
                    let found = select(steps, visits.root, visits)?;
                    match found.first() {
                        Some(&one) if is_definite(steps) => parameters.push(one.clone()),
                        _ => parameters.push(gather(&found, visits.budget)?),
                    }
                }
            }
        }
        visits
            .budget
            .spend(model.as_array().map_or(1, Vec::len) + parameters.len())?;
        match self.kind {
            Kind::Length => Ok(length(parameters.first().unwrap_or(model))),
            Kind::Keys => Ok(model.as_object().map_or(Value::Null, |fields| {
                Value::Array(
                    fields
                        .keys()
                        .map(|name| Value::from(name.as_str()))
                        .collect(),
                )
            })),
            Kind::Concat => Ok(Value::String(texts(model, &parameters))),
            Kind::Append => Ok(match model {
                Value::Array(items) => Value::Array([items.as_slice(), &parameters].concat()),
                other => other.clone(),
            }),
            kind => aggregate(kind, &numbers(model, &parameters)),
        }
    }
}

fn length(value: &Value) -> Value {
    match value {
        Value::Array(items) => Value::from(items.len()),
        Value::Object(fields) => Value::from(fields.len()),
        _ => Value::Null,
    }
}

/// The texts among the items of the value and the parameters, one after the other.
fn texts(model: &Value, parameters: &[Value]) -> String {
    let items = model.as_array().map_or(&[][..], Vec::as_slice);
    let all = items.iter().chain(parameters);
    all.filter_map(Value::as_str).collect()
}

/// The numbers among the items of the value and the parameters, and the items of those that are lists.
fn numbers(model: &Value, parameters: &[Value]) -> Vec<f64> {
    let items = model.as_array().map_or(&[][..], Vec::as_slice);
    let listed = parameters.iter().flat_map(|value| match value {
        Value::Array(items) => items.as_slice(),
        one => std::slice::from_ref(one),
    });
    items
        .iter()
        .chain(listed)
        .filter_map(Value::as_f64)
        .collect()
}

#[expect(clippy::cast_precision_loss, reason = "far fewer numbers than 2^53")]
fn aggregate(kind: Kind, numbers: &[f64]) -> Result<Value, Missing> {
    if numbers.is_empty() {
        return Err(Missing {
            reason: "Aggregation function attempted to calculate value using empty array"
                .to_owned(),
        });
    }
    let count = numbers.len() as f64;
    let sum: f64 = numbers.iter().sum();
    let value = match kind {
        Kind::Min => numbers.iter().copied().fold(f64::INFINITY, f64::min),
        Kind::Max => numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        Kind::Avg => sum / count,
        Kind::Stddev => {
            let squares: f64 = numbers.iter().map(|number| number * number).sum();
            (squares / count - (sum / count) * (sum / count))
                .max(0.0)
                .sqrt()
        }
        _ => sum,
    };
    Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
}
