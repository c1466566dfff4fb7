//! CreateQueue, GetQueueUrl, ListQueues, ListDeadLetterSourceQueues, PurgeQueue and DeleteQueue. A queue URL carries the
//! name under which the client reached this server; see `crate::server::origin`.

use rampmeter_engine::{CreateQueue, ListQueues, Names, Page, Rejected};
use serde::Deserialize;
use serde_json::{Value, json};

use super::parameter::{queue_url, required};
use crate::operation::Call;
use crate::protocol::error::WireError;
use crate::protocol::json::parameters;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Create {
    queue_name: Option<String>,
    #[serde(default)]
    attributes: Option<Names>,
    // AWS's model has this one member in lower case.
    #[serde(default, rename = "tags", alias = "Tags")]
    tags: Option<Names>,
}

pub(crate) async fn create(call: Call) -> Result<Value, WireError> {
    let create: Create = parameters(&call.body)?;
    let request = CreateQueue {
        name: required("QueueName", create.queue_name)?,
        attributes: create.attributes.unwrap_or_default(),
        tags: create.tags.unwrap_or_default(),
    };
    let name = call.site.engine.queues().create_queue(request).await?;
    Ok(json!({ "QueueUrl": url_of(&call, &name) }))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetUrl {
    queue_name: Option<String>,
    #[serde(rename = "QueueOwnerAWSAccountId")]
    owner: Option<String>,
}

pub(crate) async fn get_url(call: Call) -> Result<Value, WireError> {
    let get: GetUrl = parameters(&call.body)?;
    let name = required("QueueName", get.queue_name)?;
    if get.owner.is_some_and(|owner| owner != call.site.account) {
        return Err(Rejected::QueueDoesNotExist(name).into());
    }
    let name = call.site.engine.queues().find_queue(&name).await?;
    Ok(json!({ "QueueUrl": url_of(&call, &name) }))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct List {
    queue_url: Option<String>,
    queue_name_prefix: Option<String>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

pub(crate) async fn list(call: Call) -> Result<Value, WireError> {
    let list: List = parameters(&call.body)?;
    let page = call
        .site
        .engine
        .queues()
        .list_queues(ListQueues {
            prefix: list.queue_name_prefix,
            dead_letter_queue_url: None,
            max_results: list.max_results,
            next_token: list.next_token,
        })
        .await?;
    Ok(page_of(&call, "QueueUrls", page))
}

pub(crate) async fn list_sources(call: Call) -> Result<Value, WireError> {
    let list: List = parameters(&call.body)?;
    let page = call
        .site
        .engine
        .queues()
        .list_queues(ListQueues {
            prefix: None,
            dead_letter_queue_url: Some(required("QueueUrl", list.queue_url)?),
            max_results: list.max_results,
            next_token: list.next_token,
        })
        .await?;
    let mut answer = page_of(&call, "queueUrls", page);
    if answer.get("queueUrls").is_none() {
        answer["queueUrls"] = json!([]);
    }
    Ok(answer)
}

pub(crate) async fn purge(call: Call) -> Result<Value, WireError> {
    let url = queue_url(&call.body)?;
    call.site.engine.queues().purge_queue(&url).await?;
    Ok(json!({}))
}

pub(crate) async fn delete(call: Call) -> Result<Value, WireError> {
    let url = queue_url(&call.body)?;
    call.site.engine.queues().delete_queue(&url).await?;
    Ok(json!({}))
}

/// A page of queue URLs. AWS omits an empty list.
fn page_of(call: &Call, member: &str, page: Page<String>) -> Value {
    let mut answer = json!({});
    if !page.items.is_empty() {
        let urls = page.items.iter().map(|name| url_of(call, name));
        answer[member] = urls.collect();
    }
    if let Some(token) = page.next_token {
        answer["NextToken"] = Value::from(token);
    }
    answer
}

fn url_of(call: &Call, name: &str) -> String {
    format!("{}/{}/{name}", call.origin, call.site.account)
}
