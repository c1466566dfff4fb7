//! GetQueueAttributes and SetQueueAttributes.

use rampmeter_engine::Names;
use serde::Deserialize;
use serde_json::{Value, json};

use super::parameter::{missing, required};
use crate::operation::Call;
use crate::protocol::error::WireError;
use crate::protocol::json::parameters;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Get {
    queue_url: Option<String>,
    attribute_names: Option<Vec<String>>,
}

pub(crate) async fn get(call: Call) -> Result<Value, WireError> {
    let get: Get = parameters(&call.body)?;
    let url = required("QueueUrl", get.queue_url)?;
    let names = get.attribute_names.unwrap_or_default();
    let attributes = call
        .site
        .engine
        .queues()
        .queue_attributes(&url, &names)
        .await?;
    if attributes.is_empty() {
        return Ok(json!({}));
    }
    Ok(json!({ "Attributes": attributes }))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Set {
    queue_url: Option<String>,
    attributes: Option<Names>,
}

pub(crate) async fn set(call: Call) -> Result<Value, WireError> {
    let set: Set = parameters(&call.body)?;
    let url = required("QueueUrl", set.queue_url)?;
    let attributes = set.attributes.ok_or_else(|| missing("Attributes"))?;
    call.site
        .engine
        .queues()
        .set_queue_attributes(&url, attributes)
        .await?;
    Ok(json!({}))
}
