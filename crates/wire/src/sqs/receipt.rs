//! DeleteMessage and ChangeMessageVisibility, alone and in batches.

use rampmeter_engine::{Batch, ChangeMessageVisibility, DeleteMessage};
use serde::Deserialize;
use serde_json::{Value, json};

use super::batch;
use super::parameter::{missing, required};
use crate::operation::Call;
use crate::protocol::error::WireError;
use crate::protocol::json::parameters;

/// One request, alone or as an entry of a batch.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Receipt {
    id: Option<String>,
    queue_url: Option<String>,
    receipt_handle: Option<String>,
    visibility_timeout: Option<i64>,
}

impl Receipt {
    fn into_delete(self) -> Result<DeleteMessage, WireError> {
        Ok(DeleteMessage {
            receipt_handle: required("ReceiptHandle", self.receipt_handle)?,
        })
    }

    fn into_change(self) -> Result<ChangeMessageVisibility, WireError> {
        let timeout = self.visibility_timeout;
        Ok(ChangeMessageVisibility {
            receipt_handle: required("ReceiptHandle", self.receipt_handle)?,
            visibility_timeout: timeout.ok_or_else(|| missing("VisibilityTimeout"))?,
        })
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Receipts {
    queue_url: Option<String>,
    entries: Option<Vec<Receipt>>,
}

impl Receipts {
    fn into_batch<T>(
        self,
        read: impl Fn(Receipt) -> Result<T, WireError>,
    ) -> Result<Batch<T>, WireError> {
        Ok(Batch {
            queue_url: required("QueueUrl", self.queue_url)?,
            entries: batch::entries(self.entries, |mut entry| {
                Ok((entry.id.take(), read(entry)?))
            })?,
        })
    }
}

pub(crate) async fn delete(call: Call) -> Result<Value, WireError> {
    let mut receipt: Receipt = parameters(&call.body)?;
    let url = required("QueueUrl", receipt.queue_url.take())?;
    let delete = receipt.into_delete()?;
    call.site
        .engine
        .queues()
        .delete_message(&url, delete)
        .await?;
    Ok(json!({}))
}

pub(crate) async fn delete_batch(call: Call) -> Result<Value, WireError> {
    let receipts: Receipts = parameters(&call.body)?;
    let request = receipts.into_batch(Receipt::into_delete)?;
    let answer = call
        .site
        .engine
        .queues()
        .delete_message_batch(request)
        .await?;
    Ok(batch::answer(answer, |(), _| {}))
}

pub(crate) async fn change(call: Call) -> Result<Value, WireError> {
    let mut receipt: Receipt = parameters(&call.body)?;
    let url = required("QueueUrl", receipt.queue_url.take())?;
    let change = receipt.into_change()?;
    call.site
        .engine
        .queues()
        .change_message_visibility(&url, change)
        .await?;
    Ok(json!({}))
}

pub(crate) async fn change_batch(call: Call) -> Result<Value, WireError> {
    let receipts: Receipts = parameters(&call.body)?;
    let request = receipts.into_batch(Receipt::into_change)?;
    let engine = &call.site.engine;
    let answer = engine
        .queues()
        .change_message_visibility_batch(request)
        .await?;
    Ok(batch::answer(answer, |(), _| {}))
}
