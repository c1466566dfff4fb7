//! TestState: runs one state alone. `rampmeter_asl` decides what it does; here its request is read and its response
//! written. <https://docs.aws.amazon.com/step-functions/latest/apireference/API_TestState.html>

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rampmeter_asl::{
    Configuration, FieldValidation, Inspection, Mock, MockError, Refusal, Setting, TestState,
    TestStatus, Tested, test_state,
};
use rampmeter_engine::{Rejected, diagnosis};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::constraint::Constraints;
use super::execution::{MAX_ARN_CHARS, MAX_CAUSE_CHARS, MAX_ERROR_CHARS, MAX_PAYLOAD_BYTES};
use super::machine::MAX_DEFINITION_BYTES;
use crate::operation::{Call, aside};
use crate::protocol::error::WireError;
use crate::protocol::json::parameters;

/// Characters of the name of a state.
const MAX_STATE_NAME_CHARS: usize = 80;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Test {
    definition: Option<String>,
    role_arn: Option<String>,
    input: Option<String>,
    inspection_level: Option<String>,
    reveal_secrets: Option<bool>,
    variables: Option<String>,
    state_name: Option<String>,
    mock: Option<Mocked>,
    context: Option<String>,
    #[serde(default)]
    state_configuration: Configured,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Mocked {
    result: Option<String>,
    error_output: Option<ErrorOutput>,
    field_validation_mode: Option<String>,
}

#[derive(Debug, Deserialize)]
struct ErrorOutput {
    error: Option<String>,
    cause: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Configured {
    retrier_retry_count: Option<i64>,
    error_caused_by_state: Option<String>,
    map_iteration_failure_count: Option<i64>,
    map_item_reader_data: Option<String>,
}

pub(crate) async fn test(call: Call) -> Result<Value, WireError> {
    let test: Test = parameters(&call.body)?;
    let with_inspection = check(&test)?;
    let site = Arc::clone(&call.site);
    let tested = aside(move || run(test, &site.region, &site.account)).await??;
    if tested.waits > 0 {
        // A Wait state waits in a test too, at most for the five minutes that a test may take.
        tokio::time::sleep(Duration::from_millis(tested.waits.unsigned_abs())).await;
    }
    Ok(answer(tested, with_inspection))
}

/// Checks the form of a request, and returns whether it asks for inspection data.
fn check(test: &Test) -> Result<bool, WireError> {
    let mut constraints = Constraints::new();
    let definition = test.definition.as_deref();
    constraints.required_secret("definition", definition, 1..=MAX_DEFINITION_BYTES);
    constraints.optional("roleArn", test.role_arn.as_deref(), 1..=MAX_ARN_CHARS);
    constraints.optional_secret("input", test.input.as_deref(), 0..=MAX_PAYLOAD_BYTES);
    constraints.optional_secret(
        "variables",
        test.variables.as_deref(),
        0..=MAX_PAYLOAD_BYTES,
    );
    constraints.optional_secret("context", test.context.as_deref(), 0..=MAX_PAYLOAD_BYTES);
    let name = test.state_name.as_deref();
    constraints.optional_secret("stateName", name, 1..=MAX_STATE_NAME_CHARS);
    constraints.one_of(
        "inspectionLevel",
        test.inspection_level.as_deref(),
        &["INFO", "DEBUG", "TRACE"],
    );
    if let Some(mock) = &test.mock {
        constraints.optional_secret("mock.result", mock.result.as_deref(), 0..=MAX_PAYLOAD_BYTES);
        constraints.one_of(
            "mock.fieldValidationMode",
            mock.field_validation_mode.as_deref(),
            &["STRICT", "PRESENT", "NONE"],
        );
        if let Some(ErrorOutput { error, cause }) = &mock.error_output {
            let member = "mock.errorOutput.error";
            constraints.optional_secret(member, error.as_deref(), 0..=MAX_ERROR_CHARS);
            let member = "mock.errorOutput.cause";
            constraints.optional_secret(member, cause.as_deref(), 0..=MAX_CAUSE_CHARS);
        }
    }
    let configured = &test.state_configuration;
    let member = "stateConfiguration.retrierRetryCount";
    constraints.at_least(member, configured.retrier_retry_count, 0);
    let member = "stateConfiguration.mapIterationFailureCount";
    constraints.at_least(member, configured.map_iteration_failure_count, 0);
    let member = "stateConfiguration.errorCausedByState";
    let name = configured.error_caused_by_state.as_deref();
    constraints.optional_secret(member, name, 1..=MAX_STATE_NAME_CHARS);
    let member = "stateConfiguration.mapItemReaderData";
    let data = configured.map_item_reader_data.as_deref();
    constraints.optional_secret(member, data, 0..=MAX_PAYLOAD_BYTES);
    constraints.check()?;
    Ok(matches!(
        test.inspection_level.as_deref(),
        Some("DEBUG" | "TRACE")
    ))
}

/// Runs a test as if it were an Express execution with names of its own, as AWS does.
fn run(test: Test, region: &str, account: &str) -> Result<Tested, WireError> {
    let (machine, execution) = (Uuid::new_v4().to_string(), Uuid::new_v4().to_string());
    let task_token = Uuid::new_v4().to_string();
    let mut setting = Setting {
        now: Timestamp::now().as_millisecond(),
        region,
        execution_arn: &format!("arn:aws:states:{region}:{account}:express:{machine}:{execution}"),
        execution_name: &execution,
        machine_arn: &format!("arn:aws:states:{region}:{account}:stateMachine:{machine}"),
        machine_name: &machine,
        role_arn: test.role_arn.as_deref(),
        task_token: &task_token,
        random: &mut || Uuid::new_v4().as_u64_pair().1 ^ Uuid::new_v4().as_u64_pair().0,
    };
    let at_most = |count: i64| u32::try_from(count).unwrap_or(u32::MAX);
    let configured = test.state_configuration;
    let request = TestState {
        definition: test.definition.unwrap_or_default(),
        state_name: test.state_name,
        input: test.input,
        variables: test.variables,
        context: test.context,
        mock: test.mock.map(mock),
        reveals_secrets: test.reveal_secrets == Some(true),
        configuration: Configuration {
            retrier_retry_count: configured.retrier_retry_count.map(at_most),
            error_caused_by_state: configured.error_caused_by_state,
            map_iteration_failure_count: configured.map_iteration_failure_count.map(at_most),
            map_item_reader_data: configured.map_item_reader_data,
        },
    };
    test_state(&request, &mut setting).map_err(refused)
}

fn mock(mocked: Mocked) -> Mock {
    Mock {
        result: mocked.result,
        error: mocked.error_output.map(|output| MockError {
            error: output.error,
            cause: output.cause,
        }),
        validation: match mocked.field_validation_mode.as_deref() {
            Some("PRESENT") => FieldValidation::Present,
            Some("NONE") => FieldValidation::None,
            _ => FieldValidation::Strict,
        },
    }
}

fn refused(refusal: Refusal) -> WireError {
    match refusal {
        Refusal::Validation(message) => WireError::new("ValidationException", message),
        Refusal::Unsupported(message) => WireError::new("InvalidDefinition", message),
        Refusal::InvalidDefinition(problems) => {
            Rejected::InvalidDefinition(diagnosis(&problems)).into()
        }
        Refusal::InvalidInput(why) => Rejected::InvalidExecutionInput(why).into(),
    }
}

fn answer(tested: Tested, with_inspection: bool) -> Value {
    let mut answer = Map::new();
    let mut tell = |member: &str, value: Option<Value>| {
        if let Some(value) = value {
            answer.insert(member.to_owned(), value);
        }
    };
    let output = tested.output.map(|output| json!(output.text()));
    tell("output", output);
    if tested.status != TestStatus::Succeeded {
        tell("error", tested.error.map(Value::String));
        tell("cause", tested.cause.map(Value::String));
    }
    tell("status", Some(json!(tested.status.as_str())));
    tell("nextState", tested.next_state.map(Value::String));
    let inspection = with_inspection.then(|| inspection_json(&tested.inspection));
    tell("inspectionData", inspection);
    Value::Object(answer)
}

fn inspection_json(inspection: &Inspection) -> Value {
    let mut data = Map::new();
    data.insert("input".to_owned(), json!(inspection.input.text()));
    for (stage, payload) in &inspection.stages {
        data.insert(stage.field().to_owned(), json!(payload.text()));
    }
    let tolerance = &inspection.tolerance;
    let amounts = [
        (
            "maxConcurrency",
            inspection.max_concurrency.map(Value::from),
        ),
        ("toleratedFailureCount", tolerance.count.map(Value::from)),
        (
            "toleratedFailurePercentage",
            tolerance.percentage.map(Value::from),
        ),
    ];
    for (name, amount) in amounts {
        if let Some(amount) = amount {
            data.insert(name.to_owned(), amount);
        }
    }
    if let Some(variables) = &inspection.variables {
        data.insert("variables".to_owned(), json!(variables.text()));
    }
    let details = [
        ("catchIndex", inspection.catch_index.map(Value::from)),
        ("retryIndex", inspection.retry_index.map(Value::from)),
        (
            "retryBackoffIntervalSeconds",
            inspection.retry_backoff_seconds.map(Value::from),
        ),
    ];
    let details: Map<String, Value> = details
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect();
    if !details.is_empty() {
        data.insert("errorDetails".to_owned(), Value::Object(details));
    }
    Value::Object(data)
}
