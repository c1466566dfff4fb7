//! ReceiveMessage, DeleteMessage and ChangeMessageVisibility. The queues of a target have one consumer, its worker:
//! another one would make calls past the limits.

use serde::Deserialize;
use serde_json::Value;

use super::parameter::{required, unsupported};
use super::queue::does_not_exist;
use crate::wire::error::WireError;
use crate::wire::json::parameters;
use crate::wire::operation::Call;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Receive {
    queue_url: Option<String>,
}

pub(in crate::wire) async fn refuse(call: Call) -> Result<Value, WireError> {
    let receive: Receive = parameters(&call.body)?;
    let url = required("QueueUrl", receive.queue_url)?;
    let name = url.rsplit('/').next().unwrap_or_default();
    let Some((target, _)) = name.rsplit_once('-').filter(|_| call.site.has_queue(name)) else {
        return Err(does_not_exist());
    };
    Err(unsupported(format!(
        "The only consumer of {name} is the worker of its target ([targets.{target}] worker = \"embedded\")."
    )))
}
