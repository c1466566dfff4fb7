//! Intrinsic functions, `States.Format('{}', $.a)`: reading a call, and calling it. What each
//! function does is in the modules below, by what it works on.

mod arrays;
mod hashes;
mod numbers;
mod parse;
mod strings;

#[cfg(test)]
mod tests;

use serde_json::Value;

pub use self::hashes::{digest, uuid};
use crate::budget::{Exhausted, text_size};
use crate::java_text;
use crate::path::Path;
use crate::scope::Scope;

/// A call as written, with its arguments.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    text: String,
    function: Function,
    arguments: Vec<Argument>,
}

/// What a call passes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Argument {
    Literal(Value),
    Path(Path),
    Call(Call),
}

/// The functions of the language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Function {
    Array,
    ArrayContains,
    ArrayGetItem,
    ArrayLength,
    ArrayPartition,
    ArrayRange,
    ArrayUnique,
    Base64Decode,
    Base64Encode,
    Format,
    Hash,
    JsonMerge,
    JsonToString,
    MathAdd,
    MathRandom,
    StringSplit,
    StringToJson,
    Uuid,
}

/// Why a call has no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallError {
    /// The function refused its arguments.
    Failed(String),
    /// The budget of the state is used up.
    TooMuchData,
}

impl From<Exhausted> for CallError {
    fn from(_: Exhausted) -> Self {
        Self::TooMuchData
    }
}

/// A call that fails with this reason.
fn failed<T>(reason: impl Into<String>) -> Result<T, CallError> {
    Err(CallError::Failed(reason.into()))
}

impl Function {
    const ALL: [(Self, &'static str, usize, usize); 18] = [
        (Self::Array, "States.Array", 0, usize::MAX),
        (Self::ArrayContains, "States.ArrayContains", 2, 2),
        (Self::ArrayGetItem, "States.ArrayGetItem", 2, 2),
        (Self::ArrayLength, "States.ArrayLength", 1, 1),
        (Self::ArrayPartition, "States.ArrayPartition", 2, 2),
        (Self::ArrayRange, "States.ArrayRange", 3, 3),
        (Self::ArrayUnique, "States.ArrayUnique", 1, 1),
        (Self::Base64Decode, "States.Base64Decode", 1, 1),
        (Self::Base64Encode, "States.Base64Encode", 1, 1),
        (Self::Format, "States.Format", 1, usize::MAX),
        (Self::Hash, "States.Hash", 2, 2),
        (Self::JsonMerge, "States.JsonMerge", 3, 3),
        (Self::JsonToString, "States.JsonToString", 1, 1),
        (Self::MathAdd, "States.MathAdd", 2, 2),
        (Self::MathRandom, "States.MathRandom", 2, 3),
        (Self::StringSplit, "States.StringSplit", 2, 2),
        (Self::StringToJson, "States.StringToJson", 1, 1),
        (Self::Uuid, "States.UUID", 0, 0),
    ];

    fn named(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|entry| entry.1 == name)
            .map(|entry| entry.0)
    }

    /// Whether it takes this number of arguments.
    fn takes(self, count: usize) -> bool {
        Self::ALL
            .iter()
            .any(|&(one, _, least, most)| one == self && (least..=most).contains(&count))
    }
}

impl Call {
    /// Reads a whole text as one call.
    pub fn parse(text: &str) -> Result<Self, crate::path::PathError> {
        parse::call(text)
    }

    /// As written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether any path among its arguments meets a condition.
    pub fn has_path(&self, meets: &impl Fn(&Path) -> bool) -> bool {
        self.arguments.iter().any(|argument| match argument {
            Argument::Literal(_) => false,
            Argument::Path(path) => meets(path),
            Argument::Call(call) => call.has_path(meets),
        })
    }

    /// Calls the function.
    pub fn evaluate(&self, scope: &mut dyn Scope) -> Result<Value, CallError> {
        let mut arguments = Vec::with_capacity(self.arguments.len());
        for argument in &self.arguments {
            let value = match argument {
                Argument::Literal(value) => value.clone(),
                Argument::Path(path) => scope.find(path).or_else(|_| {
                    failed(format!(
                        "The JsonPath argument for the field '{}' could not be found in the input \
                         '{}'",
                        path.text(),
                        scope.searched(path)
                    ))
                })?,
                Argument::Call(call) => call.evaluate(scope)?,
            };
            scope.budget().spend(text_size(&value))?;
            arguments.push(value);
        }
        self.function.apply(arguments, scope)
    }
}

impl Function {
    fn apply(self, arguments: Vec<Value>, scope: &mut dyn Scope) -> Result<Value, CallError> {
        let values = arguments.as_slice();
        match self {
            Self::Array => Ok(Value::Array(arguments)),
            Self::ArrayContains => arrays::contains(values),
            Self::ArrayGetItem => arrays::get_item(values),
            Self::ArrayLength => arrays::length(values),
            Self::ArrayPartition => arrays::partition(values),
            Self::ArrayRange => arrays::range(values),
            Self::ArrayUnique => arrays::unique(values),
            Self::Base64Decode => hashes::base64_decode(values),
            Self::Base64Encode => hashes::base64_encode(values),
            Self::Format => strings::format(values),
            Self::Hash => hashes::hash(values),
            Self::JsonMerge => arrays::merge(values),
            Self::JsonToString => Ok(Value::String(java_text::json(&values[0]))),
            Self::MathAdd => numbers::add(values),
            Self::MathRandom => numbers::random(values, scope),
            Self::StringSplit => strings::split(values),
            Self::StringToJson => strings::to_json(values),
            Self::Uuid => Ok(Value::String(hashes::uuid(scope.random(), scope.random()))),
        }
    }
}
