//! A client of the AWS port that gives the test everything: status, headers and body.

use std::sync::Once;

use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use crate::process::eventually;

static PROVIDER: Once = Once::new();

/// Speaks AWS JSON 1.0 to one server.
#[derive(Debug, Clone)]
pub(crate) struct Aws {
    pub(crate) http: reqwest::Client,
    pub(crate) url: String,
}

/// One answer.
#[derive(Debug)]
pub(crate) struct WireResponse {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl WireResponse {
    /// The exception's name without the namespace.
    pub(crate) fn error(&self) -> &str {
        let name = self.body["__type"].as_str().unwrap_or_default();
        name.rsplit('#').next().unwrap_or(name)
    }

    pub(crate) fn message(&self) -> &str {
        self.body["message"].as_str().unwrap_or_default()
    }

    pub(crate) async fn read(response: reqwest::Response) -> Self {
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let text = response.text().await.expect("a body");
        let body = serde_json::from_str(&text)
            .unwrap_or_else(|_| panic!("every answer is JSON, not {text:?}"));
        Self {
            status,
            headers,
            body,
        }
    }
}

impl Aws {
    pub(crate) fn new(url: &str) -> Self {
        PROVIDER.call_once(|| {
            let _ = rustls::crypto::ring::default_provider().install_default();
        });
        let http = reqwest::Client::builder()
            .no_proxy()
            .build()
            .expect("a client");
        Self {
            http,
            url: url.to_owned(),
        }
    }

    /// Sends one request to an operation such as `AWSStepFunctions.StartExecution`.
    pub(crate) async fn call(&self, operation: &str, input: Value) -> WireResponse {
        let request = self
            .http
            .post(format!("{}/", self.url))
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-target", operation)
            .body(input.to_string());
        WireResponse::read(request.send().await.expect("an answer")).await
    }

    /// Calls an operation of Step Functions.
    pub(crate) async fn states(&self, operation: &str, input: Value) -> WireResponse {
        self.call(&format!("AWSStepFunctions.{operation}"), input)
            .await
    }

    /// Calls an operation of Step Functions that must succeed.
    pub(crate) async fn must(&self, operation: &str, input: Value) -> Value {
        let answer = self.states(operation, input).await;
        assert_eq!(answer.status, 200, "{operation}: {}", answer.body);
        answer.body
    }

    /// Starts an execution and returns its ARN.
    pub(crate) async fn start(&self, workflow: &str, name: &str, input: Value) -> String {
        let input = json!({
            "stateMachineArn": machine_arn(workflow), "name": name, "input": input.to_string(),
        });
        let started = self.must("StartExecution", input).await;
        started["executionArn"].as_str().expect("an ARN").to_owned()
    }

    /// The description of an execution once it has ended.
    pub(crate) async fn ended(&self, execution_arn: &str) -> Value {
        eventually("the execution ends", async || {
            let input = json!({ "executionArn": execution_arn });
            let description = self.must("DescribeExecution", input).await;
            (description["status"] != "RUNNING").then_some(description)
        })
        .await
    }

    /// The events of an execution.
    pub(crate) async fn history(&self, execution_arn: &str) -> Vec<Value> {
        let input = json!({ "executionArn": execution_arn });
        let page = self.must("GetExecutionHistory", input).await;
        page["events"].as_array().expect("a list").clone()
    }

    /// The task token that the workflow handed out, from the parameters of its task.
    pub(crate) async fn task_token(&self, execution_arn: &str) -> String {
        let events = self.history(execution_arn).await;
        let parameters = events
            .iter()
            .find_map(|event| event["taskScheduledEventDetails"]["parameters"].as_str())
            .expect("a scheduled task");
        let parameters: Value = serde_json::from_str(parameters).expect("JSON");
        parameters["MessageBody"]["TaskToken"]
            .as_str()
            .expect("a task token")
            .to_owned()
    }
}

pub(crate) fn machine_arn(workflow: &str) -> String {
    format!("arn:aws:states:us-east-1:000000000000:stateMachine:{workflow}")
}

pub(crate) fn execution_arn(workflow: &str, name: &str) -> String {
    format!("arn:aws:states:us-east-1:000000000000:execution:{workflow}:{name}")
}
