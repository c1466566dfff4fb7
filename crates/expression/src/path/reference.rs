//! A reference path: a path to exactly one place below `$`, into which `ResultPath` writes.

use serde_json::{Map, Value};

use super::{Path, Root, Segment, position};
use crate::payload::DEPTH_LIMIT;

/// A definite path below the input.
#[derive(Clone, Debug, PartialEq)]
pub struct ReferencePath(Path);

/// A text that is not a reference path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoReferencePath {
    /// Not a path, or one that may point to no place or to several.
    #[error("Value is not a Reference Path")]
    Indefinite,
    /// Writing to it could only make data that nests too deeply.
    #[error("A Reference Path has at most {DEPTH_LIMIT} steps")]
    TooLong,
}

/// The place cannot be created: something that is not an object, or an array that is too short, is
/// in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoPlace;

impl ReferencePath {
    /// Reads a reference path.
    pub fn parse(text: &str) -> Result<Self, NoReferencePath> {
        let path = Path::parse(text).map_err(|_| NoReferencePath::Indefinite)?;
        if path.root != Root::Input || !path.is_definite() || path.function.is_some() {
            return Err(NoReferencePath::Indefinite);
        }
        if path.steps.len() > DEPTH_LIMIT {
            return Err(NoReferencePath::TooLong);
        }
        Ok(Self(path))
    }

    /// `$`.
    pub fn input() -> Self {
        Self(Path::input())
    }

    /// As written.
    pub fn text(&self) -> &str {
        self.0.text()
    }

    /// Whether what is written replaces everything.
    pub fn is_input(&self) -> bool {
        self.0.is_input()
    }

    /// Writes `result` into `document`, making the objects on the way that do not exist.
    pub fn write(&self, document: &mut Value, result: Value) -> Result<(), NoPlace> {
        let mut place = document;
        for step in &self.0.steps {
            place = match step {
                Segment::Child(name) => object(place)?.entry(name.as_str()).or_insert(Value::Null),
                Segment::Index(index) => {
                    let items = place.as_array_mut().ok_or(NoPlace)?;
                    let at = position(*index, items.len()).ok_or(NoPlace)?;
                    items.get_mut(at).ok_or(NoPlace)?
                }
                _ => unreachable!("a reference path has only names and indices"),
            };
        }
        *place = result;
        Ok(())
    }
}

fn object(value: &mut Value) -> Result<&mut Map<String, Value>, NoPlace> {
    if value.is_null() {
        *value = Value::Object(Map::new());
    }
    value.as_object_mut().ok_or(NoPlace)
}
