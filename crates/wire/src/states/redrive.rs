//! RedriveExecution.

use rampmeter_engine::RedriveExecution;
use serde::Deserialize;
use serde_json::{Value, json};

use super::constraint::Constraints;
use super::execution::MAX_ARN_CHARS;
use crate::operation::Call;
use crate::protocol::error::WireError;
use crate::protocol::json::{date, parameters};

/// Longest client token that AWS's model accepts.
const MAX_CLIENT_TOKEN_CHARS: usize = 64;

/// Whether a text has only ASCII characters, without blanks and control characters.
fn is_graphic(text: &str) -> bool {
    text.bytes().all(|letter| letter.is_ascii_graphic())
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Redrive {
    execution_arn: Option<String>,
    client_token: Option<String>,
}

pub(crate) async fn redrive(call: Call) -> Result<Value, WireError> {
    let redrive: Redrive = parameters(&call.body)?;
    let mut constraints = Constraints::new();
    let arn = redrive.execution_arn.as_deref();
    constraints.required("executionArn", arn, 1..=MAX_ARN_CHARS);
    let client_token = redrive.client_token.as_deref();
    constraints.optional("clientToken", client_token, 1..=MAX_CLIENT_TOKEN_CHARS);
    let not_empty = client_token.filter(|token| !token.is_empty());
    constraints.pattern("clientToken", not_empty, "[!-~]+", is_graphic);
    constraints.check()?;
    let request = RedriveExecution {
        execution_arn: redrive.execution_arn.unwrap_or_default(),
        client_token: redrive.client_token,
        bulk: None,
    };
    let redriven_at = call
        .site
        .engine
        .executions()
        .redrive_execution(request)
        .await?;
    Ok(json!({ "redriveDate": date(redriven_at) }))
}
