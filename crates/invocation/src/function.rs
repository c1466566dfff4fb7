//! Lambda functions: which stand-in a state names, the event it gets, and what its response means for the
//! workflow. <https://docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html>

use std::collections::BTreeMap;
use std::sync::Arc;

use rampmeter_asl::Payload;
use rampmeter_call::Answer;
use rampmeter_caller::{FunctionCaller, InvokeError};
use rampmeter_store::model::arn::ArnScope;
use rampmeter_store::model::invocation::{Invoked, TaskError};
use serde_json::{Map, Value, json};

/// The header that says that a function failed.
const FUNCTION_ERROR: &str = "x-amz-function-error";

/// One invocation.
#[derive(Debug)]
pub struct FunctionRequest {
    caller: Arc<FunctionCaller>,
    event: Payload,
    form: Form,
}

/// The part of the response that the workflow gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// What the function returned.
    Plain,
    /// The response of Lambda's Invoke.
    Response,
    /// The response of an asynchronous Invoke: whatever the function returns.
    Asynchronous,
}

impl FunctionRequest {
    /// The invocation of a function that a state names by its ARN.
    pub fn by_arn(
        arn: &str,
        event: &Payload,
        functions: &BTreeMap<String, Arc<FunctionCaller>>,
        place: &ArnScope,
    ) -> Result<FunctionRequest, TaskError> {
        Ok(FunctionRequest {
            caller: find(arn, functions, place)?,
            event: event.clone(),
            form: Form::Plain,
        })
    }

    /// The invocation that the parameters of `lambda:invoke` ask for.
    pub fn by_parameters(
        parameters: &Payload,
        functions: &BTreeMap<String, Arc<FunctionCaller>>,
        place: &ArnScope,
    ) -> Result<FunctionRequest, TaskError> {
        let parameters = parameters.value();
        let text = |name: &str| parameters.get(name).and_then(Value::as_str);
        let name = text("FunctionName").ok_or_else(|| {
            TaskError::new(
                "Lambda.InvalidParameterValueException",
                "1 validation error detected: Value null at 'functionName' failed to satisfy \
                 constraint: Member must not be null (Service: Lambda, Status Code: 400)",
            )
        })?;
        let form = match text("InvocationType") {
            Some("Event") => Form::Asynchronous,
            _ => Form::Response,
        };
        let event = parameters.get("Payload").cloned();
        Ok(FunctionRequest {
            caller: find(name, functions, place)?,
            event: Payload::from_value(event.unwrap_or_else(|| json!({}))),
            form,
        })
    }

    pub(super) async fn perform(self) -> Invoked {
        let answer = self.caller.invoke(self.event.text().to_owned()).await;
        interpret(answer, self.form)
    }
}

/// The stand-in for a function that is named by its name, its ARN or a part of that, with or without a version.
fn find(
    name: &str,
    functions: &BTreeMap<String, Arc<FunctionCaller>>,
    place: &ArnScope,
) -> Result<Arc<FunctionCaller>, TaskError> {
    let short = short_name(name);
    functions.get(short).cloned().ok_or_else(|| {
        let arn = if name.starts_with("arn:") {
            name.to_owned()
        } else {
            format!(
                "arn:aws:lambda:{}:{}:function:{short}",
                place.region, place.account
            )
        };
        let request = uuid::Uuid::new_v4();
        TaskError::new(
            "Lambda.ResourceNotFoundException",
            format!(
                "Function not found: {arn} (Service: Lambda, Status Code: 404, Request ID: {request})"
            ),
        )
    })
}

/// `price` of `price`, `price:3`, `000000000000:function:price` and the ARN.
fn short_name(name: &str) -> &str {
    let tail = match name.split_once(":function:") {
        Some((_, tail)) => tail,
        None => name.strip_prefix("function:").unwrap_or(name),
    };
    tail.split(':').next().unwrap_or(tail)
}

/// What a response means.
fn interpret(answer: Result<Answer, InvokeError>, form: Form) -> Invoked {
    let answer = match answer {
        Ok(answer) => answer,
        Err(InvokeError::NotSent(why) | InvokeError::Lost(why)) => {
            return Invoked::Refused(TaskError::new(
                "Lambda.SdkClientException",
                format!("Unable to execute HTTP request: {why}"),
            ));
        }
    };
    if form == Form::Asynchronous && answer.status < 500 {
        return Invoked::Done(json!({ "Payload": "", "StatusCode": 202 }));
    }
    if answer.truncated {
        return Invoked::Failed(TaskError::new(
            "States.DataLimitExceeded",
            "The function returned a result with a size exceeding the maximum number of bytes service limit.",
        ));
    }
    if is_function_error(&answer) {
        return Invoked::Failed(function_error(&answer));
    }
    if !(200..300).contains(&answer.status) {
        return Invoked::Refused(service_error(&answer));
    }
    match form {
        Form::Plain => Invoked::Done(returned(answer)),
        _ => Invoked::Done(response(answer)),
    }
}

/// Lambda reports it in a header. Its runtime emulator, and with it most local stand-ins, reports it only in the
/// body.
fn is_function_error(answer: &Answer) -> bool {
    let has = |name: &str| answer.body.get(name).is_some_and(Value::is_string);
    answer.header(FUNCTION_ERROR).is_some() || (has("errorType") && has("errorMessage"))
}

/// The name that the function gave its error; the cause is everything that it returned.
fn function_error(answer: &Answer) -> TaskError {
    let said = answer.body.to_string();
    match answer.body.get("errorType").and_then(Value::as_str) {
        Some(name) if !name.is_empty() => TaskError::new(name, said),
        _ => TaskError::new(
            "Lambda.Unknown",
            format!(
                "The cause could not be determined because Lambda did not return an error type. Returned payload: {said}"
            ),
        ),
    }
}

/// The stand-in itself did not run the function.
fn service_error(answer: &Answer) -> TaskError {
    let name = match answer.status {
        404 => "ResourceNotFoundException",
        429 => "TooManyRequestsException",
        500.. => "ServiceException",
        _ => "AWSLambdaException",
    };
    let said = match &answer.body {
        Value::String(text) => text.clone(),
        body => body.to_string(),
    };
    TaskError::new(
        format!("Lambda.{name}"),
        format!("{said} (Service: Lambda, Status Code: {})", answer.status),
    )
}

/// A function that returns nothing returns null.
fn returned(answer: Answer) -> Value {
    match answer.body {
        Value::String(text) if text.is_empty() => Value::Null,
        body => body,
    }
}

fn response(answer: Answer) -> Value {
    let status = answer.status;
    let mut all: Map<String, Value> = Map::new();
    let mut first: Map<String, Value> = Map::new();
    for (name, value) in &answer.headers {
        first.entry(name.clone()).or_insert_with(|| json!(value));
        if let Value::Array(values) = all.entry(name.clone()).or_insert_with(|| json!([])) {
            values.push(json!(value));
        }
    }
    let version = answer.header("x-amz-executed-version").unwrap_or("$LATEST");
    let request = answer
        .header("x-amzn-requestid")
        .map_or_else(|| uuid::Uuid::new_v4().to_string(), str::to_owned);
    json!({
        "ExecutedVersion": version,
        "SdkHttpMetadata": { "AllHttpHeaders": all, "HttpHeaders": first, "HttpStatusCode": status },
        "SdkResponseMetadata": { "RequestId": request },
        "StatusCode": status,
        "Payload": returned(answer),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, headers: &[(&str, &str)], body: Value) -> Result<Answer, InvokeError> {
        Ok(Answer {
            status,
            status_text: String::new(),
            headers: headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            body,
            ..Answer::default()
        })
    }

    fn error(invoked: Invoked) -> String {
        match invoked {
            Invoked::Refused(error) | Invoked::Failed(error) => error.error,
            Invoked::Done(value) => panic!("it did not fail: {value}"),
        }
    }

    #[test]
    fn a_function_is_named_in_every_form_that_lambda_takes() {
        for name in [
            "price",
            "price:3",
            "function:price",
            "000000000000:function:price",
            "arn:aws:lambda:eu-west-1:000000000000:function:price",
            "arn:aws:lambda:eu-west-1:000000000000:function:price:live",
        ] {
            assert_eq!(short_name(name), "price", "{name}");
        }
    }

    #[test]
    fn a_state_that_names_the_function_gets_what_it_returned() {
        let done = |body| interpret(answer(200, &[], body), Form::Plain);
        assert_eq!(done(json!({"a": 1})), Invoked::Done(json!({"a": 1})));
        assert_eq!(done(json!("")), Invoked::Done(Value::Null));
    }

    #[test]
    fn an_invoke_gets_the_response_of_lambda() {
        let Invoked::Done(response) =
            interpret(answer(200, &[("a", "1")], json!(5)), Form::Response)
        else {
            panic!("it is done");
        };
        assert_eq!(response["Payload"], 5);
        assert_eq!(response["StatusCode"], 200);
        assert_eq!(response["ExecutedVersion"], "$LATEST");
        assert_eq!(response["SdkHttpMetadata"]["HttpHeaders"]["a"], "1");
    }

    #[test]
    fn a_function_s_error_has_the_name_that_the_function_gave_it() {
        let body = json!({"errorMessage": "no such sku", "errorType": "ValueError"});
        for headers in [&[(FUNCTION_ERROR, "Unhandled")][..], &[]] {
            let failed = interpret(answer(200, headers, body.clone()), Form::Response);
            let expected = TaskError::new("ValueError", body.to_string());
            assert_eq!(failed, Invoked::Failed(expected));
        }
        let nameless = answer(200, &[(FUNCTION_ERROR, "Unhandled")], json!(null));
        assert_eq!(error(interpret(nameless, Form::Plain)), "Lambda.Unknown");
    }

    #[test]
    fn a_stand_in_that_does_not_run_the_function_is_an_error_of_lambda() {
        for (status, name) in [
            (404, "Lambda.ResourceNotFoundException"),
            (429, "Lambda.TooManyRequestsException"),
            (503, "Lambda.ServiceException"),
            (302, "Lambda.AWSLambdaException"),
        ] {
            let refused = interpret(answer(status, &[], json!("no")), Form::Plain);
            assert_eq!(error(refused), name);
        }
        let away = interpret(Err(InvokeError::NotSent("refused".to_owned())), Form::Plain);
        assert_eq!(error(away), "Lambda.SdkClientException");
    }

    #[test]
    fn an_asynchronous_invoke_does_not_look_at_the_result() {
        let body = json!({"errorMessage": "no", "errorType": "E"});
        let Invoked::Done(response) = interpret(answer(200, &[], body), Form::Asynchronous) else {
            panic!("it is done");
        };
        assert_eq!(response["StatusCode"], 202);
    }
}
