//! The body of a message: in its own row, or in the step that sent it.

use std::borrow::Cow;

use rampmeter_asl::{Payload, record};
use rampmeter_call::http_task;
use serde_json::Value;

use crate::error::StoreError;
use crate::queue::message::MessageRow;
use crate::tables::ExecutionTables;

/// The body of a message, from its own row or from the step that sent it.
pub fn message_body(
    executions: ExecutionTables<'_>,
    message: &MessageRow,
) -> Result<String, StoreError> {
    if let Some(body) = &message.body {
        return Ok(body.clone());
    }
    let missing = || StoreError::damaged(format!("message {} has no body", message.id.0));
    let parameters = message_parameters(executions, message)?.ok_or_else(missing)?;
    match parameters.value().get("MessageBody") {
        Some(body) => Ok(body_text(body).into_owned()),
        None => match http_task::call_of(parameters.value()) {
            Ok(call) => Ok(call.to_string()),
            Err(_) => Err(missing()),
        },
    }
}

/// The parameters of the task that sent a message, while they hold its body.
pub fn message_parameters(
    executions: ExecutionTables<'_>,
    message: &MessageRow,
) -> Result<Option<Payload>, StoreError> {
    let Some((step, payload)) = message.stored else {
        return Ok(None);
    };
    let data = executions.step_data(step)?;
    let parameters = record::decode_payload(&data, payload)
        .map_err(|error| StoreError::damaged(format!("step {}: {error}", step.0)))?;
    Ok(Some(parameters))
}

/// The text of a MessageBody: AWS sends an object as its JSON.
pub fn body_text(body: &Value) -> Cow<'_, str> {
    match body {
        Value::String(text) => Cow::Borrowed(text),
        value => Cow::Owned(value.to_string()),
    }
}
