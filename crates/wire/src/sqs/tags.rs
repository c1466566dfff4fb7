//! TagQueue, UntagQueue and ListQueueTags.

use rampmeter_engine::{Names, TagChange};
use serde::Deserialize;
use serde_json::{Value, json};

use super::parameter::{missing, queue_url, required};
use crate::operation::Call;
use crate::protocol::error::WireError;
use crate::protocol::json::parameters;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Change {
    queue_url: Option<String>,
    tags: Option<Names>,
    tag_keys: Option<Vec<String>>,
}

pub(crate) async fn tag(call: Call) -> Result<Value, WireError> {
    let change: Change = parameters(&call.body)?;
    let tags = change.tags.filter(|tags| !tags.is_empty());
    let tags = tags.ok_or_else(|| missing("Tags"))?;
    changed(&call, change.queue_url, TagChange::Set(tags)).await
}

pub(crate) async fn untag(call: Call) -> Result<Value, WireError> {
    let change: Change = parameters(&call.body)?;
    let keys = change.tag_keys.filter(|keys| !keys.is_empty());
    let keys = keys.ok_or_else(|| missing("TagKeys"))?;
    changed(&call, change.queue_url, TagChange::Remove(keys)).await
}

async fn changed(call: &Call, url: Option<String>, change: TagChange) -> Result<Value, WireError> {
    let url = required("QueueUrl", url)?;
    call.site
        .engine
        .queues()
        .change_queue_tags(&url, change)
        .await?;
    Ok(json!({}))
}

pub(crate) async fn list(call: Call) -> Result<Value, WireError> {
    let url = queue_url(&call.body)?;
    let tags = call.site.engine.queues().queue_tags(&url).await?;
    if tags.is_empty() {
        return Ok(json!({}));
    }
    Ok(json!({ "Tags": tags }))
}
