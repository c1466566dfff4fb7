//! StartSyncExecution: an execution of an EXPRESS state machine, with its end as the response. SDKs send it to a host
//! whose name begins with `sync-`, unless they are told not to.
//! <https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartSyncExecution.html>

use rampmeter_engine::{StartExecution, SyncExecution};
use serde::Deserialize;
use serde_json::{Value, json};

use super::constraint::Constraints;
use super::execution::{
    MAX_ARN_CHARS, MAX_NAME_CHARS, MAX_PAYLOAD_BYTES, included_data, trace_header,
};
use crate::operation::Call;
use crate::protocol::error::WireError;
use crate::protocol::json::{date, parameters};

/// AWS bills by steps of this many milliseconds, and of this much memory, in megabytes.
const BILLED_MILLISECONDS: u64 = 100;
const BILLED_MEGABYTES: i64 = 64;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Start {
    state_machine_arn: Option<String>,
    name: Option<String>,
    input: Option<String>,
    trace_header: Option<String>,
    included_data: Option<String>,
}

pub(crate) async fn start(call: Call) -> Result<Value, WireError> {
    let start: Start = parameters(&call.body)?;
    let mut constraints = Constraints::new();
    let arn = start.state_machine_arn.as_deref();
    constraints.required("stateMachineArn", arn, 1..=MAX_ARN_CHARS);
    constraints.optional("name", start.name.as_deref(), 1..=MAX_NAME_CHARS);
    constraints.optional_secret("input", start.input.as_deref(), 0..=MAX_PAYLOAD_BYTES);
    trace_header(&mut constraints, start.trace_header.as_deref());
    let with_data = included_data(&mut constraints, start.included_data.as_deref());
    constraints.check()?;
    let ended = call
        .site
        .engine
        .executions()
        .start_sync_execution(StartExecution {
            state_machine_arn: start.state_machine_arn.unwrap_or_default(),
            name: start.name,
            input: start.input.unwrap_or_else(|| "{}".to_owned()),
        })
        .await?;
    Ok(answer(ended, with_data))
}

fn answer(ended: SyncExecution, with_data: bool) -> Value {
    let lasted = ended.stop_date.saturating_since(ended.start_date);
    let lasted = u64::try_from(lasted.as_millis()).unwrap_or(u64::MAX).max(1);
    let steps = lasted.div_ceil(BILLED_MILLISECONDS);
    let mut answer = json!({
        "executionArn": ended.execution_arn,
        "stateMachineArn": ended.state_machine_arn,
        "name": ended.name,
        "startDate": date(ended.start_date),
        "stopDate": date(ended.stop_date),
        "status": ended.status.as_str(),
        "inputDetails": { "included": with_data },
        "outputDetails": { "included": with_data },
        "billingDetails": {
            "billedDurationInMilliseconds": steps * BILLED_MILLISECONDS,
            "billedMemoryUsedInMB": BILLED_MEGABYTES,
        },
    });
    let data = |text: Option<String>| text.filter(|_| with_data);
    for (member, text) in [
        ("input", data(Some(ended.input))),
        ("output", data(ended.output)),
        ("error", ended.error),
        ("cause", ended.cause),
    ] {
        if let Some(text) = text {
            answer[member] = Value::from(text);
        }
    }
    answer
}
