//! TagResource, UntagResource and ListTagsForResource, and the tags of what is created.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::constraint::Constraints;
use crate::wire::error::WireError;

/// Characters of a tag's key and of its value.
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_Tag.html>
const LONGEST_KEY: usize = 128;
const LONGEST_VALUE: usize = 256;

/// A tag as AWS writes it.
#[derive(Debug, Deserialize)]
pub(super) struct Tag {
    key: Option<String>,
    value: Option<String>,
}

/// The tags by their keys; of two with the same key the later one counts.
pub(super) fn tags_by_key(tags: Vec<Tag>) -> Result<BTreeMap<String, String>, WireError> {
    let mut constraints = Constraints::new();
    for (number, tag) in (1..).zip(&tags) {
        let key = format!("tags.{number}.member.key");
        constraints.optional(&key, tag.key.as_deref(), 1..=LONGEST_KEY);
        let value = format!("tags.{number}.member.value");
        constraints.optional(&value, tag.value.as_deref(), 0..=LONGEST_VALUE);
    }
    constraints.check()?;
    let pairs = tags.into_iter();
    Ok(pairs
        .map(|tag| (tag.key.unwrap_or_default(), tag.value.unwrap_or_default()))
        .collect())
}
