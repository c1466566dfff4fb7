//! GetExecutionHistory. The shape of an event belongs to the interpreter, which knows its details.

use rampmeter_engine::GetExecutionHistory;
use serde::Deserialize;
use serde_json::Value;

use super::constraint::Constraints;
use super::execution::{MAX_ARN_CHARS, MAX_PAGE_TOKEN_CHARS, page_json};
use crate::operation::Call;
use crate::protocol::error::WireError;
use crate::protocol::json::parameters;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Get {
    execution_arn: Option<String>,
    max_results: Option<i64>,
    reverse_order: Option<bool>,
    next_token: Option<String>,
    include_execution_data: Option<bool>,
}

pub(crate) async fn get(call: Call) -> Result<Value, WireError> {
    let get: Get = parameters(&call.body)?;
    let mut constraints = Constraints::new();
    constraints.required(
        "executionArn",
        get.execution_arn.as_deref(),
        1..=MAX_ARN_CHARS,
    );
    constraints.optional(
        "nextToken",
        get.next_token.as_deref(),
        1..=MAX_PAGE_TOKEN_CHARS,
    );
    let max_results = constraints.max_results(get.max_results);
    constraints.check()?;
    let page = call
        .site
        .engine
        .executions()
        .execution_history(GetExecutionHistory {
            execution_arn: get.execution_arn.unwrap_or_default(),
            max_results,
            next_token: get.next_token,
            reverse_order: get.reverse_order.unwrap_or(false),
        })
        .await?;
    let with_data = get.include_execution_data.unwrap_or(true);
    let events = page
        .items
        .iter()
        .map(|event| event.to_history_event(with_data))
        .collect();
    Ok(page_json("events", events, page.next_token))
}
