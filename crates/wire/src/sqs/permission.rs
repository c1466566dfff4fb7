//! AddPermission and RemovePermission.

use rampmeter_engine::PermissionChange;
use serde::Deserialize;
use serde_json::{Value, json};

use super::parameter::{missing, required};
use crate::operation::Call;
use crate::protocol::error::WireError;
use crate::protocol::json::parameters;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Permission {
    queue_url: Option<String>,
    label: Option<String>,
    #[serde(rename = "AWSAccountIds")]
    account_ids: Option<Vec<String>>,
    actions: Option<Vec<String>>,
}

pub(crate) async fn add(call: Call) -> Result<Value, WireError> {
    let permission: Permission = parameters(&call.body)?;
    let given = |name, list: Option<Vec<String>>| {
        list.filter(|list| !list.is_empty())
            .ok_or_else(|| missing(name))
    };
    let change = PermissionChange::Add {
        label: required("Label", permission.label)?,
        account_ids: given("AWSAccountIds", permission.account_ids)?,
        actions: given("Actions", permission.actions)?,
    };
    changed(&call, permission.queue_url, change).await
}

pub(crate) async fn remove(call: Call) -> Result<Value, WireError> {
    let permission: Permission = parameters(&call.body)?;
    let label = required("Label", permission.label)?;
    changed(
        &call,
        permission.queue_url,
        PermissionChange::Remove { label },
    )
    .await
}

async fn changed(
    call: &Call,
    url: Option<String>,
    change: PermissionChange,
) -> Result<Value, WireError> {
    let url = required("QueueUrl", url)?;
    call.site
        .engine
        .queues()
        .change_queue_permission(&url, change)
        .await?;
    Ok(json!({}))
}
