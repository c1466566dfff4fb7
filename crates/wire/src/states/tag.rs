//! TagResource, UntagResource and ListTagsForResource, and the tags of what is created.

use std::collections::BTreeMap;

use rampmeter_engine::ResourceTags;
use serde::Deserialize;
use serde_json::{Value, json};

use super::constraint::Constraints;
use super::execution::MAX_ARN_CHARS;
use crate::operation::Call;
use crate::protocol::error::WireError;
use crate::protocol::json::parameters;

/// Characters of a tag's key and of its value.
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_Tag.html>
const MAX_KEY_CHARS: usize = 128;
const MAX_VALUE_CHARS: usize = 256;

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
        constraints.optional(&key, tag.key.as_deref(), 1..=MAX_KEY_CHARS);
        let value = format!("tags.{number}.member.value");
        constraints.optional(&value, tag.value.as_deref(), 0..=MAX_VALUE_CHARS);
    }
    constraints.check()?;
    let pairs = tags.into_iter();
    Ok(pairs
        .map(|tag| (tag.key.unwrap_or_default(), tag.value.unwrap_or_default()))
        .collect())
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct TagResource {
    resource_arn: Option<String>,
    tags: Option<Vec<Tag>>,
}

pub(crate) async fn tag(call: Call) -> Result<Value, WireError> {
    let request: TagResource = parameters(&call.body)?;
    let mut constraints = Constraints::new();
    let arn = request.resource_arn.as_deref();
    constraints.required("resourceArn", arn, 1..=MAX_ARN_CHARS);
    constraints.present("tags", request.tags.as_ref());
    constraints.check()?;
    let tags = tags_by_key(request.tags.unwrap_or_default())?;
    let arn = request.resource_arn.unwrap_or_default();
    let change = ResourceTags::Set(tags);
    call.site
        .engine
        .state_machines()
        .change_tags(&arn, change)
        .await?;
    Ok(json!({}))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct UntagResource {
    resource_arn: Option<String>,
    tag_keys: Option<Vec<String>>,
}

pub(crate) async fn untag(call: Call) -> Result<Value, WireError> {
    let request: UntagResource = parameters(&call.body)?;
    let mut constraints = Constraints::new();
    let arn = request.resource_arn.as_deref();
    constraints.required("resourceArn", arn, 1..=MAX_ARN_CHARS);
    constraints.present("tagKeys", request.tag_keys.as_ref());
    for (number, key) in (1..).zip(request.tag_keys.iter().flatten()) {
        let member = format!("tagKeys.{number}.member");
        constraints.optional(&member, Some(key), 1..=MAX_KEY_CHARS);
    }
    constraints.check()?;
    let arn = request.resource_arn.unwrap_or_default();
    let change = ResourceTags::Remove(request.tag_keys.unwrap_or_default());
    call.site
        .engine
        .state_machines()
        .change_tags(&arn, change)
        .await?;
    Ok(json!({}))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListTags {
    resource_arn: Option<String>,
}

pub(crate) async fn list(call: Call) -> Result<Value, WireError> {
    let list: ListTags = parameters(&call.body)?;
    let mut constraints = Constraints::new();
    let arn = list.resource_arn.as_deref();
    constraints.required("resourceArn", arn, 1..=MAX_ARN_CHARS);
    constraints.check()?;
    let arn = list.resource_arn.unwrap_or_default();
    let tags = call
        .site
        .engine
        .state_machines()
        .tags(&arn)
        .await?
        .into_iter();
    let shown = tags.map(|(key, value)| json!({ "key": key, "value": value }));
    Ok(json!({ "tags": shown.collect::<Vec<_>>() }))
}
