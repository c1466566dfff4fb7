//! A parameter of the template as other tools ask for it: with a type. Where the code is is not among them, since the
//! modules know that themselves.

use serde_json::Value;

use crate::document::Template;
use crate::resource::parameter::{CODE_BUCKET, LAYER_KEY, WORKER_KEY};

/// One thing that may be chosen; everything that may be chosen has a default.
#[derive(Debug)]
pub(super) struct Choice<'a> {
    /// The parameter's name: `LogLevel`.
    pub(super) name: &'a str,
    pub(super) description: &'a str,
    pub(super) kind: Kind,
    /// The only values there are; none if any will do.
    pub(super) allowed: &'a [Value],
    /// The least and the greatest number.
    pub(super) range: (Option<i64>, Option<i64>),
    pub(super) default: &'a Value,
}

/// Types of parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    /// Texts with commas between them.
    List,
}

/// What may be chosen of a template.
///
/// # Panics
/// If a parameter has no default or a type that this page does not know: our own mistake.
pub(super) fn choices(template: &Template) -> Vec<Choice<'_>> {
    let known = [CODE_BUCKET, WORKER_KEY, LAYER_KEY];
    let chosen = template
        .parameters()
        .filter(|(name, _)| !known.contains(name));
    chosen.map(|(name, value)| choice(name, value)).collect()
}

fn choice<'a>(name: &'a str, value: &'a Value) -> Choice<'a> {
    let kind = match value["Type"].as_str() {
        Some("String") => Kind::Text,
        Some("Number") => Kind::Number,
        Some("CommaDelimitedList") => Kind::List,
        other => unreachable!("{name} is a parameter of type {other:?}"),
    };
    let default = &value["Default"];
    assert!(!default.is_null(), "{name} is a parameter without default");
    Choice {
        name,
        description: value["Description"].as_str().unwrap_or_default(),
        kind,
        allowed: value["AllowedValues"].as_array().map_or(&[], Vec::as_slice),
        range: (value["MinValue"].as_i64(), value["MaxValue"].as_i64()),
        default,
    }
}
