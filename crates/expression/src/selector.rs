//! A JSONPath on its own, for hosts that extract a part of data before a workflow sees it.

use serde_json::Value;

use crate::budget::Budget;
use crate::path::Path;

/// A path that begins with `$`, the data itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Selector(Path);

/// Why a text selects nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectorError {
    /// It is not a JSONPath.
    #[error("{0}")]
    NotAPath(String),
    /// It begins with a variable or the context object, which a selector does not have.
    #[error("it must begin with $ and name the data alone")]
    NotOfTheData,
}

impl Selector {
    /// Reads a path.
    ///
    /// # Errors
    /// See [`SelectorError`].
    pub fn parse(text: &str) -> Result<Selector, SelectorError> {
        let path = Path::parse(text).map_err(|error| SelectorError::NotAPath(error.to_string()))?;
        if *path.root() == crate::path::Root::Input {
            Ok(Selector(path))
        } else {
            Err(SelectorError::NotOfTheData)
        }
    }

    /// What it points to: one value, or a list if it may point to several. None if it points to nothing, or if finding
    /// that out takes more work than an expression may do.
    #[must_use]
    pub fn select(&self, data: &Value) -> Option<Value> {
        let found = self.0.find(data, &Budget::new());
        found.ok().map(std::borrow::Cow::into_owned)
    }
}

impl Selector {
    /// What is left of a body: what the path points to, null if that is nothing. None if the body is neither an object
    /// nor a list, and stays as it is.
    #[must_use]
    pub fn part_of(&self, body: &Value) -> Option<Value> {
        let has_parts = body.is_object() || body.is_array();
        has_parts.then(|| self.select(body).unwrap_or(Value::Null))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_selector_finds_one_value_a_list_or_nothing() {
        let data = json!({"items": [{"id": 1, "x": 0}, {"id": 2}], "total": 2});
        let select = |path: &str| Selector::parse(path).unwrap().select(&data);
        assert_eq!(select("$.items[*].id"), Some(json!([1, 2])));
        assert_eq!(select("$.total"), Some(json!(2)));
        assert_eq!(select("$"), Some(data.clone()));
        assert_eq!(select("$.none"), None);
    }

    #[test]
    fn a_part_of_a_body_is_null_where_it_is_not_there_and_a_text_has_no_parts() {
        let selector = Selector::parse("$.id").unwrap();
        assert_eq!(selector.part_of(&json!({"id": 7})), Some(json!(7)));
        assert_eq!(selector.part_of(&json!([])), Some(Value::Null));
        assert_eq!(selector.part_of(&json!("<html>")), None);
    }

    #[test]
    fn what_is_no_path_into_the_data_is_refused() {
        for text in ["", "items", "$$.Execution.Id", "$variable", "$.items["] {
            assert!(Selector::parse(text).is_err(), "{text}");
        }
    }
}
