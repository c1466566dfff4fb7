//! A JSON value together with its text, shared instead of cloned. States hand one payload on to the
//! next, to events and to effects; each of those is a reference count, not a copy.

use std::fmt;
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// How deeply data may nest: as deep as [`Payload::parse`] reads, so that what is stored can be
/// read back, and shallow enough for everything that recurses into a value.
pub const DEPTH_LIMIT: usize = 127;

/// An immutable JSON value and its text. `Clone` copies a pointer.
#[derive(Clone)]
pub struct Payload(Arc<Inner>);

struct Inner {
    value: Value,
    text: OnceLock<String>,
}

impl Payload {
    /// Wraps a value. Its text is written only on demand.
    #[must_use]
    pub fn from_value(value: Value) -> Self {
        Self(Arc::new(Inner {
            value,
            text: OnceLock::new(),
        }))
    }

    /// Parses a JSON text and keeps that text as it was given, white space included.
    ///
    /// # Errors
    /// When the text is not one JSON value, or nests deeper than `serde_json` allows (127 levels).
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        let value = serde_json::from_str(text)?;
        Ok(Self(Arc::new(Inner {
            value,
            text: OnceLock::from(text.to_owned()),
        })))
    }

    /// The value.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.0.value
    }

    /// The text: the one it was parsed from, otherwise compact JSON.
    #[must_use]
    pub fn text(&self) -> &str {
        self.0.text.get_or_init(|| self.0.value.to_string())
    }

    /// The length of the text in bytes, which is what AWS's data limit counts.
    #[must_use]
    pub fn len(&self) -> usize {
        self.text().len()
    }

    /// Never true: the shortest JSON text has one character.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text().is_empty()
    }

    /// Whether the value nests deeper than the limit.
    pub fn is_too_deep(&self) -> bool {
        is_deeper_than(&self.0.value, DEPTH_LIMIT)
    }

    /// Whether both are the same allocation.
    #[must_use]
    pub fn ptr_eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// An address that is equal for two payloads exactly when [`Payload::ptr_eq`] holds.
    pub fn address(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }
}

impl PartialEq for Payload {
    fn eq(&self, other: &Self) -> bool {
        self.ptr_eq(other) || self.0.value == other.0.value
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl Serialize for Payload {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.value.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Payload {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(Self::from_value)
    }
}

impl From<Value> for Payload {
    fn from(value: Value) -> Self {
        Self::from_value(value)
    }
}

fn is_deeper_than(value: &Value, levels: usize) -> bool {
    match value {
        Value::Array(items) => {
            levels == 0 || items.iter().any(|item| is_deeper_than(item, levels - 1))
        }
        Value::Object(fields) => {
            levels == 0
                || fields
                    .values()
                    .any(|field| is_deeper_than(field, levels - 1))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_parsed_payload_keeps_the_text_it_was_given() {
        let payload = Payload::parse("{ \"a\":  1 }").unwrap();
        assert_eq!(payload.text(), "{ \"a\":  1 }");
        assert_eq!(payload.len(), 11);
        assert_eq!(payload.value(), &json!({"a": 1}));
        assert!(!payload.is_empty());
    }

    #[test]
    fn a_built_payload_has_compact_text() {
        assert_eq!(
            Payload::from_value(json!({"a": [1, 2]})).text(),
            r#"{"a":[1,2]}"#
        );
    }

    #[test]
    fn a_clone_is_the_same_allocation_and_an_equal_value_is_not() {
        let one = Payload::from_value(json!(1));
        assert!(one.ptr_eq(&one.clone()));
        let other = Payload::from_value(json!(1));
        assert!(!one.ptr_eq(&other));
        assert_eq!(one, other);
    }

    #[test]
    fn a_text_that_nests_too_deep_is_an_error_and_not_a_crash() {
        let text = "[".repeat(200_000);
        assert!(Payload::parse(&text).is_err());
    }
}
